"""GET /runs/{id}: how far a run is."""

import pytest
from django.utils import timezone

from recommendations.batch import runs
from recommendations.batch.generate import Totals
from recommendations.batch.runs import RunParameters
from tests.factories import NOON

pytestmark = pytest.mark.django_db
ORDER = RunParameters("content", "v1", 10, n_total=40, started_by="ada")


class TestRun:
    def test_is_told_to_staff(self, staff_client, django_assert_num_queries):
        run = runs.begin_run(ORDER, timezone.now())
        runs.record_progress(run.pk, Totals(users=29, fallbacks=2, failed=[7]), timezone.now())

        with django_assert_num_queries(3):  # session, user, run
            answer = staff_client.get(f"/runs/{run.pk}")

        reported = answer.json()
        assert answer.status_code == 200
        assert {name: reported[name] for name in ("id", "state", "total", "done", "failed", "fallbacks")} == {
            "id": run.pk,
            "state": "running",
            "total": 40,
            "done": 29,
            "failed": 1,
            "fallbacks": 2,
        }
        assert (reported["strategy"], reported["version"], reported["started_by"]) == ("content", "v1", "ada")
        assert (reported["ended_at"], reported["error"]) == (None, None)

    def test_that_is_silent_is_lost(self, staff_client):
        run = runs.begin_run(ORDER, NOON)

        assert staff_client.get(f"/runs/{run.pk}/").json()["state"] == "lost"

    def test_is_nobody_elses_business(self, client, account_client, open_reads):
        run = runs.begin_run(ORDER, NOON)

        assert client.get(f"/runs/{run.pk}").status_code == 401
        assert account_client.get(f"/runs/{run.pk}").status_code == 403

    @pytest.mark.parametrize("id", ["7", "x", "-1", "9" * 30, "²"])
    def test_may_not_exist(self, staff_client, id):
        answer = staff_client.get(f"/runs/{id}")

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
