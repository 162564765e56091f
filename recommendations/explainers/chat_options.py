"""Options of a chat model, validated on creation, and the error when it gives no answer."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, urlsplit

MOST_MODELS = 10
EFFORT = re.compile(r"[a-z]{2,20}")
# Hosts of Azure OpenAI, which take the key in a header of their own. Other hosts of Azure are customers' own.
AZURE = re.compile(
    r"(?:.+\.)?(?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn)\.?", re.IGNORECASE
)


class ChatUnavailable(Exception):
    """The chat model gave no usable answer. The message says why, without quoting the key or the answer.

    kind:           short category of the failure, a label of the metrics
    is_key_refused: whether the server refused the key, so that another key may work
    is_model_gone:  whether the server does not have the model, so that another model may work
    """

    def __init__(
        self,
        message: str,
        kind: str = "failed",
        *,
        is_key_refused: bool = False,
        is_model_gone: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.is_key_refused = is_key_refused
        self.is_model_gone = is_model_gone


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Options of a chat model. Raises ValueError that names an invalid option, but never shows a key.

    api_key:          may be empty; then no requests are sent
    second_api_key:   is tried when the server refuses the first key; may be empty
    base_url:         the address of the server; its query is sent with each request
    model:            names separated by commas; the next one is asked when the server does not have the first
    max_tokens:       maximum length of a text; thoughts of a model that thinks first have tokens of their own
    reasoning_effort: how much a model thinks first; "" for the least that it takes
    timeout_seconds:  for one answer, retries included
    max_concurrent:   maximum number of concurrent calls in this process
    rest_seconds:     how long the model is left alone after failures; 0 for not at all
    prompt_price, completion_price: price of a million tokens; 0 if costs are not counted
    """

    api_key: str = field(repr=False)
    base_url: str = field(repr=False)  # its query may hold a key
    model: str
    temperature: float
    max_tokens: int
    timeout_seconds: float
    max_concurrent: int
    prompt_price: float = 0.0
    completion_price: float = 0.0
    second_api_key: str = field(default="", repr=False)
    reasoning_effort: str = ""
    rest_seconds: float = 30.0

    def __post_init__(self) -> None:
        for name, key in (("api_key", self.api_key), ("second_api_key", self.second_api_key)):
            if not isinstance(key, str) or not all("!" <= char <= "~" for char in key):
                raise ValueError(f"{name} must be a string of printable ASCII characters, without spaces.")
        _check_address(self.base_url)
        _check_models(self.model)
        for name, value, low, high in (
            ("temperature", self.temperature, 0, 2),
            ("rest_seconds", self.rest_seconds, 0, 3600),
        ):
            if not _is_number(value) or not low <= value <= high:
                raise ValueError(f"{name} must be a number from {low} to {high}; it is {value!r}.")
        if not isinstance(self.reasoning_effort, str) or (
            self.reasoning_effort and not EFFORT.fullmatch(self.reasoning_effort)
        ):
            raise ValueError(
                f"reasoning_effort must be empty or a word such as none, minimal, low, medium or high; it is "
                f"{str(self.reasoning_effort)[:40]!r}."
            )
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

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models, in the order in which they are asked."""
        return tuple(dict.fromkeys(name.strip() for name in self.model.split(",") if name.strip()))

    @property
    def server(self) -> str:
        """The address without its query, which logs may show."""
        return self.base_url.partition("?")[0].rstrip("/")

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the address, which each request repeats."""
        return dict(parse_qsl(urlsplit(self.base_url).query, keep_blank_values=True))

    @property
    def is_azure(self) -> bool:
        """Whether the server is Azure OpenAI."""
        return _is_azure(urlsplit(self.base_url))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that no log may show, even if the server quotes them."""
        hidden = [value for name, value in self.query.items() if not name.lower().endswith("version")]
        return tuple(text for text in (self.api_key, self.second_api_key, *hidden) if text)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_models(names: object) -> None:
    models = [name.strip() for name in names.split(",") if name.strip()] if isinstance(names, str) else []
    if not models:
        raise ValueError(
            "model must be the name of a chat model, such as gpt-3.5-turbo, or several separated by commas."
        )
    if len(models) > MOST_MODELS:
        raise ValueError(f"model must be at most {MOST_MODELS} names; it has {len(models)}.")
    for name in models:
        if len(name) > 200 or not name.isprintable():
            raise ValueError(
                f"model must be names of at most 200 printable characters; one is {name[:40]!r}."
            )


def _check_address(value: object) -> None:
    """Raise ValueError if the address cannot be right. The message does not show it: it may hold a key."""
    parts = _http_parts(value)
    if parts is None:
        raise ValueError("base_url must be a URL such as https://api.openai.com/v1, without a user name.")
    if parts.fragment:
        raise ValueError("base_url must be a URL without a # and what follows it.")
    path = parts.path.rstrip("/")
    if not _is_azure(parts) and path.endswith(("/completions", "/responses", "/models")):
        last = path.rpartition("/v1")[2] or path
        raise ValueError(
            f"base_url must be a URL that ends before {last[:40]}, such as https://api.openai.com/v1."
        )
    if not _is_azure(parts):
        return
    is_deployment = "/openai/deployments/" in f"{path}/"
    if not re.search(r"/openai/(?:v1|deployments/[^/]+)$", path):
        raise ValueError(
            "base_url must be, for Azure OpenAI, https://RESOURCE.openai.azure.com/openai/v1 or "
            "https://RESOURCE.openai.azure.com/openai/deployments/DEPLOYMENT?api-version=2024-10-21."
        )
    if is_deployment and "api-version" not in dict(parse_qsl(parts.query)):
        raise ValueError(
            "base_url must be, for a deployment of Azure OpenAI, a URL with ?api-version=, such as "
            "https://RESOURCE.openai.azure.com/openai/deployments/DEPLOYMENT?api-version=2024-10-21."
        )


def _http_parts(value: object) -> SplitResult | None:
    """Return the parts of the address, None for any text that is no address, or has a user name."""
    try:
        parts = urlsplit(value) if isinstance(value, str) and not re.search(r"[\s\\@]", value) else None
        known = parts is not None and parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if known else None


def _is_azure(parts: SplitResult) -> bool:
    return bool(AZURE.fullmatch(parts.hostname or ""))
