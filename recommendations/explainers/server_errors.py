"""Errors of chat servers, in the forms that OpenAI, vLLM, Ollama, llama.cpp, FastAPI and others send."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from observe.redaction import REDACTED, Redact

MOST_QUOTED = 120  # characters of a message
_MASKED = re.compile(r"\S*(?:\*{2,}|\.{3,}|…|•)\S*")  # a key with its middle hidden, as servers quote it
# What begins the part of a message that repeats the prompt.
_PROMPT = re.compile(
    r"<?shop_data|\\u003c|You are the shopping assistant|\"?user_name\"?|'content'|\"content\""
)

_GONE_CODES = frozenset(
    {
        "model_not_found",
        "model_not_available",
        "model_not_supported",
        "model_deprecated",
        "model_decommissioned",
        "model_retired",
        "invalid_model",
        "unknown_model",
        "deploymentnotfound",
        "deployment_not_found",
        "operationnotsupported",
        "modelnotfound",
    }
)
_GONE_WORDS = re.compile(
    r"\bmodel\b.{0,160}?(?:\bnot found|\bnot (?:currently )?exist|\bdoesn't exist|\bno longer|\bdeprecated\b"
    r"|\bretired\b|\bdecommissioned\b|\bdiscontinued\b|\bsunset\b|\bshut ?down\b|\bend.of.life|\bremoved\b"
    r"|\bnot (?:yet )?available|\bunavailable to|\bis not supported\.?$|\bdo(?:es)? not have access)"
    r"|\b(?:unknown|invalid|no such|nonexistent|unrecognized) model\b|not a (?:valid model|chat model)"
    r"|\bonly supported in v1/responses|no endpoints found",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ServerError:
    """An error as the server describes it.

    status:  of HTTP
    code:    the server's word for it, "" if it has none
    param:   the parameter that it names, "" if it names none
    message: its words, whole; "" if there are none
    """

    status: int
    code: str = ""
    param: str = ""
    message: str = ""

    @classmethod
    def of(cls, status: int, body: bytes) -> Self:
        """Return the error in this body, whatever that is."""
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            return cls(status)
        return cls(status, *_described(content))

    @property
    def is_about_model(self) -> bool:
        """Whether its code or param says that the server does not have the model."""
        return self.code.lower() in _GONE_CODES or self.param == "model"

    @property
    def is_model_gone(self) -> bool:
        """Whether the server does not have the model, or not any more."""
        if self.status not in {400, 403, 404, 410, 422}:
            return False
        if self.is_about_model or self.status == 410:
            return True
        if _GONE_WORDS.search(self.message):
            return self.status != 403
        return self.status == 404 and bool(
            re.search(r"\b(?:model|deployment)\b", self.message, re.IGNORECASE)
        )

    def quoted(self, secrets: Iterable[str] = ()) -> str:
        """Return code, param and the first words for a log, in one line; "" if the server said nothing.

        secrets: texts that must not be shown, though the server may repeat them
        """
        words = " ".join(self.message.split())
        words = "".join(char for char in words if char.isprintable())
        words = _PROMPT.split(words, maxsplit=1)[0]
        parts = [
            f"{name} {_without(value, secrets)[:60]}"
            for name, value in (("code", self.code), ("param", self.param))
            if value
        ]
        if words:
            words = _without(words, secrets).strip()
            parts.append(f'"{words[:MOST_QUOTED]}{"…" if len(words) > MOST_QUOTED else ""}"')
        return ", ".join(parts)


def _without(text: str, secrets: Iterable[str]) -> str:
    """Return the text without the secrets, whole or masked."""
    known = sorted(set(secrets), key=len, reverse=True)
    for secret in known:
        text = re.sub(
            rf"(?<!\w){re.escape(secret)}(?!\w)" if len(secret) < 8 else re.escape(secret), REDACTED, text
        )
    return _MASKED.sub(REDACTED, Redact().text(text))


def _described(content: Any) -> tuple[str, str, str]:
    """Return the code, the parameter and the message of an error."""
    found = ("", "", "")
    match content:
        case (
            [dict() as inner, *_]
            | {"error": dict() as inner}
            | {"errors": [dict() as inner, *_]}
            | {"message": dict() as inner}
            | {"detail": dict() as inner}
        ):
            found = _described(inner)
        case {"detail": [dict() as first, *_]}:
            found = _text(first.get("type")), _field(first.get("loc")), _text(first.get("msg"))
        case dict():
            words = (_text(content.get(name)) for name in ("code", "type", "error_type", "status"))
            code = next((word for word in words if word and not word.isdecimal()), "")
            messages = (_text(content.get(name)) for name in ("message", "msg", "error", "detail"))
            found = code, _text(content.get("param")), next(filter(None, messages), "")
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _field(location: object) -> str:
    """Return the name of the field at FastAPI's location, such as ["body", "max_tokens"]."""
    names = [str(part) for part in location if part != "body"] if isinstance(location, list) else []
    return ".".join(names)


def error_in(completion: Any) -> Mapping[str, Any] | None:
    """Return the error that some servers send with status 200, None if there is none."""
    match completion:
        case {"error": dict() | str()} if not completion.get("choices"):
            return dict(completion)
    return None
