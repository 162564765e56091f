"""Log lines in both formats: their content, and the redaction of secrets."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from observe import request_id
from observe.logs import OneTraceback, formatter
from observe.redaction import REDACTED, Redact

KEY = "sk-" + "a1B2" * 8
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def no_request() -> Iterator[None]:
    request_id.end()
    yield
    request_id.end()


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("shop", logging.WARNING, "shop.py", 1, message, arguments, None)
    made.__dict__.update(extra)
    return made


def logged(message: str, *arguments: object, form: str = "json", **extra: object) -> str:
    return formatter(form, ["correct horse battery"]).format(record(message, *arguments, **extra))


class TestJson:
    def test_is_one_object_a_line_with_the_id_of_the_request(self):
        request_id.begin("r-1")

        line = logged("Sold %d\nof %s", 3, "lamp", product=7)
        entry = json.loads(line)

        assert "\n" not in line
        assert entry.pop("timestamp").endswith("Z")
        assert entry == {
            "event": "Sold 3\nof lamp",
            "level": "warning",
            "logger": "shop",
            "product": 7,
            "request_id": "r-1",
        }

    def test_holds_the_trace_of_an_error(self):
        try:
            raise ValueError(f"refused Authorization: Bearer {TOKEN}")
        except ValueError:
            entry = json.loads(logged("Failed", exc_info=sys.exc_info()))

        assert "ValueError: refused Authorization: [redacted]" in entry["exception"]
        assert "exc_info" not in entry

    def test_has_no_id_outside_of_requests(self):
        assert "request_id" not in json.loads(logged("Started"))

    def test_takes_what_json_does_not_know_as_text(self):
        assert json.loads(logged("Told", whom=object, request=object()))["whom"] == "<class 'object'>"


class TestLine:
    def test_is_for_reading(self):
        request_id.begin("r-2")

        moment, rest = logged("Sold out", form="line", status_code=404).split(" ", 1)

        assert moment.endswith("Z")
        assert rest == "WARNING shop Sold out status_code=404 request_id=r-2"

    def test_has_the_trace_below(self):
        try:
            raise ValueError("no")
        except ValueError:
            output = logged("Failed", form="line", exc_info=sys.exc_info())

        first, *trace = output.splitlines()
        assert first.endswith("WARNING shop Failed")
        assert trace[-1] == "ValueError: no"


class TestRedact:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("Authorization: Basic dXNlcjpwYXNzd29yZA==", f"Authorization: {REDACTED}"),
            ("sent Cookie: sessionid=abc; csrftoken=def", f"sent Cookie: {REDACTED}"),
            ("{'Set-Cookie': 'a=b; Path=/', 'Age': '3'}", f"{{'Set-Cookie': '{REDACTED}', 'Age': '3'}}"),
            ("GET /x?token=abcdef&page=2", f"GET /x?token={REDACTED}&page=2"),
            ('{"password": "hunter2", "name": "Ann"}', f'{{"password": "{REDACTED}", "name": "Ann"}}'),
            ("new_password=hunter2", f"new_password={REDACTED}"),
            (f"refused {KEY}.", f"refused {REDACTED}."),
            (f"key recs_abcdefgh_{'x' * 43}!", f"key {REDACTED}!"),
            (f"got {TOKEN} here", f"got {REDACTED} here"),
            (f"said Bearer {'x' * 20}", f"said Bearer {REDACTED}"),
            ("postgres://shop:hunter2@db:5432/shop", f"postgres://shop:{REDACTED}@db:5432/shop"),
            ("redis://:hunter2@cache:6379/0", f"redis://:{REDACTED}@cache:6379/0"),
            ("says correct horse battery!", f"says {REDACTED}!"),
        ],
    )
    def test_takes_out_what_is_secret(self, text: str, shown: str):
        assert Redact(["correct horse battery"]).text(text) == shown

    @pytest.mark.parametrize(
        "text",
        [
            "GET /recommend/ext:alice?top_n=5: 404",
            "max_tokens=150 of 350 tokens",
            "The password must have 12 letters",
            "https://shop.example:8000/a@b",
            "scope tokens:issue",
        ],
    )
    def test_leaves_the_rest_as_it_is(self, text: str):
        assert Redact(["short", ""]).text(text) == text

    def test_goes_by_names_at_any_depth(self):
        entry = {
            "headers": {"X-Api-Key": "k", "Age": 3},
            "seen": [f"Bearer {KEY}"],
            "csrftoken": "t",
            "n": None,
        }

        assert Redact()(None, "info", entry) == {
            "headers": {"X-Api-Key": REDACTED, "Age": 3},
            "seen": [f"Bearer {REDACTED}"],
            "csrftoken": REDACTED,
            "n": None,
        }

    def test_takes_no_longer_than_the_text_is(self):
        long = "a.b-" * 50_000 + "eyJ" * 1000

        assert Redact(["correct horse battery"]).text(long) == long


class Failing:
    """Logs failures of the same kind by one formatter, whose clock is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.once = OneTraceback(60.0, clock=lambda: self.now)

    def __call__(self, error: type[Exception] = ValueError) -> dict[str, object]:
        try:
            raise error("refused")
        except error:
            return dict(self.once(None, "error", {"event": "Failed", "exc_info": sys.exc_info()}))


class TestOneTraceback:
    def test_is_shown_once_a_minute_for_errors_of_the_same_kind(self):
        fail = Failing()

        entries = [fail() for _ in range(3)]

        assert ["exc_info" in entry for entry in entries] == [True, False, False]
        assert [entry.get("repeated") for entry in entries] == [None, 1, 2]

    def test_is_shown_again_after_a_minute(self):
        fail = Failing()
        fail(), fail()
        fail.now += 60

        assert "exc_info" in fail()

    def test_is_shown_for_each_kind(self):
        fail = Failing()
        fail(ValueError)

        assert "exc_info" in fail(KeyError)

    def test_is_not_awaited_where_there_is_no_error(self):
        assert Failing().once(None, "info", {"event": "Fine"}) == {"event": "Fine"}

    def test_forgets_kinds_beyond_a_limit(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(OneTraceback, "MOST_KINDS", 1)
        fail = Failing()
        fail(ValueError), fail(KeyError)

        assert "exc_info" in fail(ValueError)

    def test_is_limited_by_every_formatter(self):
        formatting = formatter("line")
        try:
            raise ValueError("refused")
        except ValueError:
            lines = [formatting.format(record("Failed", exc_info=sys.exc_info())) for _ in range(2)]

        assert ["Traceback" in line for line in lines] == [True, False]
        assert lines[1].endswith("repeated=1")
