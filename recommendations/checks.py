"""System checks of settings.RECOMMENDATIONS, and of the default strategy and active models."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.db import DatabaseError

from recommendations import wiring
from recommendations.conf import Config, ConfiguredClass
from recommendations.errors import RecommendationError
from recommendations.explainers.chat_options import ChatUnavailable
from recommendations.explainers.model_news import ModelNews, ModelState
from recommendations.explaining.news import server_may_be_asked
from recommendations.models import TrainedModel
from recommendations.strategies.base import Basis, Trainable
from recommendations.training.registry import default_strategy

# Strategies that endpoints use by name.
_PLACEMENTS = {
    "trending": "GET /trending",
    "content": "GET /products/{id}/similar",
    "together": "GET /products/{id}/bought-together",
}


def check_configuration(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for the configuration as a whole, or for each invalid class or option."""
    try:
        config = Config.of(settings.RECOMMENDATIONS)
    except (RecommendationError, TypeError, ValueError, AttributeError) as error:
        return [Error(f"settings.RECOMMENDATIONS: {error}", id="recommendations.E001")]
    classes = {f"strategy {name!r}": entry for name, entry in config.strategies.items()}
    classes["the explainer"] = config.explainer
    found: list[CheckMessage] = [
        Error(f"settings.RECOMMENDATIONS, {what}: {problem}", id="recommendations.E002")
        for what, entry in classes.items()
        if (problem := _problem(entry))
    ]
    found += [
        Error(
            f"settings.RECOMMENDATIONS: STRATEGIES has no {name!r}, which {endpoint} needs.",
            id="recommendations.E004",
        )
        for name, endpoint in _PLACEMENTS.items()
        if name not in config.strategies
    ]
    if config.model_storage and config.model_storage not in settings.STORAGES:
        aliases = ", ".join(sorted(settings.STORAGES))
        found.append(
            Error(
                f"MODEL_STORAGE is {config.model_storage!r}, which is not in settings.STORAGES; choose "
                f"from {aliases}.",
                id="recommendations.E003",
            )
        )
    return found


def check_models(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return a warning for a default strategy or an active model that the settings make unusable.

    Runs only where Django may query the database: `manage.py check --database default`, and before
    migrations. 2 queries.
    """
    try:
        config = Config.of(settings.RECOMMENDATIONS)
        default = default_strategy() if databases else None
        rows = TrainedModel.objects.filter(is_active=True).order_by("strategy") if databases else []
        active = [(str(row), row.strategy, row.settings_digest) for row in rows]
    except (RecommendationError, TypeError, ValueError, AttributeError, DatabaseError):
        return []  # the other check reports invalid settings, and migrations create the tables
    found: list[CheckMessage] = []
    if default is not None and default not in config.strategies:
        found.append(
            Warning(
                f"The default strategy {default!r} is not configured; {config.default_strategy} is used.",
                hint="Choose another strategy in the admin, or delete the row to use the setting.",
                id="recommendations.W001",
            )
        )
    for name, strategy, digest in active:
        if strategy in config.strategies and digest != config.digest(strategy):
            found.append(
                Warning(
                    f"The active model {name} was trained with other settings and cannot be used.",
                    hint=f"manage.py train_models --strategy {strategy}",
                    id="recommendations.W002",
                )
            )
    return found


def check_language_model(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return messages on what the language model's server says of each model of OPENAI_MODEL.

    Calls that server, so it does nothing unless `manage.py check --tag openai` runs it.
    """
    if not server_may_be_asked.get():
        return []
    try:
        model = wiring.language_model()
    except (RecommendationError, TypeError, ValueError, AttributeError):
        return []  # check_configuration reports it
    if model is None:
        return [
            Info(
                "No language model is configured, so the template explains.",
                hint="Set OPENAI_API_KEY.",
                id="recommendations.I001",
            )
        ]
    try:
        found = model.model_news()
    except ChatUnavailable as error:
        return [
            Error(f"The language model's server cannot be asked: {error}.", id="recommendations.E005"),
        ]
    lacks_all = all(news.state is ModelState.MISSING for news in found)
    return [_model_message(news, lacks_all=lacks_all) for news in found]


def _model_message(news: ModelNews, *, lacks_all: bool) -> CheckMessage:
    text = f"OPENAI_MODEL, {news.model}: {news.detail}."
    match news.state:
        case ModelState.AVAILABLE | ModelState.UNKNOWN:
            return Info(text, id="recommendations.I002")
        case ModelState.ENDING:
            hint = "Put its successor before it or behind it in OPENAI_MODEL."
            return Warning(text, hint=hint, id="recommendations.W003")
        case ModelState.MISSING:
            hint = "Set OPENAI_MODEL to a model that the server has."
            kind = Error if lacks_all else Warning
            return kind(text, hint=hint, id="recommendations.E006" if lacks_all else "recommendations.W004")


def _problem(entry: ConfiguredClass) -> str | None:
    try:
        made = entry.make()
    except RecommendationError as error:
        return str(error)
    if hasattr(made, "fit") and getattr(made, "basis", None) not in tuple(Basis):
        return (
            f"{entry.path} needs a `basis`, the data that it looks at: a member of {Basis.__module__}.Basis."
        )
    if getattr(made, "log_days", 0) is None and not isinstance(made, Trainable):
        return (
            f"{entry.path} is trained ahead, as its log_days is None, but has no load() to load its models."
        )
    return None
