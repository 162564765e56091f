"""Explanations written by workers: a template's text now, the model's text in a later response."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from recommendations.errors import QueueUnavailable
from recommendations.explainers.base import Evidence, Explainer, Explanation, Source
from recommendations.explaining.evidence_json import to_json
from recommendations.explaining.inline import ProvidedExplanation, evidence
from recommendations.explaining.text_ids import text_id
from recommendations.models import WrittenText
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.results import RecommendationList

# A text that no worker has written by then was lost on the way, and is requested again.
LOST_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DeferredExplanations:
    """Provides explanations that workers write.

    explainer:   the one that workers use
    placeholder: explains until the worker's text is there
    send:        sends the id of a text to the workers; raises QueueUnavailable
    id_key:      the secret key of the ids of texts
    """

    explainer: Explainer
    placeholder: Explainer
    send: Callable[[str], None]
    now: Callable[[], datetime]
    id_key: str = field(repr=False)

    def __call__(self, recommendations: RecommendationList) -> ProvidedExplanation:
        """Return the worker's text if there is one, else the placeholder's with the id of the pending text.

        1 query; 3 if the text has to be requested. If the queue is unavailable, no text is pending.
        """
        facts = evidence(recommendations)
        digest = facts.digest(self.explainer.identity)
        stored = recommendations.stored_explanation
        if stored is not None and stored.digest == digest:
            return ProvidedExplanation(stored.explanation, is_final=True)
        now, shopper = self.now(), recommendations.shopper
        id = text_id(self.id_key, facts, self.explainer.identity, shopper.id)
        written = WrittenText.objects.filter(digest=id).first()
        if written is not None and written.is_done and written.expires_at > now:
            source = Source(written.source)
            return ProvidedExplanation(
                Explanation(written.text, source), is_final=source is self.explainer.source
            )
        placeholder = self.placeholder.explain(facts)
        if written is not None and not written.is_done and written.asked_at > now - LOST_AFTER:
            return ProvidedExplanation(placeholder, is_final=False, pending_id=id)
        is_requested = self._request(id, facts, shopper, placeholder)
        return ProvidedExplanation(placeholder, is_final=False, pending_id=id if is_requested else "")

    def _request(self, id: str, facts: Evidence, shopper: Shopper, placeholder: Explanation) -> bool:
        """Return whether a worker will write the text, requested now by this process or by another one."""
        now = self.now()
        try:
            is_mine = self._claim(id, facts, shopper, placeholder, now)
        except IntegrityError:  # the shopper has just been deleted
            return False
        if not is_mine:
            return True
        try:
            self.send(id)
        except QueueUnavailable:  # logged where it is raised
            WrittenText.objects.filter(digest=id, is_done=False, begun_at=None).delete()
            return False
        return True

    def _claim(
        self, id: str, facts: Evidence, shopper: Shopper, placeholder: Explanation, now: datetime
    ) -> bool:
        """Create the row of the text, or reset an expired one. Return False if another process did that."""
        fields = {
            # Evidence without a name is the same for every shopper with this behaviour.
            "user_id": shopper.id if facts.user_name else None,
            "evidence": to_json(facts),
            "text": placeholder.text,
            "source": placeholder.source.value,
            "is_done": False,
            "asked_at": now,
            "begun_at": None,
            "expires_at": now + timedelta(days=1),
        }
        with transaction.atomic():
            _, is_new = WrittenText.objects.get_or_create(digest=id, defaults=fields)
            if is_new:
                return True
            stale = Q(is_done=True, expires_at__lte=now) | Q(is_done=False, asked_at__lte=now - LOST_AFTER)
            return bool(WrittenText.objects.filter(stale, digest=id).update(**fields))
