"""How the OpenAPI schema says what all views have in common: ids in paths, answers, problems."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc
from rest_framework.permissions import AllowAny

from core.api.serializers import Problem

Operation = dict[str, Any]
Endpoint = tuple[str, str, str, Any]

ID_IN_PATH = "A number, or `ext:<external id>`."
PROBLEMS = {
    "400": "Something in the request is wrong; `errors` says what.",
    "401": "Nobody is known by what was sent.",
    "403": "Whoever asks may not do this.",
    "404": "There is no such thing.",
    "406": "It cannot be answered in a form that the Accept header allows.",
    "409": "It is in use, or somebody changed it at this moment.",
    "413": "The body is too long, or holds too much.",
    "415": "The body is of a kind that is not read here.",
    "422": "The Idempotency-Key came before, with another body.",
    "429": "Asked too often; `Retry-After` says in how many seconds to come back.",
    "503": "The database cannot answer now; `Retry-After` says in how many seconds to ask again.",
}
# On all answers, and told where one looks for them.
LIMITS = {
    name: {"schema": {"type": "integer"}, "description": told}
    for name, told in (
        ("Retry-After", "In how many seconds to come back."),
        ("RateLimit-Limit", "How many requests there may be in a window."),
        ("RateLimit-Remaining", "How many are left in this one."),
        ("RateLimit-Reset", "In how many seconds the next one begins."),
    )
}
_CHALLENGE = {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "How one shows who one is."}}
_PLACE = {"Location": {"schema": {"type": "string"}, "description": "Where the new row is."}}
_AGAIN = {"Retry-After": LIMITS["Retry-After"]}
HEADERS = {"401": _CHALLENGE, "429": LIMITS, "503": _AGAIN}


def without_slash(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Return the endpoints with each path in its short form; both forms answer."""
    return [(path.rstrip("/") or "/", regex, method, view) for path, regex, method, view in endpoints]


def _say_conditional(operation: Operation) -> None:
    """Add what is sent and answered where an answer has an ETag."""
    text = {"type": "string"}
    etag = {"ETag": {"schema": text, "description": "Changes with the body; for `If-None-Match`."}}
    operation["responses"]["200"]["headers"] = etag
    operation["responses"]["304"] = {
        "description": "What the caller has is still right. There is no body.",
        "headers": etag,
    }
    operation.setdefault("parameters", []).append(
        {
            "in": "header",
            "name": "If-None-Match",
            "schema": text,
            "description": "ETags of what the caller has, by comma, or `*`; 304 if one still holds.",
        }
    )


class ApiSchema(AutoSchema):
    def get_operation(self, *args: Any, **kwargs: Any) -> Operation | None:
        operation: Operation | None = super().get_operation(*args, **kwargs)
        if operation:
            operation["responses"].update(self._problems())
            if getattr(self.view, "row_class", None) and "201" in operation["responses"]:
                operation["responses"]["201"]["headers"] = _PLACE
            if getattr(self.view, "action", None) in getattr(self.view, "conditional", ()):
                _say_conditional(operation)
        return operation

    def get_description(self) -> str:  # type: ignore[override]
        """Return what the action does, and what all actions of its viewset share."""
        told = [
            get_doc(getattr(self.view, getattr(self.view, "action", "") or "", None)),
            get_doc(type(self.view)),
        ]
        return "\n\n".join(filter(None, told)) if told[0] else super().get_description()

    def get_response_serializers(self) -> Any:
        """Return what a viewset's `row_class` says of each of its actions."""
        row = getattr(self.view, "row_class", None)
        if row is None:
            return super().get_response_serializers()
        if self.method == "DELETE":
            return {204: None}
        if self.method == "PUT" and "external_id" in row().fields:
            return {200: row, 201: row}
        return {201 if self.method == "POST" else 200: row}

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "in": "path",
                "name": name,
                "required": True,
                "schema": {"type": "string"},
                "description": getattr(self.view, "id_in_path", ID_IN_PATH),
            }
            for name in variables
        ]

    def _map_basic_serializer(self, serializer: Any, direction: str) -> dict[str, Any]:
        """Return the serializer's schema; of what is sent it says that there may be nothing else."""
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        return {**schema, "additionalProperties": False} if direction == "request" else schema

    def _problems(self) -> dict[str, Any]:
        """Return every problem that the call may answer with; but for these it has none of its own."""
        content = {"application/problem+json": {"schema": self.resolve_serializer(Problem, "response").ref}}
        codes = {"406", "503", *getattr(self.view, "also_answers", ())}
        if not any(isinstance(permission, AllowAny) for permission in self.view.get_permissions()):
            codes |= {"400", "401", "403"}
        if getattr(self.view, "takes_credentials", False):
            codes |= {"400", "401"}
        if "{" in self.path or "page" in getattr(self.view, "known_parameters", set)():
            codes.add("404")
        if self.method in ("POST", "PUT", "PATCH", "DELETE"):
            codes.add("409")
        if hasattr(self.view, "throttle_scopes"):
            codes.add("429")
        if self.method in ("POST", "PUT", "PATCH"):
            codes |= {"413", "415"}
        return {
            code: {
                "description": PROBLEMS[code],
                "content": content,
                **({"headers": HEADERS[code]} if code in HEADERS else {}),
            }
            for code in sorted(codes)
        }
