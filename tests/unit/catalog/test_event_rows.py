"""Tests of the validation of interactions.csv."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog.importing.report import Problem
from catalog.importing.rows import EventRecord, KnownIds, event_rows
from catalog.importing.text_files import survey
from tests.notebook import Notebook

EVENTS = "user_id,product_id,action_type,created_at\n"
UNKNOWN_USER = "not found in users.csv or in the database"
UNKNOWN_PRODUCT = "not found in products.csv or in the database"
UNKNOWN_ACTION = "must be view, click, cart, purchase or dismiss"
KNOWN = KnownIds(users={"alice", "bob"}, products={"tea", "mug"})
LATEST = datetime(2026, 4, 1, tzinfo=UTC)
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def events(tmp_path: Path, notebook: Notebook) -> Callable[[str], list[EventRecord]]:
    """Return a function that reads an interactions.csv with these lines; alice, bob, tea and mug exist."""

    def read(rows: str) -> list[EventRecord]:
        path = tmp_path / "interactions.csv"
        path.write_bytes((EVENTS + rows).encode())
        return list(event_rows(survey(path), notebook, KNOWN, latest=LATEST))

    return read


class TestEventRows:
    def test_hold_what_a_good_line_says(self, events, notebook):
        assert events("alice,tea,view,2026-03-01T09:00:00Z\n") == [EventRecord("alice", "tea", "view", NINE)]
        assert notebook.told == []

    @pytest.mark.parametrize("action", ["view", "click", "cart", "purchase", "dismiss"])
    def test_know_every_action(self, events, notebook, action):
        [row] = events(f"alice,tea,{action},2026-03-01\n")

        assert row.action_type == action
        assert notebook.told == []

    @pytest.mark.parametrize(
        ("line", "fault"),
        [
            ("eve,tea,view,2026-03-01", ("user_id", "eve", UNKNOWN_USER)),
            (",tea,view,2026-03-01", ("user_id", "", UNKNOWN_USER)),
            ("alice\x1f,tea,view,2026-03-01", ("user_id", "alice\x1f", UNKNOWN_USER)),
            ("alice,gin,view,2026-03-01", ("product_id", "gin", UNKNOWN_PRODUCT)),
            ("alice,tea,stare,2026-03-01", ("action_type", "stare", UNKNOWN_ACTION)),
            ("alice,tea,View,2026-03-01", ("action_type", "View", UNKNOWN_ACTION)),
        ],
    )
    def test_leave_out_what_nobody_knows(self, events, notebook, line, fault):
        rows = events(f"bob,mug,click,2026-03-01\n{line}\nbob,mug,view,2026-03-01\n")

        assert [row.user for row in rows] == ["bob", "bob"]
        assert notebook.problems == [Problem("interactions.csv", 3, *fault)]

    @pytest.mark.parametrize(
        "time",
        [
            "",
            "yesterday",
            "01/03/2026 09:00",
            "1772355600",
            "2026-02-30T09:00:00Z",
            "2026-03-01T25:00:00Z",
            "2026-03-01T09:00:00Zulu",
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "1899-12-31T23:59:59Z",
            "9999-01-01T00:00:00Z",
            "9999-12-31T23:59:59-14:00",
            "12026-03-01T09:00:00Z",
        ],
    )
    def test_leave_out_a_time_that_no_database_need_take(self, events, notebook, time):
        assert events(f"alice,tea,view,{time}\n") == []
        assert notebook.problems == [
            Problem(
                "interactions.csv",
                2,
                "created_at",
                time,
                "must be a time such as 2026-03-01T09:00:00Z (ISO 8601; without an offset it is UTC) "
                "from 1900 to 9998",
            )
        ]

    @pytest.mark.parametrize(
        "time",
        [
            "2026-03-01T09:00:00Z",
            "2026-03-01T09:00:00",
            "2026-03-01 09:00",
            "2026-03-01T10:00:00+01:00",
            "2026-03-01T04:30:00-04:30",
            " 2026-03-01T09:00:00.000Z ",
            "20260301T090000Z",
        ],
    )
    def test_know_a_moment_however_it_is_spelt(self, events, notebook, time):
        [row] = events(f"alice,tea,view,{time}\n")

        assert row.occurred_at == NINE
        assert row.occurred_at.utcoffset() == timedelta(0)
        assert notebook.told == []

    def test_take_a_time_without_offset_as_utc_wherever_the_machine_stands(self, events, monkeypatch):
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        try:
            [row] = events("alice,tea,view,2026-03-01T09:00:00.0\n")
        finally:
            monkeypatch.undo()
            time.tzset()

        assert row.occurred_at == NINE

    def test_take_a_date_as_its_midnight(self, events):
        [row] = events("alice,tea,view,2026-03-01\n")

        assert row.occurred_at == datetime(2026, 3, 1, tzinfo=UTC)

    def test_trim_the_blanks_around_values(self, events, notebook):
        assert events(' alice , tea,"view" ,\u00a02026-03-01T09:00:00Z\n') == [
            EventRecord("alice", "tea", "view", NINE)
        ]
        assert notebook.told == []

    def test_name_every_bad_value_of_a_line(self, events, notebook):
        assert events("eve,gin,stare,never\n") == []
        assert [problem.column for problem in notebook.problems] == [
            "user_id",
            "product_id",
            "action_type",
            "created_at",
        ]

    def test_keep_identical_lines(self, events):
        assert len(events("alice,tea,view,2026-03-01\n" * 3)) == 3
