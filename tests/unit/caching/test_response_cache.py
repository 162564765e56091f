"""ResponseCache: validity, memory bound and concurrency."""

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
from recommendations.caching.responses import ResponseCache
from recommendations.caching.single_flight import SingleFlight
from recommendations.caching.versions import FreshnessPolicy, Validator
from recommendations.selectors.answer_versions import VersionRow
from recommendations.selectors.models import ActiveModels
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import AnswerVersion, ModelRef
from tests.caches import counting
from tests.factories import NOON
from tests.waiting import PATIENCE_SECONDS

MIB = 1 << 20
CONTENT = ModelRef("content")


def row(key: int | str, *, name: str = "Alice", default: str | None = None) -> VersionRow:
    return VersionRow(int(key), name, "[1,1]", "a list", default, None, "", None)


def request(key: int) -> RecommendationRequest:
    return RecommendationRequest(key)


def version_of(found: VersionRow) -> AnswerVersion:
    """The version of an answer from a stored list, made while the database held this row."""
    return AnswerVersion(
        model=CONTENT,
        user_id=found.user_id,
        product_ids=[1],
        digest=found.digest(),
        uses_list=True,
        stored_list=found.stored_list,
        list_at=NOON,
    )


def validator_by(
    read: Callable[..., VersionRow], resolve: Callable[[str | None, ActiveModels], ModelRef]
) -> Validator:
    return Validator(
        read=read,
        resolve=resolve,
        is_young=lambda at: NOON - at < timedelta(days=1),
        freshness=FreshnessPolicy(ttl_seconds=0, max_age_seconds=0, stamp=str, clock=float),
    )


class Shop:
    """The database, and an answer source over it that counts its calls. n_bytes: of each body"""

    def __init__(self, n_bytes: int = 10) -> None:
        self.names: dict[int, str] = {}
        self.default: str | None = None
        self.n_bytes = n_bytes
        self.n_answers = 0
        self.after_read: Callable[[], object] = lambda: None

    def row(self, lookup: tuple[str, int | str], strategy: str, product_ids: list[int]) -> VersionRow:
        key = int(lookup[1])
        found = row(key, name=self.names.get(key, "Alice"), default=self.default)
        self.after_read()
        return found

    def answer(self, request: RecommendationRequest) -> Answer:
        self.n_answers += 1
        found = self.row(request.lookup, "content", [1])
        return Answer(to_json(found.user_name.ljust(self.n_bytes)), version_of(found))

    def validator(self) -> Validator:
        return validator_by(self.row, lambda strategy, now: ModelRef(strategy or now.default or "content"))

    def cache(self, max_bytes: int = MIB) -> ResponseCache:
        return ResponseCache(self.answer, validator=self.validator(), max_bytes=max_bytes)


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
        shop.default = "popular"  # changed after the answer was computed

        cache(request(1))
        cache(request(1))

        assert shop.n_answers == 2

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

        def held(request: RecommendationRequest) -> Answer:
            """Let the other threads arrive while the first one computes."""
            others.wait(PATIENCE_SECONDS)
            return shop.answer(request)

        slow = ResponseCache(held, validator=shop.validator(), max_bytes=MIB)
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
            """Let another thread answer first, and then change the shop."""
            cache._flight = SingleFlight(PATIENCE_SECONDS)
            cache(key)
            shop.names[1] = "Alicia"
            yield True

        cache._flight = after_another  # type: ignore[assignment]

        assert json.loads(cache(request(1)).body).strip() == "Alicia"

    def test_that_find_the_same_stale_entry_compute_it_once(self):
        shop = Shop()
        cache = shop.cache()
        cache(request(1))
        shop.names[1] = "Alicia"
        began = []

        def answer_in_another_thread() -> None:
            """Let a second thread compute a new answer while the first one validates the old one."""
            if not began:
                began.append(True)
                thread = Thread(target=cache, args=(request(1),))
                thread.start()
                thread.join()

        shop.after_read = answer_in_another_thread
        bodies = {cache(request(1)).body for _ in range(2)}

        assert len(bodies) == 1
        assert shop.n_answers == 3

    def test_with_many_requests_keep_within_the_bound(self):
        shop = Shop(n_bytes=1_000)
        cache = shop.cache(max_bytes=20_000)
        failed: list[BaseException] = []

        def request_all() -> None:
            try:
                for key in range(1, 300):
                    assert cache(request(key)).version.user_id == key  # type: ignore[union-attr]
            except BaseException as error:  # noqa: BLE001  reported by the main thread
                failed.append(error)

        threads = [Thread(target=request_all) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failed == []


def test_resolves_by_the_version_that_was_active_when_the_row_was_read():
    resolved: list[ActiveModels] = []

    def resolve(strategy: str | None, now: ActiveModels) -> ModelRef:
        resolved.append(now)
        return CONTENT

    read = row(1, default="popular")._replace(version="v2")
    cache = ResponseCache(
        lambda request: Answer(b"", version_of(read)),
        validator=validator_by(lambda *_: read, resolve),
        max_bytes=MIB,
    )
    cache(request(1))

    cache(request(1))

    assert resolved == [ActiveModels("popular", {"content": "v2"})]


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
