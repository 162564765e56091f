"""Words a shelf at once by the template, and has a model's words written by workers for the next time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from recommendations.errors import QueueUnavailable
from recommendations.explainers.base import Evidence, Explainer, Explanation, Source
from recommendations.explaining.evidence_json import to_json
from recommendations.explaining.inline import ProvidedExplanation, evidence
from recommendations.models import WrittenText
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.results import RecommendationList

# What no worker has written by then was lost on the way, and is asked for again.
LOST_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DeferredExplanations:
    """explainer: who is to write; meanwhile: who words it until then; send: hands a text to the workers"""

    explainer: Explainer
    meanwhile: Explainer
    send: Callable[[str], None]
    now: Callable[[], datetime]

    def __call__(self, shelf: RecommendationList) -> ProvidedExplanation:
        """Return the model's words where they are written, else the template's, and where to wait for others.

        1 query; 3 in all where they are to be asked for. When nothing can be handed over now, the
        template's words are all there is.
        """
        grounds = evidence(shelf)
        digest = grounds.digest(self.explainer.identity)
        if shelf.written is not None and shelf.written.digest == digest:
            return ProvidedExplanation(shelf.written.explanation, is_settled=True)
        now = self.now()
        found = WrittenText.objects.filter(digest=digest).first()
        if found is not None and found.is_done and found.expires_at > now:
            source = Source(found.source)
            return ProvidedExplanation(
                Explanation(found.text, source), is_settled=source is self.explainer.source
            )
        words = self.meanwhile.explain(grounds)
        if found is not None and not found.is_done and found.asked_at > now - LOST_AFTER:
            return ProvidedExplanation(words, is_settled=False, awaited=digest)
        is_asked = self._ask(digest, grounds, shelf.shopper, words)
        return ProvidedExplanation(words, is_settled=False, awaited=digest if is_asked else "")

    def _ask(self, digest: str, grounds: Evidence, shopper: Shopper, words: Explanation) -> bool:
        """Return whether the text will be written: asked for now, by this process or another one."""
        now = self.now()
        try:
            is_mine = self._claim(digest, grounds, shopper, words, now)
        except IntegrityError:  # the shopper was deleted this moment
            return False
        if not is_mine:
            return True
        try:
            self.send(digest)
        except QueueUnavailable:  # which is logged
            WrittenText.objects.filter(digest=digest, is_done=False, begun_at=None).delete()
            return False
        return True

    def _claim(
        self, digest: str, grounds: Evidence, shopper: Shopper, words: Explanation, now: datetime
    ) -> bool:
        """Return whether the row is to be written anew, and nobody else asked for that."""
        wanted = {
            # Without a name it is for anybody of whom the same is known.
            "user_id": shopper.id if grounds.user_name else None,
            "evidence": to_json(grounds),
            "text": words.text,
            "source": words.source.value,
            "is_done": False,
            "asked_at": now,
            "begun_at": None,
            "expires_at": now + timedelta(days=1),
        }
        with transaction.atomic():
            _, is_new = WrittenText.objects.get_or_create(digest=digest, defaults=wanted)
            if is_new:
                return True
            stale = Q(is_done=True, expires_at__lte=now) | Q(is_done=False, asked_at__lte=now - LOST_AFTER)
            return bool(WrittenText.objects.filter(stale, digest=digest).update(**wanted))
