"""OpenAPI schema of what all views share: ids in paths, conditional requests, headers and errors."""

import re
from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, get_doc
from rest_framework.permissions import AllowAny

from core.api.serializers import Problem

Operation = dict[str, Any]
Endpoint = tuple[str, str, str, Any]

ID_IN_PATH = "The numeric id, or `ext:<external id>`."
# The one schema of ids that callers send. Bodies may hold numbers, too; it is one type since generated
# clients lose the values of a union.
ID = {
    "type": "string",
    "pattern": "^([0-9]+|ext:.+)$",
    "description": f"{ID_IN_PATH} In bodies, the number itself is accepted, too.",
    "example": "ext:2383",
}
PROBLEMS = {
    "400": "The request is invalid; `errors` lists each problem.",
    "401": "Credentials are missing or invalid.",
    "403": "The caller does not have permission.",
    "404": "The resource does not exist.",
    "406": "No response format matches the Accept header.",
    "408": "The body did not arrive in time.",
    "409": "The resource is in use, was changed at the same time, or has the `event_id` with other content.",
    "411": "The body has no Content-Length.",
    "413": "The body is too large, or holds too many items.",
    "415": "The Content-Type of the body is not supported.",
    "422": "The Idempotency-Key was used before with a different body.",
    "429": "Too many requests; retry after `Retry-After` seconds.",
    "503": "The database is unavailable, or no room for the body; retry after `Retry-After` seconds.",
}
# Every response has the RateLimit headers; the schema lists them with the 429 responses.
LIMITS = {
    name: {"schema": {"type": "integer"}, "description": description}
    for name, description in (
        ("Retry-After", "The number of seconds to wait before the next request."),
        ("RateLimit-Limit", "The number of requests allowed per window."),
        ("RateLimit-Remaining", "The number of requests left in the current window."),
        (
            "RateLimit-Reset",
            "The number of seconds until more requests are allowed.",
        ),
    )
}
_CHALLENGE = {
    "WWW-Authenticate": {"schema": {"type": "string"}, "description": "The accepted authentication scheme."}
}
_LOCATION = {"Location": {"schema": {"type": "string"}, "description": "The URL of the new resource."}}
_RETRY_AFTER = {"Retry-After": LIMITS["Retry-After"]}
HEADERS = {"401": _CHALLENGE, "429": LIMITS, "503": _RETRY_AFTER}


def without_slash(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Return the endpoints with their paths without the trailing slash; both forms are served."""
    return [(path.rstrip("/") or "/", regex, method, view) for path, regex, method, view in endpoints]


def _add_conditional(operation: Operation) -> None:
    """Add If-None-Match, ETag and the 304 response to the operation."""
    text = {"type": "string"}
    etag = {"ETag": {"schema": text, "description": "Identifies this version; send it in `If-None-Match`."}}
    operation["responses"]["200"]["headers"] = etag
    operation["responses"]["304"] = {
        "description": "The client's copy is current. The response has no body.",
        "headers": etag,
    }
    operation.setdefault("parameters", []).append(
        {
            "in": "header",
            "name": "If-None-Match",
            "schema": text,
            "description": "ETags of the client's copies, comma-separated, or `*`; 304 if one is current.",
        }
    )


class IdField(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Ids in bodies refer to the component `Id`."""

    target_class = "core.api.serializers.Reference"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, str]:
        reference: dict[str, str] = auto_schema.id_reference()
        return reference


class ApiSchema(AutoSchema):
    """Schema of a view.

    The view may have `tags`; `operation_ids`, by action; `id_in_path`, the description of an id in its path
    that is not an `Id`; `example_ids`, by action, "" for others; and `body_examples`, by action, "" for a
    view without actions. The examples are of rows of the demo shop.
    """

    def get_tags(self) -> list[str]:
        return getattr(self.view, "tags", None) or super().get_tags()

    def get_operation_id(self) -> str:
        """Return the name of the method of generated clients."""
        ids: dict[str, str] = getattr(self.view, "operation_ids", {})
        return ids.get(getattr(self.view, "action", "")) or super().get_operation_id()

    def get_summary(self) -> str | None:
        """Return the first sentence of the action's docstring."""
        text = self._own_doc() or get_doc(getattr(self.view, self.method.lower(), None))
        return re.split(r"(?<=[.])\s", text)[0].strip().rstrip(".") or None

    def get_operation(self, *args: Any, **kwargs: Any) -> Operation | None:
        operation: Operation | None = super().get_operation(*args, **kwargs)
        if operation:
            operation["responses"].update(self._problems())
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
                self._add_example(operation["requestBody"]["content"]["application/json"])
            if getattr(self.view, "row_class", None) and "201" in operation["responses"]:
                operation["responses"]["201"]["headers"] = _LOCATION
            if getattr(self.view, "action", None) in getattr(self.view, "conditional", ()):
                _add_conditional(operation)
        return operation

    def _add_example(self, media: dict[str, Any]) -> None:
        examples: dict[str, Any] = getattr(self.view, "body_examples", {})
        example = examples.get(getattr(self.view, "action", ""))
        if example is not None:
            media["example"] = example

    def get_description(self) -> str:  # type: ignore[override]
        """Return the docstring of the action, followed by that of its viewset."""
        docs = [self._own_doc(), get_doc(type(self.view))]
        return "\n\n".join(filter(None, docs)) if docs[0] else super().get_description()

    def _own_doc(self) -> str:
        """Return the docstring of the action, which says what the objects of its viewset are."""
        text = get_doc(getattr(self.view, getattr(self.view, "action", "") or "", None))
        what = getattr(self.view, "what", "object")
        return text.replace("an object", f"a {what}").replace("one object", f"one {what}")

    def get_response_serializers(self) -> Any:
        """Return the response serializers by status, from the viewset's `row_class` if it has one."""
        row = getattr(self.view, "row_class", None)
        if row is None:
            return super().get_response_serializers()
        if self.method == "DELETE":
            return {204: None}
        if self.method == "PUT" and "external_id" in row().fields:
            return {200: row, 201: row}
        return {201 if self.method == "POST" else 200: row}

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        description = getattr(self.view, "id_in_path", None)
        return [
            {
                "in": "path",
                "name": name,
                "required": True,
                "schema": {"type": "string"} if description else self.id_reference(),
                "description": description or ID_IN_PATH,
                "example": self._example_of(name),
            }
            for name in variables
        ]

    def id_reference(self) -> dict[str, str]:
        """Return a reference to the component `Id`."""
        component = ResolvedComponent("Id", ResolvedComponent.SCHEMA, dict(ID), "Id")
        self.registry.register_on_missing(component)
        reference: dict[str, str] = component.ref
        return reference

    def _example_of(self, name: str) -> str:
        """Return the id of a row of the demo shop."""
        examples: dict[str, str] = getattr(self.view, "example_ids", {})
        action = getattr(self.view, "action", "")
        return examples.get(action) or examples.get("") or ("ext:12347" if name == "user_id" else "ext:2383")

    def _map_basic_serializer(self, serializer: Any, direction: str) -> dict[str, Any]:
        """Return the serializer's schema; request bodies allow no additional properties."""
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        return {**schema, "additionalProperties": False} if direction == "request" else schema

    def _problems(self) -> dict[str, Any]:
        """Return the error responses that the operation may give, by status."""
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
            codes |= {"408", "411", "413", "415"}
        return {code: self._problem(code) for code in sorted(codes)}

    def _problem(self, code: str) -> dict[str, Any]:
        """Return a reference to the error response with this status, a component."""
        name = HTTPStatus(int(code)).phrase.title().replace(" ", "").replace("-", "")
        schema = self.resolve_serializer(Problem, "response").ref
        response = {
            "description": PROBLEMS[code],
            "content": {"application/problem+json": {"schema": schema}},
            **({"headers": HEADERS[code]} if code in HEADERS else {}),
        }
        component = ResolvedComponent(name, ResolvedComponent.RESPONSE, response, name)
        self.registry.register_on_missing(component)
        return component.ref
