"""How a chat model is reached and asked: values that check themselves, and how it fails."""

import math
from dataclasses import dataclass, field
from urllib.parse import urlsplit


class ChatUnavailable(Exception):
    """No answer that can be shown. The message says why, without the key or a word of the answer.

    kind: the same in a word or two, of which there are few, to be counted by
    of_key: whether the key is what is wrong, so that another one may do
    """

    def __init__(self, message: str, kind: str = "failed", *, of_key: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.of_key = of_key


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Raises ValueError, naming the option but never the key, when one cannot be right.

    api_key: may be empty, and then nothing is asked
    second_api_key: is tried when the first one is refused; may be empty
    timeout_seconds: for one answer in all, retries included
    max_concurrent: calls running at once in this process
    prompt_price, completion_price: of a million tokens; 0 where nobody counts the cost
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
            if not isinstance(key, str) or not all("!" <= letter <= "~" for letter in key):
                raise ValueError(f"{name} must be text of visible ASCII letters, without blanks.")
        if not _is_http_address(self.base_url):
            raise ValueError(
                "base_url must be an address such as https://api.openai.com/v1, without a user name."
            )
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
