"""Reasons of the hybrid strategy: named reasons are true, and the rest covers everything else."""

from dataclasses import replace

import numpy as np

from recommendations.engine.actions import Action
from recommendations.engine.histories import Mask, seen
from recommendations.engine.ltr.booster import Blend
from recommendations.engine.ltr.features import COLLABORATIVE, GROUPS, NAMES, OTHER, TAG
from recommendations.engine.ltr.item_features import item_features
from recommendations.engine.neighbours import Links
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.strategies.collaborative import CollaborativeModel
from recommendations.strategies.hybrid import SCALE, HybridModel, HybridRetriever
from tests.worlds import TABLE, Article, World

# The lamp (1) has a small positive link to the vase (3), the mug (2) a large negative one.
LAMP, MUG, VASE = 1, 2, 3
WORLD = World({LAMP: Article(), MUG: Article(), VASE: Article("Home", frozenset({"glass"}))}, [[LAMP, MUG]])
IDS = np.array([LAMP, MUG, VASE])
SNAPSHOT = WORLD.snapshot()


def memory(from_lamp: float, from_mug: float) -> CollaborativeModel:
    """Return a model with two links, both to the vase."""
    links = Links(
        np.array([0, 1, 2, 2]), np.array([2, 2], np.int32), np.array([from_lamp, from_mug], np.float32)
    )
    return CollaborativeModel(IDS, links, TABLE, {"method": "ease"})


def dismissed_the_mug():
    """Return the history of a user who bought the lamp and dismissed the mug."""
    past = WORLD.batch(SNAPSHOT)
    is_mug = past.events.flat == SNAPSHOT.locate(np.array([MUG]))[0]
    actions = np.where(is_mug, Action.DISMISS, Action.PURCHASE).astype(np.uint8)
    return replace(past, actions=actions, at=np.full(2, SNAPSHOT.now), derived={})


def why(retriever, k: int = 1) -> tuple[Reason, ...]:
    """Return the reasons of the first pick, which is the vase."""
    past = dismissed_the_mug()
    found = retriever.retrieve(past, allowed=Mask(SNAPSHOT.active, seen(past, len(SNAPSHOT))), k=k)
    assert SNAPSHOT.product_ids[found.positions[0, 0]] == VASE
    reasons: tuple[Reason, ...] = retriever.reasons(past, found)[0][0]
    assert sum(reason.points for reason in reasons) == found.points[0, 0]
    return reasons


def hybrid(long: CollaborativeModel, recent: CollaborativeModel, ranker=None) -> HybridRetriever:
    known = item_features(WORLD.log(), TABLE, now=SNAPSHOT.now)
    return HybridModel(known, long, recent, ranker or Blend(), {}).bind(SNAPSHOT)


def named(reasons: tuple[Reason, ...]) -> list[int]:
    return [int(reason.value) for reason in reasons if reason.kind is ReasonKind.BECAUSE]


class TestGrounds:
    """The dismissed mug adds more to the vase than the bought lamp: both its weights are negative."""

    def test_of_collaborative_are_nothing_that_was_dismissed(self):
        assert named(why(memory(0.1, -0.5).bind(SNAPSHOT))) == [LAMP]

    def test_of_the_hybrid_are_nothing_that_was_dismissed(self):
        assert named(why(hybrid(memory(0.1, -0.5), memory(0.1, -0.5)))) == [LAMP]

    def test_of_the_hybrid_are_looked_for_in_the_shorter_memory_where_the_longer_has_none(self):
        assert named(why(hybrid(memory(0, -0.5), memory(0.1, -0.5)))) == [LAMP]

    def test_are_none_where_only_a_dismissal_speaks_for_a_pick(self):
        assert named(why(hybrid(memory(0, -0.5), memory(0, -0.5)))) == []


class Fixed:
    """Ranking model with fixed contributions. more: the constant part of the score"""

    def __init__(self, more: float = 0, **added: float) -> None:
        self.more = more
        self.row = np.array([added.get(name.replace(" ", "_"), 0.0) for name in NAMES])

    def scores(self, table):
        return np.full(len(table), self.row.sum() + self.more)

    def contributions(self, table):
        return np.tile(self.row, (len(table), 1))

    def save(self, folder):
        """Write nothing."""


class TestRest:
    def rest(self, ranker: Fixed) -> Reason | None:
        reasons = why(hybrid(memory(0.1, -0.5), memory(0.1, -0.5), ranker))
        assert ReasonKind.REST not in [reason.kind for reason in reasons[:-1]]
        return reasons[-1] if reasons[-1].kind is ReasonKind.REST else None

    def test_counts_nothing_that_is_named(self):
        """Three features form the named reason; the other two belong to no named kind."""
        assert [GROUPS[NAMES.index(name)] for name in ("long score", "price", "age")] == [
            COLLABORATIVE,
            OTHER,
            OTHER,
        ]

        found = self.rest(Fixed(long_score=1, long_share=0.5, recent_rank=0.5, price=0.25, age=0.5))

        assert found == Reason(ReasonKind.REST, 2, round(0.75 * SCALE))

    def test_counts_a_kind_that_could_be_named_but_does_not_hold(self):
        """The user's history does not have the vase's tag."""
        assert GROUPS[NAMES.index("tag similarity")] == TAG

        found = self.rest(Fixed(long_score=1, tag_similarity=0.5))

        assert found == Reason(ReasonKind.REST, 1, round(0.5 * SCALE))

    def test_is_below_0_where_more_speaks_against_a_pick(self):
        found = self.rest(Fixed(long_score=1, price=-0.75, age=0.25))

        assert found == Reason(ReasonKind.REST, 2, round(-0.5 * SCALE))

    def test_holds_where_the_ranker_begins_to_count(self):
        assert self.rest(Fixed(more=0.25, long_score=1)) == Reason(ReasonKind.REST, 0, round(0.25 * SCALE))

    def test_is_left_out_where_nothing_is_left(self):
        assert self.rest(Fixed(long_score=1)) is None
