"""SharedResponseCache: one process computes each answer, the others receive it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from threading import Event
from typing import Any

import pytest

from recommendations.caching import shared_responses
from recommendations.caching.responses import Answer, AnswerSource
from recommendations.caching.shared_responses import SharedResponseCache, key_prefix
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import AnswerVersion, ModelRef, SnapshotVersion, digest_of
from recommendations.serving.state import ShopperState
from recsite.cache.local import CLAIM, LocalCache
from tests.caches import TimedCache, counting
from tests.states import EMPTY, state, validator
from tests.waiting import PATIENCE_SECONDS

REQUEST = RecommendationRequest(1)
MODEL = ModelRef("content")


class Shop:
    """An answer source. held: what it waits for; versioned: whether its answers have a version"""

    def __init__(self) -> None:
        self.n_answers = 0
        self.name = "Alice"
        self.versioned = True
        self.fails = False
        self.begun, self.held = Event(), Event()
        self.held.set()

    def state(self) -> ShopperState:
        return state(Shopper(1, self.name))

    def answer(self, request: RecommendationRequest, state: ShopperState) -> Answer:
        if self.fails:
            raise ZeroDivisionError
        self.n_answers += 1
        self.begun.set()
        self.held.wait(PATIENCE_SECONDS)
        version = AnswerVersion(
            model=MODEL,
            shopper=state.shopper,
            product_ids=[],
            digest=digest_of({}),
            uses_list=False,
            snapshot=SnapshotVersion(EMPTY.stamp, EMPTY.activity_stamp, 0, 0),
        )
        return Answer(b"answer %d" % self.n_answers, version if self.versioned else None)

    def shared(
        self, cache: Any, made_by: str = "us", inner: AnswerSource | None = None
    ) -> Callable[[RecommendationRequest], Answer]:
        shared = SharedResponseCache(inner or self.answer, cache, validator(), made_by, 60)
        return lambda request: shared(request, self.state())


def claim_on(request: RecommendationRequest, cache: Any) -> str:
    """Return the key of the claim on the request's answer, while another process holds it."""
    SharedResponseCache(Shop().answer, cache, validator(), "us", 60)(request, Shop().state())
    (key,) = (key for key in cache.keys_with_prefix(key_prefix(request.lookup)) if not key.endswith(CLAIM))
    cache.clear()
    cache.add(f"{key}{CLAIM}", 1, 60)
    return f"{key}{CLAIM}"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let callers wait for each other for as long as a busy machine needs."""
    monkeypatch.setattr(shared_responses, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(shared_responses, "_CLAIM_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def cache() -> Any:
    cache = LocalCache("a test of shared answers", {})
    cache.clear()
    return cache


def at_once(n: int, call: Callable[[], Answer], shop: Shop) -> list[bytes]:
    """Return n answers, all requested while the first is being computed."""
    shop.held.clear()
    with ThreadPoolExecutor(n) as threads:
        first = threads.submit(call)
        shop.begun.wait(PATIENCE_SECONDS)
        others = [threads.submit(call) for _ in range(n - 1)]
        shop.held.set()
        return [each.result().body for each in (first, *others)]


class TestSharedResponseCache:
    def test_answers_once_for_all_processes(self, shop: Shop, cache: Any):
        bodies = [shop.shared(cache)(REQUEST).body for _ in range(3)]

        assert bodies == [b"answer 1"] * 3

    def test_does_not_ask_inner_on_a_hit(self, shop: Shop, cache: Any):
        shop.shared(cache)(REQUEST)
        shop.fails = True

        assert shop.shared(cache)(REQUEST).body == b"answer 1"

    def test_asks_again_after_a_change_and_shares_the_new_answer(self, shop: Shop, cache: Any):
        shop.shared(cache)(REQUEST)
        shop.name = "Alicia"

        bodies = [shop.shared(cache)(REQUEST).body for _ in range(2)]

        assert bodies == [b"answer 2"] * 2

    def test_lets_one_of_many_concurrent_processes_answer(self, shop: Shop, cache: Any):
        bodies = at_once(6, lambda: shop.shared(cache)(REQUEST), shop)

        assert bodies == [b"answer 1"] * 6

    def test_lets_each_process_answer_what_cannot_be_shared(self, shop: Shop, cache: Any):
        shop.versioned = False

        bodies = at_once(3, lambda: shop.shared(cache)(REQUEST), shop)

        assert sorted(bodies) == [b"answer 1", b"answer 2", b"answer 3"]

    def test_waits_no_longer_than_its_patience(self, shop: Shop, cache: Any, monkeypatch: pytest.MonkeyPatch):
        """A process that died with a claim delays the others no longer than that."""
        monkeypatch.setattr(shared_responses, "PATIENCE_SECONDS", 0.02)
        claim_on(REQUEST, cache)

        assert shop.shared(cache)(REQUEST).body == b"answer 1"

    def test_leaves_no_claim_on_an_answer_that_expires(self, shop: Shop, cache: Any):
        shop.shared(cache)(REQUEST)

        (key,) = cache.keys_with_prefix(key_prefix(REQUEST.lookup))
        assert not key.endswith(CLAIM)

    def test_releases_its_claim_after_an_error(self, shop: Shop, cache: Any):
        shop.fails = True

        with pytest.raises(ZeroDivisionError):
            shop.shared(cache)(REQUEST)

        assert cache.keys_with_prefix(key_prefix(REQUEST.lookup)) == []

    def test_distinguishes_requests(self, shop: Shop, cache: Any):
        responses = shop.shared(cache)
        others = [
            replace(REQUEST, top_n=6),
            replace(REQUEST, strategy="content"),
            replace(REQUEST, user="1"),
            replace(REQUEST, min_price=Decimal(1)),
            replace(REQUEST, exclude=(1,)),
            replace(REQUEST, exclude=("1",)),
        ]

        bodies = [responses(request).body for request in (REQUEST, *others)]

        assert bodies == [b"answer %d" % n for n in range(1, 8)]

    def test_keeps_answers_for_as_long_as_it_is_given(self, shop: Shop):
        cache = TimedCache()

        shop.shared(cache)(REQUEST)

        assert cache.timeouts == [60]

    def test_does_not_use_what_another_maker_shared(self, shop: Shop, cache: Any):
        shop.shared(cache, made_by="an older program")(REQUEST)

        assert shop.shared(cache)(REQUEST).body == b"answer 2"

    def test_counts_misses_hits_and_stale_answers(
        self, shop: Shop, cache: Any, monkeypatch: pytest.MonkeyPatch
    ):
        counts, responses = counting(monkeypatch), shop.shared(cache)
        for _ in range(2):
            responses(REQUEST)
        shop.name = "Alicia"

        responses(REQUEST)

        assert counts.lookups == ["results miss", "results hit", "results stale"]

    def test_shares_no_answer_from_a_stored_list(self, shop: Shop, cache: Any):
        def stored(request: RecommendationRequest, state: ShopperState) -> Answer:
            answer = shop.answer(request, state)
            assert answer.version is not None
            return replace(answer, version=replace(answer.version, snapshot=None))

        shop.shared(cache, inner=stored)(REQUEST)

        assert cache.keys_with_prefix(key_prefix(REQUEST.lookup)) == []

    def test_claims_for_a_limited_time(self, shop: Shop):
        """Or a process that died with a claim would hold up all others for ever."""
        cache = TimedCache()

        shop.shared(cache)(REQUEST)

        assert all(isinstance(seconds, float) for seconds in cache.claims)

    def test_passes_the_request_on(self, shop: Shop, cache: Any):
        requests: list[RecommendationRequest] = []

        def noting(request: RecommendationRequest, state: ShopperState) -> Answer:
            requests.append(request)
            return shop.answer(request, state)

        shop.shared(cache, inner=noting)(REQUEST)

        assert requests == [REQUEST]

    def test_leaves_the_claim_of_another_process_alone(
        self, shop: Shop, cache: Any, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(shared_responses, "PATIENCE_SECONDS", 0.02)
        shop.versioned = False
        claim = claim_on(REQUEST, cache)

        shop.shared(cache)(REQUEST)

        assert cache.get(claim) == 1

    def test_keeps_all_answers_to_a_lookup_under_its_prefix(self, shop: Shop, cache: Any):
        """So that all answers to an erased user can be deleted."""
        responses = shop.shared(cache)
        requests = [REQUEST, replace(REQUEST, top_n=6), replace(REQUEST, strategy="content")]
        for request in requests:
            responses(request)

        kept = [key for key in cache.keys_with_prefix(key_prefix(REQUEST.lookup)) if CLAIM not in key]

        assert len(kept) == len(requests)

    def test_keeps_the_answers_to_others_under_another_prefix(self):
        lookups = [replace(REQUEST, user=user).lookup for user in (1, 2, "1")]

        assert len({key_prefix(lookup) for lookup in lookups}) == len(lookups)
