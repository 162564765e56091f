"""Tests of `import_shop --shift-dates-to-yesterday`."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from catalog.models import Interaction
from tests.shops import run_import, write_shop, write_small_shop

pytestmark = pytest.mark.django_db
SHIFT = "--shift-dates-to-yesterday"
EVENTS = [
    "ann,tea,view,2011-12-07T23:59:59Z",
    "ann,mug,purchase,2011-12-09T12:50:00Z",
    "ann,tea,view,2010-12-01T00:00:00Z",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_shop(write_small_shop(tmp_path), interactions=EVENTS)


def moments() -> list[datetime]:
    return list(Interaction.objects.order_by("occurred_at").values_list("occurred_at", flat=True))


def as_in_the_file(folder: Path) -> list[datetime]:
    lines = (folder / "interactions.csv").read_text().splitlines()[1:]
    return sorted(datetime.fromisoformat(line.rsplit(",", 1)[1]) for line in lines)


class TestShiftDatesToYesterday:
    def test_moves_all_events_by_the_same_whole_days_so_that_the_last_is_yesterday(self, folder: Path):
        before = timezone.now().date()
        reported = run_import(folder, SHIFT)
        after = timezone.now().date()

        (shift,) = {new - old for new, old in zip(moments(), as_in_the_file(folder), strict=True)}
        assert shift % timedelta(days=1) == timedelta(0)
        assert moments()[-1].date() + timedelta(days=1) in (before, after)
        assert f"3 new, 0 already stored, all shifted by {shift.days:+,} days" in reported.out

    def test_adds_and_moves_nothing_the_second_time_with_or_without_it(self, folder: Path):
        run_import(folder, SHIFT)
        first = moments()

        again, plain = run_import(folder, SHIFT), run_import(folder)

        assert "0 new, 3 already stored" in again.out
        assert "0 new, 3 already stored" in plain.out
        assert moments() == first

    def test_finds_the_shop_complete(self, folder: Path):
        run_import(folder, SHIFT, "--unless-imported")

        assert (
            "is already imported; nothing was changed" in run_import(folder, SHIFT, "--unless-imported").out
        )

    def test_completes_an_import_of_another_day_by_the_days_of_that(self, folder: Path):
        run_import(folder, SHIFT)
        wanted = [moment - timedelta(days=3) for moment in moments()]
        Interaction.objects.filter(occurred_at__gt=moments()[1]).delete()
        for event in Interaction.objects.all():
            Interaction.objects.filter(pk=event.pk).update(occurred_at=event.occurred_at - timedelta(days=3))

        run_import(folder, SHIFT)

        assert moments() == wanted

    def test_leaves_the_dates_alone_unless_it_is_given(self, folder: Path):
        run_import(folder)

        assert moments() == as_in_the_file(folder)

    def test_imports_a_shop_without_events(self, folder: Path):
        write_shop(folder, interactions=[])

        assert run_import(folder, SHIFT).error == ""

    def test_reports_each_problem_once(self, folder: Path):
        write_shop(folder, interactions=[*EVENTS, "ann,tea,look,2011-12-07T23:59:59Z"])

        assert len(run_import(folder, SHIFT).problems) == 1
