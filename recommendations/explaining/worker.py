"""Writes the texts that answers wait for: each once, within the day's budget."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import F, Q

from recommendations.explainers.base import Explainer
from recommendations.explaining.evidence_json import from_json
from recommendations.models import ModelCalls, WrittenText

logger = logging.getLogger(__name__)

# A worker that has not written by then was killed.
TAKEN_FOR = timedelta(minutes=2)
# How long the template stands in for a model that failed, and for one that may not be asked any more today.
AFTER_A_FAILURE = timedelta(minutes=1)
OVER_BUDGET = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ExplanationWriter:
    """explainer: who writes; daily_budget: how often it is asked in a day, 0 for no limit; ttl: of a text"""

    explainer: Explainer
    daily_budget: int
    ttl: timedelta
    now: Callable[[], datetime]

    def __call__(self, digest: str) -> bool:
        """Return whether a model wrote the text now; not where another worker has, or does."""
        now = self.now()
        free = Q(begun_at=None) | Q(begun_at__lte=now - TAKEN_FOR)
        mine = WrittenText.objects.filter(digest=digest, is_done=False)
        if not mine.filter(free).update(begun_at=now):
            return False
        evidence = mine.values_list("evidence", flat=True).first()
        if evidence is None:  # its user was erased this moment
            return False
        try:
            grounds = from_json(evidence)
        except ValueError as error:
            logger.warning("Another version was to explain; it is asked anew: %s", error)
            mine.delete()
            return False
        if grounds.digest(self.explainer.identity) != digest:
            logger.warning("Another model than %s was to explain; it is asked anew.", self.explainer.identity)
            mine.delete()
            return False
        if not self._may_ask(now.astimezone(UTC).date()):
            logger.warning(
                "The %d explanations of the day are written; the template goes on.", self.daily_budget
            )
            mine.update(is_done=True, evidence=None, expires_at=now + OVER_BUDGET)
            return False
        words = self.explainer.explain(grounds)
        is_real = words.source is self.explainer.source
        mine.update(
            text=words.text,
            source=words.source.value,
            is_done=True,
            evidence=None,
            expires_at=self.now() + (self.ttl if is_real else AFTER_A_FAILURE),
        )
        return is_real

    def _may_ask(self, day: date) -> bool:
        """Return whether one more call is within the budget, and count it: exact, whoever else asks."""
        ModelCalls.objects.get_or_create(day=day)
        today = ModelCalls.objects.filter(day=day)
        if self.daily_budget:
            today = today.filter(n_calls__lt=self.daily_budget)
        return bool(today.update(n_calls=F("n_calls") + 1))


def remove_old_texts(now: datetime) -> int:
    """Return how many texts, too old to be shown, are gone."""
    return WrittenText.objects.filter(expires_at__lte=now).delete()[0]
