"""Validation of cached answers: one query, and the ages that settings allow."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from recommendations.selectors.answer_versions import VersionRow
from recommendations.selectors.models import ActiveModels
from recommendations.serving.request import Lookup, RecommendationRequest
from recommendations.serving.results import AnswerVersion, ModelRef, SnapshotVersion


@dataclass(frozen=True, slots=True)
class FreshnessPolicy:
    """How old an answer that was computed live may be.

    ttl_seconds:     since it was computed; 0 to give none twice
    max_age_seconds: since its snapshot was read, unless the current snapshot has the same content
    stamp:           returns the stamp of the current snapshot; clock: seconds since 1970
    """

    ttl_seconds: float
    max_age_seconds: float
    stamp: Callable[[], str]
    clock: Callable[[], float]

    def allows(self, snapshot: SnapshotVersion) -> bool:
        """Return whether an answer from this snapshot may be given again."""
        now = self.clock()
        # A clock that was set back must not keep an answer alive.
        if not 0 <= now - snapshot.computed_at < self.ttl_seconds:
            return False
        return 0 <= now - snapshot.read_at < self.max_age_seconds or snapshot.stamp == self.stamp()


@dataclass(frozen=True, slots=True)
class Validator:
    """Decides whether an answer is still valid.

    read:     reads a row of the database, as `selectors.answer_versions.version_row` does
    resolve:  returns the model that answers a strategy's name, or None, given the active models
    is_young: whether a stored list of that moment may still be served
    """

    read: Callable[[Lookup, str, list[int]], VersionRow | None]
    resolve: Callable[[str | None, ActiveModels], ModelRef]
    is_young: Callable[[datetime], bool]
    freshness: FreshnessPolicy

    def __call__(
        self, request: RecommendationRequest, version: AnswerVersion, fingerprint: bytes | None = None
    ) -> bytes | None:
        """Return the fingerprint of the row that confirms the answer; None if the answer is out of date.

        1 query; none for an answer that is too old. fingerprint: of the row that confirmed it the last
        time, to compare with before anything is decoded
        """
        if not self._is_fresh(version):
            return None
        row = self.read(request.lookup, version.model.strategy, version.product_ids)
        if row is None:
            return None
        found = row.fingerprint()
        return found if found == fingerprint or self._agrees(request, version, row) else None

    def _is_fresh(self, version: AnswerVersion) -> bool:
        if version.snapshot is not None:
            return self.freshness.allows(version.snapshot)
        return version.list_at is not None and self.is_young(version.list_at)

    def _agrees(self, request: RecommendationRequest, version: AnswerVersion, row: VersionRow) -> bool:
        versions = {version.model.strategy: row.version} if row.version else {}
        return (
            row.digest() == version.digest
            and (not version.uses_list or row.stored_list == version.stored_list)
            and self.resolve(request.strategy, ActiveModels(row.default, versions)) == version.model
        )
