"""What shares answers: one process makes each, the others are given it or do without."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from recommendations.caching import shared_responses
from recommendations.caching.answers import Answer
from recommendations.caching.responses import Wish
from recommendations.caching.shared_responses import SharedResponseCache, key_prefix
from recommendations.caching.versions import FreshnessPolicy, Validator
from recommendations.selectors.facts import Facts, Read
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.results import LiveGrounds, ModelRef, RecommendationRequest
from recsite.cache.local import LocalCache
from tests.waiting import PATIENCE_SECONDS

FACTS = Facts(1, "Alice", (0, 0), {})
WISH = Wish(("pk", 1), None, 5)


def ask() -> RecommendationRequest:
    return RecommendationRequest(Shopper(1, "Alice"), 5, ModelRef("content"))


class Shop:
    """What answers, and how often it had to. held: what it waits for; grounded: whether it may be shared"""

    def __init__(self) -> None:
        self.n_answers = 0
        self.facts = FACTS
        self.grounded = True
        self.begun, self.held = Event(), Event()
        self.held.set()

    def answer(self, ask: RecommendationRequest) -> Answer:
        self.n_answers += 1
        self.begun.set()
        self.held.wait(PATIENCE_SECONDS)
        grounds = LiveGrounds(
            chosen=ask.chosen,
            user_id=1,
            products=[0],
            facts=self.facts.digest(),
            is_plain=False,
            stamp="s",
            read_at=0,
            made_at=0,
        )
        return Answer(b"answer %d" % self.n_answers, grounds if self.grounded else None)

    def shared(self, cache: Any) -> SharedResponseCache:
        holding = Validator(
            state=lambda *_: None,
            facts=lambda *_: Read(self.facts, None, None, None),
            settled=lambda strategy, now: ModelRef("content"),
            is_young=lambda at: at - at < timedelta(1),
            recency=FreshnessPolicy(ttl_seconds=60, max_age_seconds=60, stamp=lambda: "s", clock=lambda: 1.0),
        )
        return SharedResponseCache(self.answer, cache, holding, "us", 60)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes wait for each other however busy the machine is."""
    monkeypatch.setattr(shared_responses, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(shared_responses, "_CLAIM_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def cache() -> Any:
    kept = LocalCache("a test of shared answers", {})
    kept.clear()
    return kept


def at_once(n: int, call: Callable[[], Answer], shop: Shop) -> list[bytes]:
    """Return n answers, asked for while the first is held."""
    shop.held.clear()
    with ThreadPoolExecutor(n) as threads:
        first = threads.submit(call)
        shop.begun.wait(PATIENCE_SECONDS)
        others = [threads.submit(call) for _ in range(n - 1)]
        shop.held.set()
        return [each.result().body for each in (first, *others)]


class TestShared:
    def test_answers_once_for_all_processes(self, shop: Shop, cache: Any):
        bodies = [shop.shared(cache)(WISH, ask).body for _ in range(3)]

        assert bodies == [b"answer 1"] * 3

    def test_asks_no_more_than_what_it_must(self, shop: Shop, cache: Any):
        shop.shared(cache)(WISH, ask)

        shop.shared(cache)(WISH, lambda: 1 / 0)  # type: ignore[arg-type, return-value]

        assert shop.n_answers == 1

    def test_answers_anew_after_a_change_and_shares_that(self, shop: Shop, cache: Any):
        shop.shared(cache)(WISH, ask)
        shop.facts = Facts(1, "Alicia", (0, 0), {})

        bodies = [shop.shared(cache)(WISH, ask).body for _ in range(2)]

        assert bodies == [b"answer 2"] * 2

    def test_has_one_process_of_many_at_once_answer(self, shop: Shop, cache: Any):
        bodies = at_once(6, lambda: shop.shared(cache)(WISH, ask), shop)

        assert bodies == [b"answer 1"] * 6

    def test_has_each_answer_for_itself_what_cannot_be_shared(self, shop: Shop, cache: Any):
        shop.grounded = False

        bodies = at_once(3, lambda: shop.shared(cache)(WISH, ask), shop)

        assert sorted(bodies) == [b"answer 1", b"answer 2", b"answer 3"]

    def test_waits_no_longer_than_its_patience(self, shop: Shop, cache: Any, monkeypatch: pytest.MonkeyPatch):
        """A process that died with a claim costs the others no more than that."""
        monkeypatch.setattr(shared_responses, "PATIENCE_SECONDS", 0.02)
        granting = shop.shared(cache)
        cache.add(granting._key(WISH) + ":claim", 1, 60)

        assert granting(WISH, ask).body == b"answer 1"

    def test_gives_up_its_claim_after_an_error(self, shop: Shop, cache: Any):
        with pytest.raises(ZeroDivisionError):
            shop.shared(cache)(WISH, lambda: 1 / 0)  # type: ignore[arg-type, return-value]

        assert cache.beginning(key_prefix(WISH.lookup)) == []

    def test_tells_two_wishes_apart(self, shop: Shop, cache: Any):
        granting = shop.shared(cache)
        wishes = [
            WISH,
            Wish(("pk", 1), None, 6),
            Wish(("pk", 1), "content", 5),
            Wish(("external_id", "1"), None, 5),
        ]

        bodies = [granting(wish, ask).body for wish in wishes]

        assert bodies == [b"answer 1", b"answer 2", b"answer 3", b"answer 4"]
