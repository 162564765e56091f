"""How servers want to be asked for a model, learned from their refusals: parameters, tokens, thoughts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from recommendations.explainers.chat_options import ChatOptions
from recommendations.explainers.prompt import Prompt
from recommendations.explainers.server_errors import ServerError

# The names of the limit of tokens, in the order in which they are tried; "" for none.
LIMITS = ("max_tokens", "max_completion_tokens", "")
# Statuses of requests that a server refuses for what they contain.
REFUSALS = frozenset({400, 422})
# Tokens for thoughts besides those of the text. The next number is used when thoughts left none for the text.
ALLOWANCES = (0, 1_000, 4_000, 16_000)
# A model that a server does not have is asked for again after this time.
GONE_SECONDS = 60 * 60
# Values of reasoning_effort, least first. Those above `low` are only used if the server offers nothing less.
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_LEAST_EFFORTS = EFFORTS[:3]

# How a parameter is named in words. A name may be written with spaces, hyphens or in camel case.
_NAMES = {
    "max_completion_tokens": re.compile(r"(?<!\w)max[\s_-]?completion[\s_-]?tokens(?!\w)", re.IGNORECASE),
    "max_tokens": re.compile(r"(?<!\w)max[\s_-]?(?:output[\s_-]?|new[\s_-]?)?tokens(?!\w)", re.IGNORECASE),
    "temperature": re.compile(r"(?<!\w)temperature(?!\w)", re.IGNORECASE),
    "reasoning_effort": re.compile(r"(?<!\w)(?:reasoning[\s_.-]?effort|effort)(?!\w)", re.IGNORECASE),
}
_SYSTEM_ROLE = re.compile(
    r"\bsystem['\"`]? (?:role|message|prompt|instruction)|\brole\b.{0,40}\bsystem\b|\bsystem\b.{0,20}\brole\b"
    r"|developer (?:instruction|message|role)|\broles must alternate|messages\[0\]\.role",
    re.IGNORECASE,
)
_TOO_FEW_TOKENS = re.compile(
    r"could not finish|higher (?:limit|max)|output limit was reached|below (?:the )?minimum"
    r"|must be (?:greater|more|at least|>)|minimum value",
    re.IGNORECASE,
)
_TOO_MANY_TOKENS = re.compile(
    r"too (?:large|high|big|many)|at most|exceed|valid range|must be (?:less|<)|maximum", re.IGNORECASE
)
_UNKNOWN_PARAMETER = re.compile(
    r"extra_forbidden|extra (?:inputs|fields)|unrecogni[sz]ed|unexpected keyword|unsupported parameter"
    r"|unknown (?:parameter|field|argument|name)",
    re.IGNORECASE,
)
_NOT_THIS_LIMIT = re.compile(r"not supported|unsupported|instead|not permitted|not allowed", re.IGNORECASE)
_CONTEXT = re.compile(
    r"context.{0,20}(?:length|window|size)|prompt is too long|reduce the length", re.IGNORECASE
)
_OFFER = re.compile(
    r"(?:supported values?|should be|must be|one of|expected|valid (?:value|option)s?|allowed)(?P<offer>.*)",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile(r"(?<!\w)[a-z]+(?!\w)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server takes requests for one model.

    limit:             the name of the limit of tokens, "" to send none
    n_allowed:         index in ALLOWANCES; most_allowed: the highest index that the server takes
    takes_temperature, takes_system, takes_effort: whether temperature, system messages and reasoning_effort
                       may be sent
    thinks:            whether the model is known to think before it answers
    has_effort:        whether an answer to a request with reasoning_effort has come
    refused_efforts, offered_efforts: values of reasoning_effort that the server refused, or named as possible
    """

    limit: str = LIMITS[0]
    n_allowed: int = 0
    most_allowed: int = len(ALLOWANCES) - 1
    takes_temperature: bool = True
    takes_system: bool = True
    takes_effort: bool = True
    thinks: bool = False
    has_effort: bool = False
    refused_efforts: frozenset[str] = frozenset()
    offered_efforts: tuple[str, ...] = ()

    def effort(self, wanted: str) -> str:
        """Return the reasoning effort to ask for, "" to name none. wanted: that of the settings, or "" """
        if not self.takes_effort or not (wanted or self.thinks):
            return ""
        least = self.offered_efforts or _LEAST_EFFORTS
        candidates = [wanted, *least] if wanted else least
        return next((value for value in candidates if value not in self.refused_efforts), "")

    def parameters(self, options: ChatOptions) -> dict[str, Any]:
        """Return the parameters of a request besides the model and the messages."""
        sent: dict[str, Any] = {}
        if self.takes_temperature:
            sent["temperature"] = options.temperature
        if self.limit:
            sent[self.limit] = options.max_tokens + ALLOWANCES[self.n_allowed]
        if effort := self.effort(options.reasoning_effort):
            sent["reasoning_effort"] = effort
        return sent

    def messages(self, prompt: Prompt) -> list[dict[str, str]]:
        """Return the messages of a request."""
        if self.takes_system:
            return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        return [{"role": "user", "content": f"{prompt.system}\n\n{prompt.user}"}]

    def with_more_tokens(self) -> "Dialect":
        """Return the dialect with more tokens for thoughts; the same if there may be no more."""
        if not self.limit or self.n_allowed >= self.most_allowed:
            return self
        return replace(self, n_allowed=self.n_allowed + 1)

    def after(self, error: ServerError, sent: Mapping[str, Any], wanted_effort: str) -> "Dialect":
        """Return the dialect that avoids what this error names; the same if it names nothing that was sent.

        sent: the parameters of the refused request
        """
        name = _named(error, sent) if error.status in REFUSALS else ""
        is_on_trial = "reasoning_effort" in sent and not (self.has_effort or wanted_effort)
        better = self
        if name in LIMITS[:2]:
            better = self._after_limit(error)
        elif name == "temperature":
            better = replace(self, takes_temperature=False)
        elif name == "reasoning_effort":
            better = self._after_effort(error, str(sent[name]))
        elif error.status in REFUSALS and self._is_about_tokens(error.message):
            better = self._after_limit(error)
        elif self.takes_system and error.status in {*REFUSALS, 500} and _is_about_role(error):
            better = replace(self, takes_system=False)
        elif is_on_trial and not error.param and (error.status in REFUSALS or error.status >= 500):
            better = replace(self, takes_effort=False)
        return better

    def _is_about_tokens(self, words: str) -> bool:
        if self.n_allowed and _CONTEXT.search(words):
            return True
        return "token" in words.lower() and bool(_TOO_FEW_TOKENS.search(words))

    def _after_limit(self, error: ServerError) -> "Dialect":
        words = f"{error.code} {error.message}"
        if _TOO_FEW_TOKENS.search(words):
            return self.with_more_tokens()
        is_unknown = _UNKNOWN_PARAMETER.search(words) or _NOT_THIS_LIMIT.search(words)
        if not is_unknown and (_TOO_MANY_TOKENS.search(words) or _CONTEXT.search(words)):
            if self.n_allowed:
                return replace(self, n_allowed=self.n_allowed - 1, most_allowed=self.n_allowed - 1)
            if _CONTEXT.search(words):
                return self  # the prompt is too long
            return replace(self, limit="")
        return replace(self, limit=LIMITS[LIMITS.index(self.limit) + 1])

    def _after_effort(self, error: ServerError, value: str) -> "Dialect":
        offered = tuple(_offered(error.message, value))
        is_value = bool(offered) or error.code == "unsupported_value" or f"'{value}'" in error.message
        if not is_value or error.code == "unsupported_parameter" or _UNKNOWN_PARAMETER.search(error.message):
            return replace(self, takes_effort=False)
        return replace(
            self,
            refused_efforts=self.refused_efforts | {value},
            offered_efforts=offered or self.offered_efforts,
        )


class Dialects:
    """What this process has learned of models, by server and model. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[tuple[str, str], Dialect] = {}
        self._gone: dict[tuple[str, str], float] = {}

    def available(self, server: str, models: tuple[str, ...], now: float) -> tuple[str, ...]:
        """Return the models that the server did not lack lately; all of them if it lacks all."""
        found = [
            name for name in models if now - self._gone.get((server, name), -GONE_SECONDS) >= GONE_SECONDS
        ]
        return tuple(found) or models

    def mark_gone(self, server: str, model: str, now: float) -> None:
        """Leave out a model that the server does not have, for GONE_SECONDS."""
        with self._lock:
            self._gone[server, model] = now

    def of(self, server: str, model: str) -> Dialect:
        """Return what is known of the model on this server."""
        return self._known.get((server, model), _FIRST)

    def learn(self, server: str, model: str, asked: Dialect, better: Dialect) -> bool:
        """Replace the dialect in which was asked. Return whether the next request differs from that one.

        If another thread has learned something meanwhile, that stays.
        """
        with self._lock:
            if self.of(server, model) == asked:
                self._known[server, model] = better
            return self.of(server, model) != asked

    def forget(self) -> None:
        """Drop everything that was learned."""
        with self._lock:
            self._known.clear()
            self._gone.clear()


_FIRST = Dialect()
dialects = Dialects()


def _is_about_role(error: ServerError) -> bool:
    return bool(_SYSTEM_ROLE.search(error.param) or _SYSTEM_ROLE.search(error.message))


def _named(error: ServerError, sent: Mapping[str, Any]) -> str:
    """Return the sent parameter that the error names, as its subject or else first in words; "" if none."""
    for text in (error.param, error.message):
        found = [
            (match.start(), name)
            for name, pattern in _NAMES.items()
            if name in sent and (match := pattern.search(text))
        ]
        if found:
            return min(found)[1]
    effort = sent.get("reasoning_effort")
    is_its_value = effort and re.search(rf"['\"`]{re.escape(str(effort))}['\"`]", error.message)
    return "reasoning_effort" if is_its_value else ""


def _offered(message: str, refused: str) -> Iterator[str]:
    """Yield the efforts that the message names as possible, least first."""
    if found := _OFFER.search(message):
        words = set(_WORD.findall(found["offer"].lower()))
        yield from (effort for effort in EFFORTS if effort in words and effort != refused)
