"""Events read many lines at once, against the importer's own reader."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.cells import moment
from catalog.importing.report import Problem
from catalog.importing.rows import KnownIds, event_rows
from catalog.importing.text_files import survey
from recommendations.evaluation import csv_events as module
from recommendations.evaluation.csv_events import NotPlain, microseconds, plain_events

USERS, PRODUCTS = {"1": 1, "ann": 2, "é": 3}, {"tea": 1, "2": 2}
ACTIONS = {"view": 0, "click": 1, "cart": 2, "purchase": 3, "dismiss": 4}
HEADER = "user_id,product_id,action_type,created_at"
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime(1900, 1, 1), datetime(9998, 12, 31)  # noqa: DTZ001  drawn without, written with Z
STAMPS = st.datetimes(FIRST, LAST).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}")
MOMENTS = STAMPS | st.from_regex(
    r"20[0-2]\d-[01]\d-[0-3]\d[T ][012]\d:[0-6]\d:[0-6]\d(Z|\.5Z|\+02:00|)", fullmatch=True
)


class Heard:
    """A watcher that counts."""

    def __init__(self) -> None:
        self.n_lines = self.n_problems = 0

    def reading(self, title: str, n_lines: int) -> None: ...

    def advanced(self, n_lines: int) -> None:
        self.n_lines += n_lines

    def found(self, problem: Problem) -> None:
        self.n_problems += 1

    def noted(self, file: str, note: str) -> None: ...


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "interactions.csv"
    path.write_bytes(text.encode(encoding))
    return path


def plain(path: Path) -> list[tuple[int, ...]]:
    blocks = list(
        plain_events(survey(path), Heard(), users=USERS, products=PRODUCTS, actions=ACTIONS, latest=LATEST)
    )
    columns = ("users", "products", "actions", "at")
    return [row for b in blocks for row in zip(*(getattr(b, c).tolist() for c in columns), strict=True)]


def carefully(path: Path) -> tuple[list[tuple[int, ...]], int]:
    heard = Heard()
    rows = event_rows(survey(path), heard, KnownIds(USERS, PRODUCTS), latest=LATEST)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [
        (
            USERS[row.user],
            PRODUCTS[row.product],
            ACTIONS[row.action_type],
            (row.occurred_at - epoch) // module._MICROSECOND,
        )
        for row in rows
    ], heard.n_problems


@st.composite
def files(draw: st.DrawFn) -> str:
    value = st.sampled_from([*USERS, *PRODUCTS, *ACTIONS, "", " ", '"ann"', '"', "zoë", "\r"])
    line = st.one_of(
        st.tuples(
            st.sampled_from(list(USERS)),
            st.sampled_from(list(PRODUCTS)),
            st.sampled_from(list(ACTIONS)),
            MOMENTS,
        ),
        st.lists(value | MOMENTS, max_size=5),
    )
    good = st.tuples(
        st.sampled_from(list(USERS)), st.sampled_from(list(PRODUCTS)), st.sampled_from(list(ACTIONS)), STAMPS
    )
    lines = draw(st.lists(good, max_size=6) | st.lists(line, max_size=6))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return end.join([HEADER, *map(",".join, lines)]) + draw(st.sampled_from(["", end]))


class TestPlainEvents:
    @settings(deadline=None)  # it writes files
    @given(files(), st.sampled_from([1, 7, 64, 1 << 22]))
    def test_reads_what_the_importer_reads_or_nothing_at_all(
        self, tmp_path_factory: pytest.TempPathFactory, text: str, n_characters: int
    ):
        path = written(tmp_path_factory.mktemp("shop"), text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_CHARACTERS_A_BLOCK", n_characters)

            try:
                found: Any = plain(path)
            except NotPlain:
                found = None

        assert found is None or (found, 0) == carefully(path)

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_reads_a_plain_file_whatever_its_line_ends(self, tmp_path: Path, end: str):
        lines = ["\ufeffid,created_at, user_id,action_type,product_id"]
        lines += ["7,2026-03-01T09:00:00Z,é,cart,2", "8,2026-03-01T09:00:01.5+01:00,ann,view,tea", ""]

        found = plain(written(tmp_path, end.join(lines)))

        assert found == [(3, 2, 2, 1_772_355_600_000_000), (2, 1, 0, 1_772_352_001_500_000)]

    def test_tells_how_far_it_is(self, tmp_path: Path):
        heard = Heard()
        path = written(tmp_path, f"{HEADER}\n" + "ann,tea,view,2026-03-01T09:00:00Z\n" * 3)

        list(
            plain_events(survey(path), heard, users=USERS, products=PRODUCTS, actions=ACTIONS, latest=LATEST)
        )

        assert heard.n_lines == 3

    @pytest.mark.parametrize(
        "line",
        [
            '"ann",tea,view,2026-03-01T09:00:00Z',
            "bob,tea,view,2026-03-01T09:00:00Z",
            "ann,tea,look,2026-03-01T09:00:00Z",
            "ann,tea,view,2026-02-29T09:00:00Z",
            "ann,tea,view,2026-13-01T09:00:00Z",
            "ann,tea,view,2026-03-01T24:00:00Z",
            "ann,tea,view,1899-12-31T23:59:59Z",
            "ann,tea,view",
            "ann,tea,view,2026-03-01T09:00:00Z,1",
            "ann,tea,view,2026-03-01T09:00:00Z\n",
            "ann\rann,tea,view,2026-03-01T09:00:00Z",
        ],
    )
    def test_leaves_all_else_to_the_importer(self, tmp_path: Path, line: str):
        good = "ann,tea,view,2026-03-01T09:00:00Z"

        with pytest.raises(NotPlain):
            plain(written(tmp_path, f"{HEADER}\n{good}\n{line}\n{good}\n"))

    @pytest.mark.parametrize(
        "text",
        [
            # A line broken in two just where nobody looks, and one whose last value stands in the next line.
            "user_id,product_id,note,action_type,created_at\nann,tea\nview,2026-03-01T09:00:00Z\n",
            f"{HEADER},note\nann,tea,view,2026-03-01T09:00:00Z\nx,ann,tea,view,2026-03-01T09:00:00Z,y\n",
        ],
    )
    def test_leaves_broken_lines_to_the_importer(self, tmp_path: Path, text: str):
        with pytest.raises(NotPlain):
            plain(written(tmp_path, text))

    @pytest.mark.parametrize(
        "header", ["", "user_id,product_id,action_type", f"{HEADER},user_id", f'"{HEADER}"']
    )
    def test_leaves_a_header_that_lacks_something_to_the_importer(self, tmp_path: Path, header: str):
        with pytest.raises(NotPlain):
            plain(written(tmp_path, f"{header}\n"))

    def test_leaves_what_is_no_utf_8_to_the_importer(self, tmp_path: Path):
        with pytest.raises(NotPlain):
            plain(written(tmp_path, f"{HEADER},note\nann,tea,view,2026-03-01T09:00:00Z,é\n", "latin-1"))

    def test_leaves_a_missing_file_to_the_importer(self, tmp_path: Path):
        with pytest.raises(NotPlain):
            plain(tmp_path / "interactions.csv.gz")


class TestMicroseconds:
    @given(st.lists(MOMENTS, min_size=1, max_size=3))
    @example(["2024-02-29T23:59:59Z"])
    @example(["1900-02-29T00:00:00Z"])
    def test_agrees_with_the_importer(self, texts: list[str]):
        moments = [at for at in map(moment, texts) if at]

        try:
            found = microseconds(texts).tolist()
        except NotPlain:
            found = None

        expected = [(at - datetime(1970, 1, 1, tzinfo=UTC)) // module._MICROSECOND for at in moments]
        assert found == (expected if len(moments) == len(texts) else None)
