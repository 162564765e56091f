"""Writes deferred explanations in a worker: each once, within the daily budget."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db.models import F, Q

from recommendations.explainers.base import Explainer
from recommendations.explaining.evidence_json import from_json
from recommendations.explaining.text_ids import text_id
from recommendations.models import ModelCalls, WrittenText

logger = logging.getLogger(__name__)

# A worker that has not written the text by then was killed.
CLAIM_TTL = timedelta(minutes=2)
# How long the template's text is used after the model failed, and when the daily budget is spent.
FAILURE_TTL = timedelta(minutes=1)
OVER_BUDGET_TTL = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ExplanationWriter:
    """Writes the texts that `DeferredExplanations` requests.

    daily_budget: how many calls of the explainer a day (UTC) may have, 0 for no limit
    ttl:          how long a text is used
    id_key:       the secret key of the ids of texts
    """

    explainer: Explainer
    daily_budget: int
    ttl: timedelta
    now: Callable[[], datetime]
    id_key: str = field(repr=False)

    def __call__(self, id: str) -> bool:
        """Write the text. Return whether the model wrote it now; False if another worker did or does."""
        now = self.now()
        unclaimed = Q(begun_at=None) | Q(begun_at__lte=now - CLAIM_TTL)
        pending = WrittenText.objects.filter(digest=id, is_done=False)
        if not pending.filter(unclaimed).update(begun_at=now):
            return False
        stored, user_id = pending.values_list("evidence", "user_id").first() or (None, None)
        if stored is None:  # the user has just been erased
            return False
        try:
            facts = from_json(stored)
        except ValueError as error:
            logger.warning(
                "The request for an explanation is from another version, so it is dropped: %s", error
            )
            pending.delete()
            return False
        if text_id(self.id_key, facts, self.explainer.identity, user_id) != id:
            logger.warning(
                "The request for an explanation is for another model than %s, so it is dropped.",
                self.explainer.identity,
            )
            pending.delete()
            return False
        wait = self._wait_for_model(now)
        if wait is not None:
            pending.update(is_done=True, evidence=None, expires_at=now + wait)
            return False
        try:
            explanation = self.explainer.explain(facts)
        except Exception:
            pending.update(begun_at=None)  # so that the task's next delivery writes the text
            raise
        is_from_model = explanation.source is self.explainer.source
        pending.update(
            text=explanation.text,
            source=explanation.source.value,
            is_done=True,
            evidence=None,
            expires_at=self.now() + (self.ttl if is_from_model else FAILURE_TTL),
        )
        return is_from_model

    def _wait_for_model(self, now: datetime) -> timedelta | None:
        """Return how long the template's text is used, None after counting a call of the model."""
        if self.explainer.is_resting:
            return FAILURE_TTL
        if self._spend_call(now.astimezone(UTC).date()):
            return None
        logger.warning(
            "The daily budget of %d explanations is spent; the template explains.", self.daily_budget
        )
        return OVER_BUDGET_TTL

    def _spend_call(self, day: date) -> bool:
        """Count one more call. Return False if the budget is spent; exact for any number of workers."""
        ModelCalls.objects.get_or_create(day=day)
        today = ModelCalls.objects.filter(day=day)
        if self.daily_budget:
            today = today.filter(n_calls__lt=self.daily_budget)
        return bool(today.update(n_calls=F("n_calls") + 1))


def remove_old_texts(now: datetime) -> int:
    """Delete expired texts. Return how many were deleted."""
    return WrittenText.objects.filter(expires_at__lte=now).delete()[0]
