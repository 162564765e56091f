"""Whether what an answer stood on still stands: one statement, and what the clock says."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from recommendations.selectors.facts import Read
from recommendations.selectors.models import ActiveModels
from recommendations.selectors.states import State
from recommendations.serving.results import Grounds, LiveGrounds, ModelRef

Lookup = tuple[str, int | str]


@dataclass(frozen=True, slots=True)
class FreshnessPolicy:
    """How old an answer that was computed live may be.

    ttl_seconds:     since it was made, at most; 0 for none to be given twice
    max_age_seconds: since its snapshot was read, unless nothing differs in the one there is now
    stamp:           of the snapshot there is now; clock: seconds since 1970
    """

    ttl_seconds: float
    max_age_seconds: float
    stamp: Callable[[], str]
    clock: Callable[[], float]

    def allows(self, grounds: LiveGrounds) -> bool:
        """Return whether an answer from this moment and this snapshot may be given (again)."""
        now = self.clock()
        # A clock that was put back must not make an answer last.
        if not 0 <= now - grounds.made_at < self.ttl_seconds:
            return False
        return 0 <= now - grounds.read_at < self.max_age_seconds or grounds.stamp == self.stamp()


@dataclass(frozen=True, slots=True)
class Validator:
    """state, facts: read what the database holds, as the selectors of these names have it.

    settled:  gives the strategy and version that answer a named strategy, or None, in a given standing
    is_young: whether a list that was generated at that moment may still be served
    recency:  the same of an answer that was computed live
    """

    state: Callable[[Lookup, str, list[int], list[int]], State | None]
    facts: Callable[[Lookup, str, list[int]], Read | None]
    settled: Callable[[str | None, ActiveModels], ModelRef]
    is_young: Callable[[datetime], bool]
    recency: FreshnessPolicy

    def __call__(self, lookup: Lookup, strategy: str | None, grounds: Grounds | LiveGrounds) -> bool:
        """Return whether the answer to that wish is still what it was. 1 query, none for one that is too old.

        strategy: the one that was asked for, None for the default
        """
        chosen = grounds.chosen
        if isinstance(grounds, Grounds):
            return self.is_young(grounds.state.generated_at) and grounds.state == self.state(
                lookup, chosen.strategy, grounds.products, grounds.shown
            )
        if not self.recency.allows(grounds):
            return False
        read = self.facts(lookup, chosen.strategy, grounds.products)
        return (
            read is not None
            and read.facts.digest() == grounds.facts
            and (not grounds.is_plain or read.list_at == grounds.list_at)
            and self._settled(strategy, chosen, read.default, read.version) == chosen
        )

    def may_keep(self, strategy: str | None, grounds: Grounds | LiveGrounds) -> bool:
        """Return whether the answer may be given again, as long as its grounds hold. No query.

        Whoever was to answer a stored list was read before its grounds were, and must be so by them, too.
        """
        if isinstance(grounds, LiveGrounds):
            return self.recency.ttl_seconds > 0
        read = grounds.state
        return self._settled(strategy, grounds.chosen, read.default, read.version) == grounds.chosen

    def _settled(
        self, strategy: str | None, chosen: ModelRef, default: str | None, version: str | None
    ) -> ModelRef:
        versions = {chosen.strategy: version} if version else {}
        return self.settled(strategy, ActiveModels(default, versions))
