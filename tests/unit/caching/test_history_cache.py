"""HistoryCache: returns the same events as without it, and reads them again only after a change."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from catalog.triggers.watched import HISTORY_EDIT
from recommendations.caching.histories import MIN_CACHED_EVENTS, HistoryCache, cache_key, from_bytes, to_bytes
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.selectors.histories import NEWEST, Events
from recsite.cache.local import LocalCache
from tests.caches import TimedCache, counting

N = MIN_CACHED_EVENTS + 6


class Log:
    """The events of users 1 to 3: long, short, and long."""

    def __init__(self) -> None:
        self.lengths = {1: N, 2: MIN_CACHED_EVENTS - 1, 3: N}
        self.n_reads = 0

    def read(self, user_ids: NDArray[np.int64]) -> Events:
        self.n_reads += len(user_ids) > 0
        lengths = np.array([self.lengths.get(int(key), 0) for key in user_ids])
        n = int(lengths.sum())
        products = Ragged(starts_of(lengths), np.arange(n, dtype=np.int64) + int(user_ids.sum()))
        return Events(products, np.arange(n).astype(np.uint8), np.arange(n, dtype=np.int64))

    def newest(self, user_id: int) -> tuple[Events, int]:
        """Return nothing, as of a user without events, so that all events are read."""
        return self.read(ids()), 0

    def histories(self, shared: Any = None, max_bytes: int = 1_000_000) -> "Histories":
        return Histories(self, HistoryCache(self.read, self.newest, shared=shared, max_bytes=max_bytes))


class Histories:
    """A cache whose caller reads the versions first: each length of a history is a version of it."""

    def __init__(self, log: Log, cache: HistoryCache) -> None:
        self.log, self.cache = log, cache
        self.forget, self.user_ids = cache.forget, cache.user_ids

    def __call__(self, user_ids: NDArray[np.int64]) -> Events:
        return self.cache(user_ids, [self.log.lengths.get(int(key), 0) for key in user_ids])


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def cache() -> Any:
    value = LocalCache("a test of histories", {})
    value.clear()
    return value


def ids(*users: int) -> NDArray[np.int64]:
    return np.array(users, np.int64)


def same(one: Events, other: Events) -> bool:
    return all(
        np.array_equal(a, b)
        for a, b in (
            (one.product_ids.starts, other.product_ids.starts),
            (one.product_ids.flat, other.product_ids.flat),
            (one.actions, other.actions),
            (one.at, other.at),
        )
    )


class TestHistoryCache:
    def test_reads_a_long_history_once(self, log: Log):
        histories = log.histories()

        found = [histories(ids(1)) for _ in range(3)]

        assert log.n_reads == 1
        assert all(same(each, log.read(ids(1))) for each in found)

    def test_reads_a_short_one_each_time(self, log: Log):
        histories = log.histories()

        for _ in range(3):
            histories(ids(2))

        assert log.n_reads == 3

    def test_reads_again_after_a_change(self, log: Log):
        histories = log.histories()
        histories(ids(1))
        log.lengths[1] += 1

        assert same(histories(ids(1)), log.read(ids(1)))

    def test_returns_no_deleted_events(self, log: Log):
        histories = log.histories()
        histories(ids(1))
        log.lengths[1] = 0

        assert len(histories(ids(1)).at) == 0

    def test_caches_a_history_that_has_become_long(self, log: Log):
        histories = log.histories()
        histories(ids(2))
        log.lengths[2] = N
        histories(ids(2))
        before = log.n_reads

        histories(ids(2))

        assert log.n_reads == before

    def test_keeps_within_its_bound(self, log: Log):
        histories = log.histories(max_bytes=2_000)
        for user in (1, 3, 1):
            histories(ids(user))

        assert log.n_reads == 3

    def test_drops_forgotten_users(self, log: Log):
        histories = log.histories()
        histories(ids(1))

        histories.forget([1])

        assert histories.user_ids() == set()
        histories(ids(1))
        assert log.n_reads == 2


class TestShared:
    def test_is_used_by_another_process(self, log: Log, cache: Any):
        log.histories(cache)(ids(1))

        found = log.histories(cache)(ids(1))

        assert log.n_reads == 1
        assert same(found, log.read(ids(1)))

    def test_is_filled_by_a_batch(self, log: Log, cache: Any):
        log.histories(cache)(ids(1, 2, 3))

        found = {user: log.histories(cache)(ids(user)) for user in (1, 3)}

        assert log.n_reads == 1
        assert [len(found[user].at) for user in (1, 3)] == [N, N]
        assert cache.get(cache_key(2)) is None

    def test_is_read_again_after_a_change(self, log: Log, cache: Any):
        log.histories(cache)(ids(1, 2))
        log.lengths[1] += 1

        assert same(log.histories(cache)(ids(1)), log.read(ids(1)))

    @pytest.mark.parametrize("value", [b"", b"12345678901", "text", 5, None])
    def test_rejects_anything_else(self, value: Any):
        assert from_bytes(value) is None

    def test_round_trips(self, log: Log):
        events = log.read(ids(1))

        found = from_bytes(to_bytes(events, 12))

        assert found is not None
        assert same(found[0], events)
        assert found[1] == 12

    def test_is_computed_ahead_for_one_that_is_just_long_enough(self, log: Log, cache: Any):
        log.lengths[1] = MIN_CACHED_EVENTS
        log.histories(cache)(ids(1, 2))

        log.histories(cache)(ids(1))

        assert log.n_reads == 1

    def test_expires_after_a_day_however_many_users_were_read(self, log: Log):
        cache = TimedCache()

        log.histories(cache)(ids(1))
        log.histories(cache)(ids(1, 3))

        assert set(cache.timeouts) == {86_400}


class TestCounts:
    def test_tell_misses_hits_and_stale_histories_apart(self, log: Log, monkeypatch: pytest.MonkeyPatch):
        counts, histories = counting(monkeypatch), log.histories()
        histories(ids(1))
        histories(ids(1))
        log.lengths[1] += 1

        histories(ids(1))

        assert counts.lookups == ["profiles miss", "profiles hit", "profiles stale"]

    def test_leave_short_histories_out(self, log: Log, monkeypatch: pytest.MonkeyPatch):
        counts, histories = counting(monkeypatch), log.histories()

        for _ in range(2):
            histories(ids(2))

        assert counts.lookups == []

    def test_call_a_history_that_has_become_long_a_miss(self, log: Log, monkeypatch: pytest.MonkeyPatch):
        counts, histories = counting(monkeypatch), log.histories()
        histories(ids(2))
        log.lengths[2] = MIN_CACHED_EVENTS

        histories(ids(2))

        assert counts.lookups == ["profiles miss"]


class Shop:
    """The events of one user, (moment, id, product, action), and the history version that triggers keep."""

    def __init__(self, n: int) -> None:
        self.rows: list[tuple[int, int, int, int]] = []
        self.version = self.n_reads = self.n_ids = 0
        for moment in range(n):
            self.add(moment, moment % 5)

    def add(self, moment: int, product: int) -> None:
        self.n_ids += 1
        self.rows.append((moment, self.n_ids, product, product % 3))
        self.version += 1

    def delete(self, place: int) -> None:
        del self.rows[place % len(self.rows)]
        self.version += HISTORY_EDIT

    def read(self, _: NDArray[np.int64]) -> Events:
        self.n_reads += 1
        return self._events(sorted(self.rows, reverse=True))

    def newest(self, _: int) -> tuple[Events, int]:
        return self._events(sorted(self.rows, reverse=True)[:NEWEST]), self.version

    @staticmethod
    def _events(rows: list[tuple[int, int, int, int]]) -> Events:
        at, _, products, actions = np.array(rows, np.int64).reshape(-1, 4).T
        return Events(Ragged(np.array([0, len(rows)]), products), actions.astype(np.uint8), at)


class TestNewEvents:
    def test_are_read_without_the_rest(self):
        shop = Shop(NEWEST * 3)
        cache = HistoryCache(shop.read, shop.newest, shared=None, max_bytes=1_000_000)
        cache(ids(1), [shop.version])

        for _ in range(3):
            shop.add(10_000, 1)
            shop.add(20_000, 2)
            found = cache(ids(1), [shop.version])

        assert shop.n_reads == 1
        assert same(found, shop.read(ids(1)))

    def test_are_read_with_the_rest_after_another_was_deleted(self):
        shop = Shop(NEWEST * 3)
        cache = HistoryCache(shop.read, shop.newest, shared=None, max_bytes=1_000_000)
        cache(ids(1), [shop.version])
        shop.delete(5)
        shop.add(10_000, 1)

        assert same(cache(ids(1), [shop.version]), shop.read(ids(1)))

    @given(
        n=st.sampled_from([70, NEWEST - 1, NEWEST, NEWEST + 90]),
        steps=st.lists(
            st.one_of(
                st.tuples(st.just("add"), st.integers(0, 500), st.integers(0, 4)),
                st.tuples(st.just("delete"), st.integers(0, 500), st.just(0)),
                st.tuples(st.just("ask"), st.integers(0, 2), st.just(0)),
            ),
            max_size=12,
        ),
    )
    def test_give_the_same_as_reading_all_anew(self, n: int, steps: list[tuple[str, int, int]]):
        shop, versions = Shop(n), list[int]()
        cache = HistoryCache(shop.read, shop.newest, shared=None, max_bytes=1_000_000)
        for what, number, product in [*steps, ("ask", 0, 0)]:
            versions.append(shop.version)
            if what == "add":
                shop.add(number, product)
            elif what == "delete":
                shop.delete(number)
            else:
                # The version may have been read before the last changes.
                version = versions[-1 - min(number, len(versions) - 1)]
                found = cache(ids(1), [version])
                assert version != shop.version or same(found, shop.read(ids(1)))
