"""Tests of the validation of events sent to the API."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.services.events import Event, read_event

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
SENT = {"user_id": 7, "product_id": "ext:lamp", "action_type": "view"}


def read(**changes) -> Event:
    event, errors = read_event({**SENT, **changes}, index=0, now=NOW)
    assert errors == []
    return event


def complaint(**changes) -> str:
    event, errors = read_event({**SENT, **changes}, index=4, now=NOW)
    assert event is None
    (error,) = errors
    assert (error["index"], {error["field"]: error["value"]}) == (4, changes)
    return error["message"]


class TestEvent:
    def test_is_read(self):
        assert read(event_id="e-1") == Event(7, "lamp", "view", NOW, "e-1", is_dated=False)

    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-01-15T12:00:00Z", NOW),
            ("2026-01-15T13:00:00+01:00", NOW),
            ("2026-01-15 06:30-0530", NOW),
            ("2026-01-15T12:00:00,25z", NOW + timedelta(milliseconds=250)),
            ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
            ("2026-01-16T12:00:00Z", NOW + timedelta(days=1)),
        ],
    )
    def test_happened_at_the_moment_it_says(self, text, moment):
        assert read(occurred_at=text).occurred_at == moment

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("2026-01-15T12:00:00", "Must have a UTC offset"),
            ("2026-01-15", "Must be an ISO 8601 time"),
            ("2026-13-01T00:00:00Z", "Not a valid time (month must be in 1..12)."),
            ("0001-01-01T00:00:00+14:00", "Not a valid time (date value out of range)."),
            ("1969-12-31T23:59:59Z", "Must be between 1970 and one day from now"),
            ("2026-01-16T12:00:01Z", "Must be between 1970 and one day from now"),
            (1768478400, "Must be an ISO 8601 time"),
        ],
    )
    def test_is_refused_at_another_moment(self, text, message):
        assert complaint(occurred_at=text).startswith(message)

    @pytest.mark.parametrize("key", ["x", "x" * 255, "Import:1", " e ", "ü/👟"])
    def test_keeps_its_key_as_it_is(self, key):
        assert read(event_id=key).event_id == key

    def test_may_not_take_the_importers_keys(self):
        assert "reserved for imported events" in complaint(event_id="import:1")

    def test_tells_all_that_is_wrong_with_it(self):
        _, errors = read_event({"user_id": True, "product_id": 0, "colour": 1}, index=2, now=NOW)

        assert [(error["index"], error["field"]) for error in errors] == [
            (2, "colour"),
            (2, "user_id"),
            (2, "product_id"),
            (2, "action_type"),
        ]

    @pytest.mark.parametrize("sent", [None, 5, "view", [], True])
    def test_is_an_object(self, sent):
        event, errors = read_event(sent, index=0, now=NOW)

        assert event is None
        assert errors[0]["field"] is None
