"""Shards of a run: each counts once, however many workers process it, and however often."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from catalog.models import User
from recommendations import wiring
from recommendations.batch import shards as module
from recommendations.batch.distribute import ShardDistributor, resend_silent_shards
from recommendations.batch.runs import RunParameters
from recommendations.batch.shards import MOST_STARTS, ShardWorker
from recommendations.errors import QueueUnavailable
from recommendations.models import GenerationRun, GenerationShard, StoredList
from recommendations.selectors.shoppers import shopper_id_chunks
from recommendations.serving.results import ModelRef
from tests.factories import NOON, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db
PARAMETERS = RunParameters("content", "", 2, n_total=5, started_by="ada")


@pytest.fixture
def shoppers() -> list[User]:
    ProductFactory.create_batch(3)
    return UserFactory.create_batch(5)


@pytest.fixture
def sent() -> list[tuple[int, int]]:
    """The shards that were sent to the workers."""
    return []


@pytest.fixture
def run(shoppers, sent) -> GenerationRun:
    """A run of three shards with two, two and one shopper."""
    return ShardDistributor(lambda *shard: sent.append(shard), lambda: NOON)(PARAMETERS, shopper_id_chunks(2))


@pytest.fixture
def do() -> ShardWorker:
    return ShardWorker(lambda run_id, chosen, top_n: wiring.generator(chosen, top_n), lambda: NOON)


def counts(run: GenerationRun) -> tuple[str, int, int, int]:
    run.refresh_from_db()
    return run.state, run.n_done, run.n_failed, run.n_shards_done


class TestPlan:
    def test_sends_every_shard(self, run, sent, shoppers):
        assert sent == [(run.pk, 1), (run.pk, 2), (run.pk, 3)]
        assert list(run.shards.order_by("number").values_list("first_id", "last_id", "n_users")) == [
            (shoppers[0].pk, shoppers[1].pk, 2),
            (shoppers[2].pk, shoppers[3].pk, 2),
            (shoppers[4].pk, shoppers[4].pk, 1),
        ]

    def test_of_nobody_is_done_at_once(self, sent):
        run = ShardDistributor(lambda *shard: sent.append(shard), lambda: NOON)(PARAMETERS, [])

        assert (run.state, run.ended_at, sent) == ("done", NOON, [])

    def test_fails_where_nothing_can_be_sent(self, shoppers):
        def away(*_):
            raise QueueUnavailable("the broker is away")

        with pytest.raises(QueueUnavailable):
            ShardDistributor(away, lambda: NOON)(PARAMETERS, shopper_id_chunks(2))

        run = GenerationRun.objects.get()
        assert (run.state, "the broker is away" in run.error) == ("failed", True)


class TestShard:
    def test_is_done_and_the_last_one_ends_the_run(self, run, do, sent):
        assert [do(*shard) for shard in sent[:2]] == [True, True]
        assert counts(run) == ("running", 4, 0, 2)

        assert do(*sent[2])

        assert counts(run) == ("done", 5, 0, 3)
        assert (run.ended_at, run.n_fallbacks) == (NOON, 5)
        assert {len(stored.picks) for stored in StoredList.objects.all()} == {2}
        assert StoredList.objects.count() == 5

    def test_that_comes_again_counts_once(self, run, do, sent):
        assert [do(*sent[0]), do(*sent[0])] == [True, False]
        assert counts(run) == ("running", 2, 0, 1)

    def test_that_two_do_at_once_counts_once(self, run, do, sent):
        """Another worker finishes the shard while this one computes."""
        theirs = []

        def meanwhile(run_id: int, chosen: ModelRef, top_n: int):
            theirs.append(do(*sent[0]))
            return wiring.generator(chosen, top_n)

        mine = ShardWorker(meanwhile, lambda: NOON)(*sent[0])

        assert (theirs, mine) == ([True], False)
        assert counts(run) == ("running", 2, 0, 1)

    def test_stores_nothing_when_a_part_cannot_be(self, run, do, sent, monkeypatch):
        def refuse(*_):
            raise DatabaseError("gone away")

        with monkeypatch.context() as patched:
            patched.setattr(module, "record_progress", refuse)
            with pytest.raises(DatabaseError):
                do(*sent[0])

        assert (StoredList.objects.count(), counts(run)) == (0, ("running", 0, 0, 0))
        assert do(*sent[0])
        assert (StoredList.objects.count(), counts(run)) == (2, ("running", 2, 0, 1))

    def test_that_never_ends_is_given_up(self, run, do, sent, caplog):
        GenerationShard.objects.filter(run=run, number=2).update(n_starts=MOST_STARTS)

        for shard in sent:
            do(*shard)

        assert counts(run) == ("failed", 3, 2, 3)
        assert "was started 5 times without ending" in run.error
        assert StoredList.objects.count() == 3

    def test_of_a_run_that_is_over_is_left(self, run, do, sent):
        resend_silent_shards(lambda *_: None, NOON + timedelta(hours=2))

        assert not do(*sent[0])
        assert counts(run)[0] == "lost"
        assert not do(run.pk, 99)

    def test_takes_who_came_meanwhile_between_its_ids(self, run, do, sent, shoppers):
        shoppers[0].delete()

        for shard in sent:
            do(*shard)

        assert counts(run) == ("done", 4, 0, 3)


class TestTending:
    @pytest.mark.parametrize(
        ("minutes", "is_sent"), [(0, False), (4.9, False), (5, True), (6, False), (15.5, True), (45, True)]
    )
    def test_sends_again_what_nothing_has_come_of(self, run, do, sent, minutes, is_sent):
        do(*sent.pop(0))
        sent.clear()

        tended = resend_silent_shards(lambda *shard: sent.append(shard), NOON + timedelta(minutes=minutes))

        assert tended == ([run.pk] if is_sent else [])
        assert sent == ([(run.pk, 2), (run.pk, 3)] if is_sent else [])


class TestCommand:
    def test_needs_a_broker(self, shoppers):
        with pytest.raises(CommandError, match="CELERY_BROKER_URL is not set"):
            call_command("generate_recommendations", "--distributed", verbosity=0)

        assert not GenerationRun.objects.exists()

    @pytest.mark.parametrize("option", [["--users", "1"], ["--explain"], ["--processes", "2"], ["--dry-run"]])
    def test_leaves_to_one_process_what_is_its_own(self, shoppers, option):
        with pytest.raises(CommandError, match=f"{option[0]} cannot be used with --distributed"):
            call_command("generate_recommendations", "--distributed", *option, verbosity=0)
