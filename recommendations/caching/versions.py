"""Validation of cached answers by the state of the shop, without a query."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from recommendations.engine.snapshot import Snapshot
from recommendations.serving.results import AnswerVersion, SnapshotVersion, digest_of
from recommendations.serving.state import ShopperState


@dataclass(frozen=True, slots=True)
class FreshnessPolicy:
    """How old an answer that was computed live may be.

    ttl_seconds:     since it was computed; 0 to give none twice
    max_age_seconds: since its popularity was read, unless that is the same now
    clock:           seconds since 1970
    """

    ttl_seconds: float
    max_age_seconds: float
    clock: Callable[[], float]

    def allows(self, version: SnapshotVersion, current: Snapshot) -> bool:
        """Return whether an answer from this snapshot may be given again. current: the snapshot now"""
        now = self.clock()
        # A clock that was set back must not keep an answer alive.
        if not 0 <= now - version.computed_at < self.ttl_seconds:
            return False
        return version.stamp == current.stamp and (
            0 <= now - version.renewed_at < self.max_age_seconds or version.activity == current.activity_stamp
        )


@dataclass(frozen=True, slots=True)
class Validator:
    """Decides whether an answer is still valid. is_young: whether a stored list of that moment may answer"""

    is_young: Callable[[datetime], bool]
    freshness: FreshnessPolicy

    def __call__(self, version: AnswerVersion, state: ShopperState, number: int | None = None) -> bool:
        """Return whether the answer is what this state gives.

        number: of the catalogue that confirmed the answer's products in this process; None for none
        """
        catalogue = state.catalogue
        return (
            version.shopper == state.shopper
            and version.model == state.model
            and (not version.uses_list or version.stored_list == (state.stored and state.stored.identity))
            and self._is_fresh(version, state)
            and (
                number == catalogue.number
                or version.digest == digest_of(catalogue.details.with_missing(version.product_ids))
            )
        )

    def _is_fresh(self, version: AnswerVersion, state: ShopperState) -> bool:
        if version.snapshot is not None:
            return self.freshness.allows(version.snapshot, state.catalogue.pipelines.snapshot)
        return version.list_at is not None and self.is_young(version.list_at)
