"""What a chat server says of its models: `GET /models`, whose answers differ from server to server.

This module is imported on first use: importing the openai package takes half a second.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import openai

from recommendations.explainers.answers import decoded
from recommendations.explainers.chat_client import Refused, body_of, run, unavailable
from recommendations.explainers.chat_options import ChatOptions, ChatUnavailable
from recommendations.explainers.model_news import ModelNews, ModelState

# Statuses of servers that have no list of models.
NO_LIST = frozenset({404, 405, 501})
# Fields in which servers announce the end of a model: a date, a moment, or seconds since 1970.
_ENDS = (
    "shutdown_date",
    "expiration_date",
    "deprecation_date",
    "retirement_date",
    "end_of_life",
    "eol_date",
    "deprecation",
    "sunset_date",
    "retires_at",
    "deprecated_at",
)
# The same in the objects that some servers put in their place, such as Azure's deprecation.inference.
_INNER_ENDS = ("inference", "retirement", "date", "shutdown_date")
_ENDED_WORDS = frozenset({"retired", "deprecated", "archived", "legacy", "shutdown", "sunset"})
_LATEST = ":latest"  # the tag that Ollama adds


def model_news(options: ChatOptions, key: str, deadline: float) -> tuple[ModelNews, ...]:
    """Return what the server says of each configured model. Raises ChatUnavailable.

    At most one request, and one for each model that the list lacks. deadline: by time.monotonic
    """
    return run(lambda client: _news(client, options), options, key, deadline)


async def _news(client: openai.AsyncOpenAI, options: ChatOptions) -> tuple[ModelNews, ...]:
    try:
        listed = _entries(decoded(await body_of(client.models.with_raw_response.list())))
    except Refused as refused:
        if refused.error.status not in NO_LIST:
            raise unavailable(refused.error, options) from None
        listed = None
    except ChatUnavailable:  # no JSON: a page for people
        listed = None
    if listed is None:
        detail = "the server has no list of models, so it cannot be known"
        return tuple(ModelNews(model, ModelState.UNKNOWN, detail) for model in options.models)
    return tuple([await _news_of(client, model, listed, options) for model in options.models])


async def _news_of(
    client: openai.AsyncOpenAI, model: str, listed: Mapping[str, Mapping[str, Any]], options: ChatOptions
) -> ModelNews:
    entry = next((listed[name] for name in _names(model) if name in listed), None)
    if entry is None:
        entry = await _single(client, model)
    if entry is not None:
        return _described(model, entry)
    if why := _why_unknown(listed, options):
        return ModelNews(model, ModelState.UNKNOWN, why)
    some = ", ".join(sorted(listed)[:5]) or "none"
    return ModelNews(
        model, ModelState.MISSING, f"the server does not have it; it has {len(listed)} models: {some}"[:300]
    )


async def _single(client: openai.AsyncOpenAI, model: str) -> Mapping[str, Any] | None:
    """Return the model's own description: lists may leave out aliases."""
    try:
        match decoded(await body_of(client.models.with_raw_response.retrieve(model))):
            case {"id": str()} as entry:
                return dict(entry)
    except (Refused, ChatUnavailable):
        pass
    return None


def _described(model: str, entry: Mapping[str, Any]) -> ModelNews:
    ends_on = min(_announced(entry), default=None)
    if ends_on is not None:
        return ModelNews(model, ModelState.ENDING, f"the server announces its end on {ends_on}", ends_on)
    words = [str(entry.get(name, "")).lower() for name in ("status", "lifecycle_status", "state")]
    if any(word in _ENDED_WORDS for word in words) or any(
        entry.get(name) is True for name in ("deprecated", "archived", "is_deprecated", "deprecation")
    ):
        return ModelNews(model, ModelState.ENDING, "the server calls it deprecated")
    if entry.get("active") is False:
        return ModelNews(model, ModelState.MISSING, "the server calls it inactive")
    return ModelNews(model, ModelState.AVAILABLE, "the server has it")


def _announced(entry: Mapping[str, Any]) -> Iterator[date]:
    for name in _ENDS:
        value = entry.get(name)
        values = [value.get(inner) for inner in _INNER_ENDS] if isinstance(value, dict) else [value]
        for one in values:
            if (day := _day(one)) is not None:
                yield day


def _day(value: object) -> date | None:
    """Return the day that a text or a number of seconds or milliseconds since 1970 names, else None."""
    try:
        match value:
            case bool():
                return None
            case int() | float():
                return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC).date()
            case str():
                return datetime.fromisoformat(value.strip()).date()
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _entries(content: Any) -> Mapping[str, Mapping[str, Any]] | None:
    """Return the listed models by name, None if the answer is no list of models."""
    match content:
        case {"data": list() as rows} | {"models": list() as rows} | (list() as rows):
            found = [(row.get("id") or row.get("name"), row) for row in rows if isinstance(row, dict)]
            return {name: row for name, row in found if isinstance(name, str)}
    return None


def _names(model: str) -> tuple[str, ...]:
    """Return the names under which servers list a model."""
    return (
        model,
        f"{model}{_LATEST}",
        model.removesuffix(_LATEST),
        f"models/{model}",
        model.removeprefix("models/"),
    )


def _why_unknown(listed: Mapping[str, Mapping[str, Any]], options: ChatOptions) -> str:
    """Return why a model that is not listed may answer all the same, "" if it may not."""
    if options.is_azure:
        return "Azure lists models, not deployments, so it cannot be known"
    if any(row.get("owned_by") == "llamacpp" for row in listed.values()):
        return f"the server answers with {', '.join(listed)[:100]}, whatever the name"
    return ""
