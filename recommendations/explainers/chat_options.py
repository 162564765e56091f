"""Options of a chat model, validated on creation, and the error when it gives no answer."""

import math
from dataclasses import dataclass, field
from urllib.parse import urlsplit


class ChatUnavailable(Exception):
    """The chat model gave no usable answer. The message says why, without quoting the key or the answer.

    kind:           short category of the failure, a label of the metrics
    is_key_refused: whether the server refused the key, so that another key may work
    """

    def __init__(self, message: str, kind: str = "failed", *, is_key_refused: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.is_key_refused = is_key_refused


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Options of a chat model. Raises ValueError that names an invalid option, but never shows a key.

    api_key:          may be empty; then no requests are sent
    second_api_key:   is tried when the server refuses the first key; may be empty
    timeout_seconds:  for one answer, retries included
    max_concurrent:   maximum number of concurrent calls in this process
    prompt_price, completion_price: price of a million tokens; 0 if costs are not counted
    """

    api_key: str = field(repr=False)
    base_url: str
    model: str
    temperature: float
    max_tokens: int
    timeout_seconds: float
    max_concurrent: int
    prompt_price: float = 0.0
    completion_price: float = 0.0
    second_api_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name, key in (("api_key", self.api_key), ("second_api_key", self.second_api_key)):
            if not isinstance(key, str) or not all("!" <= char <= "~" for char in key):
                raise ValueError(f"{name} must be a string of printable ASCII characters, without spaces.")
        if not _is_http_address(self.base_url):
            raise ValueError("base_url must be a URL such as https://api.openai.com/v1, without a user name.")
        if not isinstance(self.model, str) or not self.model.strip():
            raise ValueError("model must be the name of a chat model, such as gpt-3.5-turbo.")
        if not _is_number(self.temperature) or not 0 <= self.temperature <= 2:
            raise ValueError(f"temperature must be a number from 0 to 2; it is {self.temperature!r}.")
        if not _is_number(self.timeout_seconds) or not 0 < self.timeout_seconds <= 600:
            raise ValueError(
                f"timeout_seconds must be a number above 0, at most 600; it is {self.timeout_seconds!r}."
            )
        for name, price in (
            ("prompt_price", self.prompt_price),
            ("completion_price", self.completion_price),
        ):
            if not _is_number(price) or price < 0:
                raise ValueError(f"{name} must be a number of at least 0; it is {price!r}.")
        for name, value in (("max_tokens", self.max_tokens), ("max_concurrent", self.max_concurrent)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1; it is {value!r}.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_http_address(value: object) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        known = parts is not None and parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return False
    return bool(known) and "@" not in str(value)
