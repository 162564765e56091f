"""Training data of the ranking model: features from before each window, labels from inside it."""

from dataclasses import dataclass, field, replace

import numpy as np

from recommendations.engine.actions import DAY, Action
from recommendations.engine.histories import Histories, Mask, seen
from recommendations.engine.log import Log
from recommendations.engine.ragged import Ragged
from recommendations.strategies.base import Training
from recommendations.strategies.hybrid import Hybrid
from recommendations.strategies.hybrid.stage import Stage
from recommendations.strategies.hybrid.training import STEP_DAYS, WINDOW_DAYS, examples
from tests.worlds import TABLE, Article, World

N_PRODUCTS, N_USERS, DAYS, N_WINDOWS = 30, 40, 150, 3


def shop() -> Training:
    """Return a shop with random events of all kinds, dismissals included."""
    random = np.random.default_rng(3)
    at = np.sort(random.integers(0, DAYS * DAY, 1_500))
    log = Log(
        random.integers(1, N_USERS + 1, len(at)),
        random.integers(1, N_PRODUCTS + 1, len(at)),
        at,
        random.choice([Action.VIEW, Action.PURCHASE, Action.DISMISS], len(at)).astype(np.uint8),
    )
    world = World({n: Article(f"C{n % 3}", frozenset({f"t{n % 4}"})) for n in range(1, N_PRODUCTS + 1)})
    now = int(at[-1]) + 1
    return Training(world.snapshot().at(now, *log.counts()), log, TABLE)


@dataclass(frozen=True, eq=False)
class Recording(Stage):
    """Stage that records its training data, its requests and the candidates that it returned."""

    fitted_to: Training | None = None
    asked_for: list[tuple[Histories, Mask, Ragged]] = field(default_factory=list)

    def candidates(self, histories: Histories, allowed: Mask) -> Ragged:
        found = super().candidates(histories, allowed)
        self.asked_for.append((histories, allowed, found))
        return found


@dataclass
class Stages:
    """Creates stages like the hybrid strategy and records them, latest window first."""

    made: list[Recording] = field(default_factory=list)

    def __call__(self, training: Training) -> Recording:
        stage = Hybrid()._stage(training)
        parts = {name: getattr(stage, name) for name in Stage.__dataclass_fields__}
        self.made.append(Recording(**parts, fitted_to=training))
        return self.made[-1]


class TestExamples:
    def cutoffs(self) -> list[int]:
        """Return the start of each window: the latest ends now, each other one STEP_DAYS earlier."""
        now = shop().snapshot.now
        return [now - (WINDOW_DAYS + back * STEP_DAYS) * DAY for back in range(N_WINDOWS)]

    def learned(self) -> tuple[Stages, np.ndarray]:
        stages = Stages()
        found = examples(shop(), N_WINDOWS, stages, seed=1)
        assert found is not None
        assert len(stages.made) == N_WINDOWS
        return stages, found.labels

    def test_are_fitted_to_what_came_before_their_window_and_to_all_of_it(self):
        stages, _ = self.learned()

        for stage, cutoff in zip(stages.made, self.cutoffs(), strict=True):
            log, snapshot = stage.fitted_to.log, stage.fitted_to.snapshot
            assert log.at.max() < cutoff
            assert len(log) == np.count_nonzero(shop().log.at < cutoff)
            assert snapshot.now <= cutoff
            assert stage.item_features.now <= cutoff
            assert snapshot.popularity.sum() == len(log.liked)
            assert stage.item_features.week.sum() == np.count_nonzero(log.liked.at > snapshot.now - 7 * DAY)

    def test_know_of_their_users_what_came_before_their_window_and_all_of_it(self):
        stages, _ = self.learned()

        for stage, cutoff in zip(stages.made, self.cutoffs(), strict=True):
            ids = stage.snapshot.product_ids
            past = shop().log.take(shop().log.at < cutoff)
            known = {
                user: sorted(zip(past.product_ids[theirs].tolist(), past.at[theirs].tolist(), strict=True))
                for user in np.unique(past.user_ids).tolist()
                for theirs in [past.user_ids == user]
            }
            for histories, allowed, _ in stage.asked_for:
                assert histories.at.max() < cutoff
                for user in range(len(histories)):
                    mine = histories.take(np.array([user]))
                    events = zip(ids[mine.events.flat].tolist(), mine.at.tolist(), strict=True)
                    assert sorted(events) in known.values()
                    assert set(allowed.own[user].tolist()) == set(histories.events[user].tolist())

    def test_are_labelled_by_what_users_met_for_the_first_time_within_the_window(self):
        stages, met = self.learned()

        labels, log = iter(met.tolist()), shop().log.liked
        n_met = 0
        for stage, cutoff in zip(stages.made, self.cutoffs(), strict=True):
            within = (log.at >= cutoff) & (log.at < cutoff + WINDOW_DAYS * DAY)
            pairs = set(zip(log.user_ids[within].tolist(), log.product_ids[within].tolist(), strict=True))
            users = iter(self.users(stage, cutoff))
            for histories, _, proposed in stage.asked_for:
                for row in range(len(histories)):
                    user = next(users)
                    for product in stage.snapshot.product_ids[proposed[row]].tolist():
                        assert next(labels) == ((user, product) in pairs)
                        n_met += (user, product) in pairs
        assert next(labels, None) is None
        assert n_met > 50

    def users(self, stage: Recording, cutoff: int) -> list[int]:
        """Return the user of each row, identified by their history, which is unique."""
        past = shop().log.take(shop().log.at < cutoff)
        of_history = {
            tuple(past.at[past.user_ids == user][::-1].tolist()): user
            for user in np.unique(past.user_ids).tolist()
        }
        return [
            of_history[tuple(histories.take(np.array([row])).at.tolist())]
            for histories, _, _ in stage.asked_for
            for row in range(len(histories))
        ]

    def test_see_the_same_of_a_window_whatever_came_in_it(self):
        training = shop()
        later = training.log.at >= self.cutoffs()[0]
        other = np.where(later, N_PRODUCTS + 1 - training.log.product_ids, training.log.product_ids)
        changed = replace(training, log=replace(training.log, product_ids=other))

        tables = []
        for given in (training, changed):
            stages = Stages()
            examples(given, 1, stages, seed=1)
            (stage,) = stages.made
            histories = stage.fitted_to.log.histories(np.arange(1, N_USERS + 1), stage.snapshot)
            allowed = Mask(stage.snapshot.active, seen(histories, len(stage.snapshot)))
            tables.append(stage.table(histories, stage.candidates(histories, allowed)))

        assert np.array_equal(*tables, equal_nan=True)
