"""The rows of generation runs: progress, heartbeats and outcome."""

from datetime import timedelta
from io import StringIO
from threading import Event

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import User
from recommendations.batch import generate as generating
from recommendations.batch import recorded_run, runs
from recommendations.batch.generate import Totals
from recommendations.batch.recorded_run import heartbeat
from recommendations.batch.runs import RunParameters
from recommendations.errors import GenerationUnderWay
from recommendations.models import GenerationRun, RunState, StoredList
from tests.factories import NOON, ProductFactory, UserFactory
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db
PARAMETERS = RunParameters("content", "", 10, n_total=40, started_by="ada")


@pytest.fixture
def shoppers() -> list[User]:
    ProductFactory.create_batch(3)
    return UserFactory.create_batch(5)


def generate(*args: str) -> str:
    out = StringIO()
    call_command("generate_recommendations", *args, stdout=out, stderr=StringIO(), verbosity=0)
    return out.getvalue()


class TestCommand:
    def test_leaves_a_row_of_what_it_did(self, shoppers):
        generate("--top-n", "3", "--batch-size", "2")

        row = GenerationRun.objects.get()
        assert (row.state, row.n_total, row.n_done, row.n_failed, row.n_fallbacks) == ("done", 5, 5, 0, 5)
        assert (row.strategy, row.top_n, row.is_whole, row.is_dry, row.n_shards) == (
            "content",
            3,
            True,
            False,
            0,
        )
        assert row.started_by
        assert row.started_at <= row.seen_at <= row.ended_at
        assert row.error == ""

    def test_says_which_run_was_partial_and_which_dry(self, shoppers):
        generate("--users", str(shoppers[0].pk), "--dry-run")

        row = GenerationRun.objects.get()
        assert (row.is_whole, row.is_dry, row.n_total) == (False, True, 1)

    def test_counts_whom_the_database_refused(self, shoppers, monkeypatch):
        def refuse(lists):
            raise DatabaseError("disk full")

        monkeypatch.setattr(generating, "replace_lists", refuse)

        with pytest.raises(CommandError, match="5 users failed"):
            generate()

        row = GenerationRun.objects.get()
        assert (row.state, row.n_done, row.n_failed, row.error) == ("failed", 0, 5, "5 users failed.")

    def test_says_why_it_broke_off(self, shoppers, monkeypatch):
        def broken(self, user_ids):
            raise ArithmeticError("a defect")

        monkeypatch.setattr(generating.Generator, "lists", broken)

        with pytest.raises(ArithmeticError):
            generate()

        row = GenerationRun.objects.get()
        assert (row.state, row.error) == ("failed", "ArithmeticError: a defect")

    def test_says_that_it_was_interrupted(self, shoppers, monkeypatch):
        def interrupted(self, user_ids):
            raise KeyboardInterrupt

        monkeypatch.setattr(generating.Generator, "lists", interrupted)

        with pytest.raises(SystemExit):
            generate()

        assert GenerationRun.objects.get().state == "interrupted"

    def test_is_told_clearly_of_another_one(self, shoppers):
        other = runs.begin_run(PARAMETERS, timezone.now())

        with pytest.raises(
            CommandError,
            match=rf"already being generated: run {other.pk}, started by ada at .*, has processed 0 of 40 ",
        ):
            generate()

        assert not StoredList.objects.exists()
        assert GenerationRun.objects.count() == 1

    @pytest.mark.parametrize("options", [["--dry-run"], ["--strategy", "popular"]])
    def test_may_run_beside_another_one_that_it_does_not_repeat(self, shoppers, options):
        runs.begin_run(PARAMETERS, timezone.now())

        generate(*options)

        assert GenerationRun.objects.filter(state="done").count() == 1

    def test_for_some_may_run_beside_one_for_all(self, shoppers):
        runs.begin_run(PARAMETERS, timezone.now())

        generate("--users", str(shoppers[0].pk))

        assert StoredList.objects.count() == 1

    def test_takes_the_place_of_one_that_was_killed(self, shoppers):
        killed = runs.begin_run(PARAMETERS, timezone.now() - timedelta(minutes=2))

        generate()

        killed.refresh_from_db()
        assert (killed.state, killed.error) == ("lost", runs.SILENT)
        assert GenerationRun.objects.filter(state="done").count() == 1


class TestRuns:
    def test_are_one_a_strategy_whoever_asks(self):
        runs.begin_run(PARAMETERS, NOON)

        with pytest.raises(IntegrityError), transaction.atomic():
            GenerationRun.objects.create(
                strategy="content", top_n=1, n_total=1, started_by="x", started_at=NOON, seen_at=NOON
            )
        with pytest.raises(GenerationUnderWay):
            runs.begin_run(PARAMETERS, NOON)

    def test_are_lost_when_they_are_silent(self):
        silent = runs.begin_run(PARAMETERS, NOON)
        seconds = 90

        runs.record_heartbeat(silent.pk, NOON + timedelta(seconds=seconds))

        silent.refresh_from_db()
        assert runs.mark_lost(NOON + timedelta(seconds=2 * seconds)) == 0
        assert silent.state_at(NOON + timedelta(seconds=2 * seconds)) is RunState.RUNNING
        assert silent.state_at(NOON + timedelta(seconds=2 * seconds + 1)) is RunState.LOST
        assert runs.mark_lost(NOON + timedelta(seconds=2 * seconds + 1)) == 1

    def test_that_come_back_say_how_they_ended(self):
        paused = runs.begin_run(PARAMETERS, NOON)
        runs.mark_lost(NOON + timedelta(hours=1))

        runs.record_progress(paused.pk, Totals(users=40), NOON)
        runs.end_run(paused.pk, RunState.DONE, NOON + timedelta(hours=2))

        paused.refresh_from_db()
        assert (paused.state, paused.n_done, paused.error) == ("done", 40, "")

    def test_that_have_ended_stay_so(self):
        ended = runs.begin_run(PARAMETERS, NOON)
        runs.end_run(ended.pk, RunState.INTERRUPTED, NOON)

        runs.end_run(ended.pk, RunState.DONE, NOON)

        ended.refresh_from_db()
        assert ended.state == "interrupted"

    def test_go_when_they_are_old(self):
        for days in (100, 1):
            row = runs.begin_run(PARAMETERS, NOON - timedelta(days=days))
            runs.end_run(row.pk, RunState.DONE, NOON - timedelta(days=days))

        assert runs.remove_old_runs(NOON - timedelta(days=90)) == 1
        assert GenerationRun.objects.count() == 1


class TestSignsOfLife:
    def test_come_while_the_work_goes_on(self):
        heard = Event()

        with heartbeat(heard.set, 0.001):
            assert heard.wait(PATIENCE_SECONDS)

    def test_go_on_after_one_that_failed(self, caplog):
        heard, sent = Event(), []

        def beat() -> None:
            sent.append(None)
            if len(sent) == 1:
                raise DatabaseError("away")
            heard.set()

        with heartbeat(beat, 0.001):
            assert heard.wait(PATIENCE_SECONDS)
        assert "A heartbeat was not recorded: away" in caplog.text

    def test_of_progress_wait_for_a_database_that_is_away(self, monkeypatch):
        def away(*_):
            raise DatabaseError("away")

        with recorded_run.record_run(PARAMETERS, lambda: NOON) as progress:
            progress.add(Totals(users=3))
            with monkeypatch.context() as patched:
                patched.setattr(recorded_run, "record_progress", away)
                progress.write()

        assert GenerationRun.objects.get().n_done == 3


class TestAdmin:
    def test_shows_how_far_a_run_is(self, office: Client):
        run = runs.begin_run(PARAMETERS, timezone.now())
        runs.record_progress(run.pk, Totals(users=29, failed=[7]), timezone.now())

        page = office.get(reverse("admin:recommendations_generationrun_changelist")).content.decode()

        assert '<progress value="30" max="40"></progress> 30 of 40' in page
        assert "Running" in page

    def test_says_what_is_lost_before_anybody_marks_it(self, office: Client):
        run = runs.begin_run(PARAMETERS, NOON)

        page = office.get(reverse("admin:recommendations_generationrun_change", args=[run.pk]))

        assert "Lost" in page.content.decode()

    def test_lets_nobody_change_or_delete_one(self, office: Client):
        run = runs.begin_run(PARAMETERS, NOON)

        for page in ("add", "delete"):
            args = [] if page == "add" else [run.pk]
            assert (
                office.get(reverse(f"admin:recommendations_generationrun_{page}", args=args)).status_code
                == 403
            )
