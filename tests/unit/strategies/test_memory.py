"""What lies in memory by the million is held once, and in no more bytes than it takes."""

import weakref
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from recommendations.engine.alignment import Alignment
from recommendations.engine.log import Log
from recommendations.engine.neighbours import joined
from recommendations.strategies.content import Content
from recommendations.strategies.hybrid import Hybrid, strategy
from recommendations.strategies.hybrid.training import windows
from tests.unit.strategies.test_hybrid import model, shop
from tests.worlds import Article, World


def arrays_of(value: object) -> Iterator[np.ndarray]:
    """Yield the arrays of a dataclass, and of those within it, each as often as it is there."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from arrays_of(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from arrays_of(getattr(value, field.name))


class TestWorker:
    def test_holds_one_posting_list_for_all_strategies_over_a_snapshot(self):
        snapshot = replace(shop().snapshot)

        content, flagship = Content.from_options().bind(snapshot), model().bind(snapshot)

        assert flagship.stage.content.postings is content.postings

    def test_holds_the_same_posting_lists_while_only_time_goes_on(self):
        snapshot = shop().snapshot
        later = snapshot.at(snapshot.now + 1, *shop().log.counts())

        assert later is not snapshot
        assert later.features.postings is snapshot.features.postings

    def test_holds_once_where_the_hybrids_products_are(self):
        stage = model().bind(shop().snapshot).stage

        assert stage.long.columns is stage.recent.columns is stage.rows
        assert stage.long.positions is stage.recent.positions

    def test_holds_16_bytes_a_product_for_the_hybrid_and_8_for_a_memory(self):
        snapshot = World({n: Article() for n in range(1, 5_001)}, [list(range(1, 5_001))]).snapshot()
        world = World({n: Article() for n in range(1, 5_001)}, [list(range(1, 5_001))])
        fitted = Hybrid(windows=0, neighbours=1, largest_dense=1).fit(world.training())
        elsewhere = [*arrays_of(fitted), *arrays_of(snapshot), *arrays_of(snapshot.features.postings)]

        for bound, most in ((fitted.bind(snapshot), 16), (fitted.long.bind(snapshot), 8)):
            own = {id(array): array.nbytes for array in arrays_of(bound)}
            for array in elsewhere:
                own.pop(id(array), None)
            assert sum(own.values()) <= most * len(snapshot) + 1_000


class TestPlaced:
    def test_finds_products_and_the_way_back(self):
        snapshot = World({10: Article(popularity=1), 20: Article(popularity=3)}).snapshot()

        placed = Alignment.of(np.array([5, 10, 20]), snapshot)

        assert placed.positions.tolist() == [-1, 1, 0]
        assert placed.columns.tolist() == [2, 1]
        assert (placed.positions.dtype, placed.columns.dtype) == (np.int32, np.int32)

    def test_shares_its_arrays_only_with_the_same_products(self):
        snapshot = World({10: Article(), 20: Article()}).snapshot()
        placed = Alignment.of(np.array([10, 20]), snapshot)

        assert placed.shared(np.array([10, 20]), snapshot) is placed
        assert placed.shared(np.array([20]), snapshot).positions.tolist() == [1]


class TestFitting:
    def test_copies_no_event_to_look_at_earlier_windows(self):
        log = shop().log

        for window in windows(shop(), 3):
            assert np.shares_memory(window.past.at, log.at)
            assert np.shares_memory(window.past.user_ids, log.user_ids)

    @pytest.mark.parametrize("moment", [0, 3, 4, 5, 9])
    def test_cuts_a_log_at_a_moment(self, moment):
        at = np.array([3, 4, 4, 8])
        log = Log(np.arange(4), np.arange(4), at, np.zeros(4, np.uint8))

        assert log.until(moment).at.tolist() == at[at < moment].tolist()
        assert log.since(moment).at.tolist() == at[at >= moment].tolist()

    def test_lets_a_block_of_links_go_before_the_next_one(self):
        former: list[weakref.ref[csr_array]] = []

        def blocks() -> Iterator[csr_array]:
            for value in (1, 2, 3):
                assert all(block() is None for block in former[:-1])
                block = csr_array(np.array([[0, value]], np.float32))
                former.append(weakref.ref(block))
                yield block
                del block

        links = joined(blocks(), 10)

        assert links.starts.tolist() == [0, 1, 2, 3]
        assert links.columns.tolist() == [1, 1, 1]
        assert links.weights.tolist() == [1, 2, 3]

    def test_lets_examples_go_before_the_last_memories_are_learned(self, monkeypatch):
        examples, item_features = strategy.examples, strategy.item_features
        tables: list[weakref.ref[np.ndarray]] = []
        gone: list[bool] = []

        def watched_examples(*args, **options):
            found = examples(*args, **options)
            tables.append(weakref.ref(found.table))
            return found

        def watched_facts(*args, **options):
            gone.append(all(table() is None for table in tables))
            return item_features(*args, **options)

        monkeypatch.setattr(strategy, "examples", watched_examples)
        monkeypatch.setattr(strategy, "item_features", watched_facts)

        Hybrid(windows=1, trees=2).fit(shop())

        assert tables
        assert gone[-1]
