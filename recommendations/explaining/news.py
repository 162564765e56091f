"""What servers say of the language models, stored for the admin and the metrics."""

import logging
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import datetime

from django.db import transaction

from recommendations.explainers.model_news import ModelNews, ModelState
from recommendations.models import LanguageModel

# Whether a system check may call the server: Django runs all checks before every command.
server_may_be_asked: ContextVar[bool] = ContextVar("server_may_be_asked", default=False)
logger = logging.getLogger(__name__)


def store_news(news: Iterable[ModelNews], now: datetime) -> None:
    """Replace the stored news by these, and log what needs attention. 2 queries in a transaction."""
    rows = [
        LanguageModel(
            place=place,
            name=each.model,
            state=each.state.value,
            ends_on=each.ends_on,
            detail=each.detail,
            checked_at=now,
        )
        for place, each in enumerate(news, start=1)
    ]
    with transaction.atomic():
        LanguageModel.objects.filter(place__gt=len(rows)).delete()
        LanguageModel.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["place"],
            update_fields=["name", "state", "ends_on", "detail", "checked_at"],
        )
    for row in rows:
        is_good = row.state == ModelState.AVAILABLE
        level = logging.INFO if is_good or row.state == ModelState.UNKNOWN else logging.WARNING
        logger.log(level, "The language model %s is %s: %s.", row.name, row.state, row.detail)
