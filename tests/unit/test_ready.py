"""What keeps rendered answers: how much of them, and for whom."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from core.api.renderers import to_json
from recommendations.caching import responses as module
from recommendations.caching.answers import Answer
from recommendations.caching.responses import ResponseCache, Wish
from recommendations.caching.shared_responses import Alone
from recommendations.caching.single_flight import SingleFlight
from recommendations.caching.versions import FreshnessPolicy, Validator
from recommendations.selectors.models import ActiveModels
from recommendations.selectors.shoppers import Shopper
from recommendations.selectors.states import State
from recommendations.serving.results import Grounds, ModelRef, RecommendationRequest
from tests.factories import NOON
from tests.waiting import PATIENCE_SECONDS

MIB = 1 << 20
CONTENT = ModelRef("content")


def state_of(key: int | str, *, name: str = "Alice", default: str | None = None) -> State:
    return State(int(key), name, "d", 1, 1, NOON, "[1,1]", default, None, "[1]", None)


def wish(key: int) -> Wish:
    return Wish(("pk", key), None, 5)


def ask(key: int) -> Callable[[], RecommendationRequest]:
    return lambda: RecommendationRequest(Shopper(key, "Alice"), 5, CONTENT)


def holding_by(
    state: Callable[..., State], settled: Callable[[str | None, ActiveModels], ModelRef]
) -> Validator:
    return Validator(
        state=state,
        facts=lambda *_: None,
        settled=settled,
        is_young=lambda at: NOON - at < timedelta(days=1),
        recency=FreshnessPolicy(ttl_seconds=0, max_age_seconds=0, stamp=str, clock=float),
    )


class Shop:
    """The database, and what answers from it: a body of so many bytes, and how often it had to."""

    def __init__(self, n_bytes: int = 10) -> None:
        self.names: dict[int, str] = {}
        self.default: str | None = None
        self.n_bytes = n_bytes
        self.n_answers = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def state(
        self, lookup: tuple[str, int | str], strategy: str, products: list[int], shown: list[int]
    ) -> State:
        key = int(lookup[1])
        found = state_of(key, name=self.names.get(key, "Alice"), default=self.default)
        self.meanwhile()
        return found

    def answer(self, ask: RecommendationRequest) -> Answer:
        self.n_answers += 1
        read = self.state(("pk", ask.shopper.id), "content", [1], [1])
        return Answer(to_json(read.user_name.ljust(self.n_bytes)), Grounds(ask.chosen, [1], [1], read))

    def holding(self) -> Validator:
        return holding_by(self.state, lambda strategy, now: ModelRef(strategy or now.default or "content"))

    def ready(self, max_bytes: int = MIB) -> ResponseCache:
        return ResponseCache(Alone(self.answer), holding=self.holding(), max_bytes=max_bytes)


class TestReady:
    def test_answers_once_while_nothing_changes(self):
        shop = Shop()
        ready = shop.ready()

        answers = [ready(wish(1), ask(1)) for _ in range(3)]

        assert answers[0] == answers[1] == answers[2]
        assert shop.n_answers == 1

    def test_answers_anew_after_a_change_and_keeps_that(self):
        shop = Shop()
        ready = shop.ready()
        ready(wish(1), ask(1))
        shop.names[1] = "Alicia"

        bodies = [json.loads(ready(wish(1), ask(1)).body).strip() for _ in range(2)]

        assert bodies == ["Alicia", "Alicia"]
        assert shop.n_answers == 2

    def test_keeps_nothing_that_another_strategy_should_have_answered(self):
        shop = Shop()
        ready = shop.ready()
        shop.default = "popular"  # since the ask was made

        ready(wish(1), ask(1))
        ready(wish(1), ask(1))

        assert shop.n_answers == 2

    def test_asks_no_more_than_what_it_must(self):
        shop = Shop()
        ready = shop.ready()
        ready(wish(1), ask(1))

        ready(wish(1), lambda: 1 / 0)  # type: ignore[arg-type, return-value]

        assert shop.n_answers == 1


class TestBound:
    def test_drops_what_has_not_been_asked_for_the_longest(self):
        shop = Shop(n_bytes=100_000)
        ready = shop.ready(max_bytes=330_000)
        for key in (1, 2, 3):
            ready(wish(key), ask(key))
        ready(wish(1), ask(1))

        ready(wish(4), ask(4))

        before = shop.n_answers
        for key in (1, 3, 4):
            ready(wish(key), ask(key))
        assert shop.n_answers == before
        ready(wish(2), ask(2))
        assert shop.n_answers == before + 1

    def test_keeps_no_answer_that_is_larger_than_all_that_may_be_kept(self):
        shop = Shop(n_bytes=100_000)
        ready = shop.ready(max_bytes=90_000)

        for _ in range(2):
            ready(wish(1), ask(1))

        assert shop.n_answers == 2

    def test_counts_an_answer_that_is_replaced_once(self):
        shop = Shop(n_bytes=100_000)
        ready = shop.ready(max_bytes=330_000)
        ready(wish(2), ask(2))

        for n in range(20):
            shop.names[1] = f"Name {n}"
            ready(wish(1), ask(1))

        before = shop.n_answers
        ready(wish(2), ask(2))
        assert shop.n_answers == before

    def test_holds_however_many_are_asked_for(self):
        shop = Shop(n_bytes=1_000)
        ready = shop.ready(max_bytes=100_000)

        for key in range(1, 500):
            ready(wish(key), ask(key))

        before = shop.n_answers
        for key in range(499, 0, -1):
            ready(wish(key), ask(key))
        n_kept = 499 - (shop.n_answers - before)
        assert 20 <= n_kept <= 100

    def test_holds_for_the_memory_that_is_really_taken(self):
        shop = Shop(n_bytes=5_000)
        ready = shop.ready(max_bytes=500_000)
        tracemalloc.start()

        for key in range(1, 300):
            ready(wish(key), ask(key))

        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert 300_000 < taken < 550_000


class TestThreads:
    @pytest.fixture(autouse=True)
    def patient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Threads wait for each other however busy the machine is."""
        monkeypatch.setattr(module, "PATIENCE_SECONDS", PATIENCE_SECONDS)

    def test_that_ask_the_same_at_once_are_given_one_answer(self):
        shop = Shop()
        n_threads = 8
        others = Barrier(n_threads)

        def held(ask: RecommendationRequest) -> Answer:
            """While the first is answered, the others come."""
            others.wait(PATIENCE_SECONDS)
            return shop.answer(ask)

        slow = ResponseCache(Alone(held), holding=shop.holding(), max_bytes=MIB)
        answers: list[Answer] = []
        first = Thread(target=lambda: answers.append(slow(wish(1), ask(1))))
        first.start()
        rest = [
            Thread(target=lambda: (others.wait(PATIENCE_SECONDS), answers.append(slow(wish(1), ask(1)))))
            for _ in range(n_threads - 1)
        ]
        for thread in rest:
            thread.start()
        for thread in (first, *rest):
            thread.join()

        assert shop.n_answers == 1
        assert len(answers) == n_threads

    def test_that_waited_are_not_given_an_answer_that_is_out_of_date(self):
        shop = Shop()
        ready = shop.ready()

        @contextmanager
        def after_another(key: Wish) -> Iterator[bool]:
            """Another thread answers first, and then the shop changes."""
            ready._flight = SingleFlight(PATIENCE_SECONDS)
            ready(key, ask(1))
            shop.names[1] = "Alicia"
            yield True

        ready._flight = after_another  # type: ignore[assignment]

        assert json.loads(ready(wish(1), ask(1)).body).strip() == "Alicia"

    def test_that_find_the_same_change_answer_anew_once(self):
        shop = Shop()
        ready = shop.ready()
        ready(wish(1), ask(1))
        shop.names[1] = "Alicia"
        began = []

        def another_is_quicker() -> None:
            """While the first thread compares, the second one answers anew."""
            if not began:
                began.append(True)
                thread = Thread(target=ready, args=(wish(1), ask(1)))
                thread.start()
                thread.join()

        shop.meanwhile = another_is_quicker
        bodies = {ready(wish(1), ask(1)).body for _ in range(2)}

        assert len(bodies) == 1
        assert shop.n_answers == 3

    def test_that_ask_for_many_keep_within_the_bound(self):
        shop = Shop(n_bytes=1_000)
        ready = shop.ready(max_bytes=20_000)
        failed: list[BaseException] = []

        def ask_for_all() -> None:
            try:
                for key in range(1, 300):
                    assert ready(wish(key), ask(key)).grounds.state.user_id == key  # type: ignore[union-attr]
            except BaseException as error:  # noqa: BLE001  told by the main thread
                failed.append(error)

        threads = [Thread(target=ask_for_all) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failed == []


def test_settles_by_the_version_that_was_active_when_the_state_was_read():
    """The standing that is settled holds the version that the state names."""
    standings: list[ActiveModels] = []

    def settled(strategy: str | None, now: ActiveModels) -> ModelRef:
        standings.append(now)
        return CONTENT

    read = state_of(1, default="popular")._replace(version="v2")
    ready = ResponseCache(
        Alone(lambda ask: Answer(b"", Grounds(CONTENT, [1], [1], read))),
        holding=holding_by(lambda *_: read, settled),
        max_bytes=MIB,
    )

    ready(wish(1), ask(1))

    assert standings == [ActiveModels("popular", {"content": "v2"})]
