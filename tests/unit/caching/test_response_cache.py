"""ResponseCache: validity, memory bound and concurrency."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Barrier, Thread

import pytest

from core.api.responses import to_json
from recommendations.caching import responses as module
from recommendations.caching.local import SingleFlight
from recommendations.caching.responses import Answer, ResponseCache
from recommendations.selectors.products import Details
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.catalogue import DetailsCache
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import AnswerVersion, ModelRef, digest_of
from recommendations.serving.state import ShopperState
from tests.caches import counting
from tests.factories import NOON
from tests.states import catalogue, state, stored_row, validator
from tests.waiting import PATIENCE_SECONDS

MIB = 1 << 20
LAMP = Details(
    id=1,
    external_id=None,
    name="Lamp",
    category="Home",
    brand="",
    group="",
    price=9.99,
    sale_price=None,
    sale_from=None,
    sale_until=None,
    current_price=9.99,
    description="",
    tags=(),
    attributes={},
    url="",
    image_url="",
    is_available=True,
)


def request(key: int) -> RecommendationRequest:
    return RecommendationRequest(key)


class Shop:
    """The database, and an answer source over it that counts its calls. n_bytes: of each body"""

    def __init__(self, n_bytes: int = 10) -> None:
        self.names: dict[int, str] = {}
        self.default = "content"
        self.list = "a list"
        self.lamp = LAMP
        self.number = 0
        self.n_bytes = n_bytes
        self.n_answers = 0
        self.after_read: Callable[[], object] = lambda: None

    def change(self, lamp: Details) -> None:
        self.lamp = lamp
        self.number += 1

    def read(self, request: RecommendationRequest) -> ShopperState:
        key, lamp = int(request.user or 0), self.lamp
        found = state(
            Shopper(key, self.names.get(key, "Alice")),
            model=ModelRef(self.default),
            stored=stored_row(self.list),
            of=catalogue(number=self.number, details=DetailsCache(lambda ids: {1: lamp})),
        )
        self.after_read()
        return found

    def answer(self, request: RecommendationRequest, state: ShopperState) -> Answer:
        self.n_answers += 1
        version = AnswerVersion(
            model=state.model,
            shopper=state.shopper,
            product_ids=[1],
            digest=digest_of(state.catalogue.details([1])),
            uses_list=True,
            stored_list=self.list,
            list_at=NOON,
        )
        return Answer(to_json(state.shopper.name.ljust(self.n_bytes)), version)

    def cache(self, max_bytes: int = MIB) -> ResponseCache:
        return ResponseCache(self.answer, read=self.read, validator=validator(), max_bytes=max_bytes)


class TestResponseCache:
    def test_answers_once_while_nothing_changes(self):
        shop = Shop()
        cache = shop.cache()

        answers = [cache(request(1)) for _ in range(3)]

        assert answers[0] == answers[1] == answers[2]
        assert shop.n_answers == 1

    def test_asks_again_after_a_change_and_caches_the_new_answer(self):
        shop = Shop()
        cache = shop.cache()
        cache(request(1))
        shop.names[1] = "Alicia"

        bodies = [json.loads(cache(request(1)).body).strip() for _ in range(2)]

        assert bodies == ["Alicia", "Alicia"]
        assert shop.n_answers == 2

    def test_does_not_return_an_answer_of_a_strategy_that_is_no_longer_the_default(self):
        shop = Shop()
        cache = shop.cache()
        cache(request(1))
        shop.default = "popular"

        cache(request(1))

        assert shop.n_answers == 2

    def test_does_not_return_an_answer_from_a_stored_list_that_was_replaced(self):
        shop = Shop()
        cache = shop.cache()
        cache(request(1))
        shop.list = "another list"

        cache(request(1))

        assert shop.n_answers == 2

    def test_does_not_return_an_answer_with_a_product_that_has_changed(self):
        shop = Shop()
        cache = shop.cache()
        cache(request(1))
        shop.change(LAMP._replace(price=8.0))

        cache(request(1))

        assert shop.n_answers == 2

    def test_keeps_an_answer_while_other_products_change(self):
        shop = Shop()
        cache = shop.cache()
        cache(request(1))
        shop.change(LAMP)

        cache(request(1))

        assert shop.n_answers == 1

    def test_returns_the_same_object_on_a_hit(self):
        shop = Shop()
        cache = shop.cache()
        cache(request(1))

        assert cache(request(1)) is cache(request(1))


class TestBound:
    def test_drops_the_least_recently_used_entry(self):
        shop = Shop(n_bytes=100_000)
        cache = shop.cache(max_bytes=330_000)
        for key in (1, 2, 3):
            cache(request(key))
        cache(request(1))

        cache(request(4))

        before = shop.n_answers
        for key in (1, 3, 4):
            cache(request(key))
        assert shop.n_answers == before
        cache(request(2))
        assert shop.n_answers == before + 1

    def test_does_not_keep_an_answer_larger_than_the_bound(self):
        shop = Shop(n_bytes=100_000)
        cache = shop.cache(max_bytes=90_000)

        for _ in range(2):
            cache(request(1))

        assert shop.n_answers == 2

    def test_counts_a_replaced_answer_once(self):
        shop = Shop(n_bytes=100_000)
        cache = shop.cache(max_bytes=330_000)
        cache(request(2))

        for n in range(20):
            shop.names[1] = f"Name {n}"
            cache(request(1))

        before = shop.n_answers
        cache(request(2))
        assert shop.n_answers == before

    def test_holds_for_many_requests(self):
        shop = Shop(n_bytes=1_000)
        cache = shop.cache(max_bytes=100_000)

        for key in range(1, 500):
            cache(request(key))

        before = shop.n_answers
        for key in range(499, 0, -1):
            cache(request(key))
        n_kept = 499 - (shop.n_answers - before)
        assert 20 <= n_kept <= 100

    def test_holds_for_the_memory_actually_allocated(self):
        shop = Shop(n_bytes=5_000)
        cache = shop.cache(max_bytes=500_000)
        tracemalloc.start()

        for key in range(1, 300):
            cache(request(key))

        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert 300_000 < taken < 550_000


class TestThreads:
    @pytest.fixture(autouse=True)
    def patient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let threads wait for each other for as long as a busy machine needs."""
        monkeypatch.setattr(module, "PATIENCE_SECONDS", PATIENCE_SECONDS)

    def test_with_the_same_request_share_one_answer(self):
        shop = Shop()
        n_threads = 8
        others = Barrier(n_threads)

        def held(request: RecommendationRequest, state: ShopperState) -> Answer:
            """Let the other threads arrive while the first one computes."""
            others.wait(PATIENCE_SECONDS)
            return shop.answer(request, state)

        slow = ResponseCache(held, read=shop.read, validator=validator(), max_bytes=MIB)
        answers: list[Answer] = []
        first = Thread(target=lambda: answers.append(slow(request(1))))
        first.start()
        rest = [
            Thread(target=lambda: (others.wait(PATIENCE_SECONDS), answers.append(slow(request(1)))))
            for _ in range(n_threads - 1)
        ]
        for thread in rest:
            thread.start()
        for thread in (first, *rest):
            thread.join()

        assert shop.n_answers == 1
        assert len(answers) == n_threads

    def test_that_waited_do_not_receive_a_stale_answer(self):
        shop = Shop()
        cache = shop.cache()

        @contextmanager
        def after_another(key: RecommendationRequest) -> Iterator[bool]:
            """Let another thread answer from an older state of the shop."""
            cache._flight = SingleFlight(PATIENCE_SECONDS)
            shop.names[1] = "Alice"
            cache(key)
            yield True

        cache._flight = after_another  # type: ignore[assignment]
        shop.names[1] = "Alicia"

        assert json.loads(cache(request(1)).body).strip() == "Alicia"

    def test_that_find_the_same_stale_entry_compute_it_once(self):
        shop = Shop()
        cache = shop.cache()
        cache(request(1))
        shop.names[1] = "Alicia"

        @contextmanager
        def after_another(key: RecommendationRequest) -> Iterator[bool]:
            """Let a second thread compute a new answer after the first one has found the old one stale."""
            cache._flight = SingleFlight(PATIENCE_SECONDS)
            cache(key)
            yield True

        cache._flight = after_another  # type: ignore[assignment]
        bodies = {cache(request(1)).body for _ in range(2)}

        assert len(bodies) == 1
        assert shop.n_answers == 2

    def test_with_many_requests_keep_within_the_bound(self):
        shop = Shop(n_bytes=1_000)
        cache = shop.cache(max_bytes=20_000)
        failed: list[BaseException] = []

        def request_all() -> None:
            try:
                for key in range(1, 300):
                    assert cache(request(key)).version.shopper.id == key  # type: ignore[union-attr]
            except BaseException as error:  # noqa: BLE001  reported by the main thread
                failed.append(error)

        threads = [Thread(target=request_all) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failed == []


class TestForgetting:
    def test_drops_the_entries_of_the_named_users_alone(self):
        shop = Shop()
        cache = shop.cache()
        for key in (1, 2):
            cache(request(key))

        cache.forget({1})

        assert cache.user_ids() == {2}


class TestCounts:
    def test_tell_misses_hits_and_stale_answers_apart(self, monkeypatch: pytest.MonkeyPatch):
        counts, shop = counting(monkeypatch), Shop()
        cache = shop.cache()
        for _ in range(2):
            cache(request(1))
        shop.names[1] = "Alicia"

        cache(request(1))

        assert counts.lookups == ["answers miss", "answers hit", "answers stale"]
        assert counts.origins == ["live", "kept", "live"]
