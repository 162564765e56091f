"""Old rows are deleted by remove_old_rows."""

from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from access.models import Login
from catalog.models import ImportPart, Interaction, StoredAnswer
from catalog.services import retention
from catalog.services.retention import remove_events
from recommendations.batch import runs
from recommendations.batch.runs import RunParameters
from recommendations.models import GenerationRun, RunState
from tests.factories import NOON, InteractionFactory, StaffFactory

pytestmark = pytest.mark.django_db


def remove() -> str:
    out = StringIO()
    call_command("remove_old_rows", stdout=out)
    return out.getvalue()


class TestEvents:
    def test_go_in_batches_the_oldest_first(self, monkeypatch):
        monkeypatch.setattr(retention, "BATCH_SIZE", 2)
        for hours in range(7):
            InteractionFactory(occurred_at=NOON - timedelta(hours=hours))

        assert remove_events(before=NOON - timedelta(hours=1)) == 5
        assert set(Interaction.objects.values_list("occurred_at", flat=True)) == {
            NOON,
            NOON - timedelta(hours=1),
        }

    @pytest.mark.parametrize(("days", "n_left"), [(0, 2), (30, 1)])
    def test_go_after_the_days_that_are_set(self, settings, days, n_left):
        settings.EVENT_RETENTION_DAYS = days
        for age in (29, 31):
            InteractionFactory(occurred_at=timezone.now() - timedelta(days=age))

        output = remove()

        assert Interaction.objects.count() == n_left
        assert output.startswith(f"Removed: {2 - n_left} events, 0 answers, 0 imports, 0 runs")


class TestTheRest:
    def test_goes_too(self):
        long_ago = timezone.now() - timedelta(days=100)
        old = runs.begin_run(RunParameters("content", "", 10, 0, "ada"), long_ago)
        runs.end_run(old.pk, RunState.DONE, long_ago)
        runs.begin_run(RunParameters("content", "", 10, 0, "ada"), long_ago)
        StoredAnswer.objects.create(caller="x", key="y", created_at=long_ago)
        ImportPart.objects.create(caller="x", name="y", external_ids=b"", created_at=long_ago)

        assert remove().startswith("Removed: 0 events, 1 answers, 1 imports, 1 runs")
        assert GenerationRun.objects.get().state == "lost"


class TestLogins:
    def test_that_failed_go_when_no_lockout_counts_them(self):
        for name, age in (("old", 16), ("new", 14)):
            attempt = AccessAttempt.objects.create(username=name, failures_since_start=1)
            AccessAttempt.objects.filter(pk=attempt.pk).update(
                attempt_time=timezone.now() - timedelta(minutes=age)
            )

        assert "1 failures" in remove()
        assert AccessAttempt.objects.get().username == "new"

    def test_and_sessions_go_when_they_have_expired(self):
        now = timezone.now()
        for name, left in (("old", -1), ("new", 1)):
            Session.objects.create(session_key=name, session_data="", expire_date=now + timedelta(hours=left))
            Login.objects.create(
                account=StaffFactory(),
                jti=name,
                password_mark="",
                created_at=now,
                refreshed_at=now,
                expires_at=now + timedelta(hours=left),
            )

        assert "2 logins" in remove()
        assert Session.objects.get().session_key == Login.objects.get().jti == "new"
