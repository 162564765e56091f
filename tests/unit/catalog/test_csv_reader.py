"""Tests of the CSV reader: records, and the position of each problem."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.importing.csv_reader import records
from catalog.importing.report import Problem
from catalog.importing.text_files import survey
from tests.notebook import Notebook


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


class TestRecords:
    @pytest.fixture
    def read(self, tmp_path: Path, notebook: Notebook) -> Callable[..., list[tuple[int, tuple[str, ...]]]]:
        def read(content: bytes, name: str = "users.csv") -> list[tuple[int, tuple[str, ...]]]:
            (tmp_path / name).write_bytes(content)
            return list(records(survey(tmp_path / name), ("id", "name"), notebook))

        return read

    def test_skip_a_byte_order_mark(self, read, notebook):
        assert read("\ufeffid,name\n1,Ann\n".encode()) == [(2, ("1", "Ann"))]
        assert notebook.told == []

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
    def test_know_every_end_of_line(self, read, notebook, end):
        assert read(end.join([b"id,name", b"1,Ann", b"2,Ben"])) == [(2, ("1", "Ann")), (3, ("2", "Ben"))]
        assert notebook.told == []

    def test_skip_blank_lines_and_count_them(self, read, notebook):
        assert read(b"id,name\n\n1,Ann\n  \n2,Ben\n\n") == [(3, ("1", "Ann")), (5, ("2", "Ben"))]
        assert notebook.told == []

    def test_find_the_columns_in_any_order_and_pass_over_others(self, read, notebook):
        assert read(b"name,age, id \nAnn,40,1\n") == [(2, ("1", "Ann"))]
        assert notebook.told == []

    def test_hold_none_for_an_optional_column_that_the_file_lacks(self, tmp_path, notebook):
        path = tmp_path / "users.csv"
        path.write_text("age,id,name\n40,1,Ann\n")

        found = list(records(survey(path), ("id", "name"), notebook, optional=("town", "age")))

        assert found == [(2, ("1", "Ann", None, "40"))]
        assert notebook.told == []

    def test_tell_when_an_optional_column_stands_twice(self, tmp_path, notebook):
        path = tmp_path / "users.csv"
        path.write_text("age,id,name,age\n40,1,Ann,41\n")

        assert list(records(survey(path), ("id", "name"), notebook, optional=("age",))) == []
        assert notebook.told == [
            'users.csv, line 1, column age, value "age,id,name,age": appears more than once in the header'
        ]

    def test_name_a_record_of_several_lines_by_its_first(self, read):
        assert read(b'id,name\n1,"Ann\nB.\nC."\n2,Ben\n') == [(2, ("1", "Ann\nB.\nC.")), (5, ("2", "Ben"))]

    @pytest.mark.parametrize(
        ("line", "n"), [(b"2", 1), (b"2,Ben,", 3), (b",,,,", 5)], ids=["short", "long", "empty"]
    )
    def test_leave_out_a_line_with_another_number_of_values(self, read, notebook, line, n):
        assert read(b"id,name\n1,Ann\n" + line + b"\n3,Cleo\n") == [(2, ("1", "Ann")), (4, ("3", "Cleo"))]
        assert notebook.told == [
            f'users.csv, line 3, value "{line.decode()}": has {n} values, but the header has 2 columns'
        ]

    def test_name_each_missing_column(self, read, notebook):
        assert read(b"ID:name,Name\n1:Ann,Ann\n") == []
        assert notebook.told == [
            'users.csv, line 1, column id, value "ID:name,Name": is missing from the header',
            'users.csv, line 1, column name, value "ID:name,Name": is missing from the header; '
            'write it in small letters, not "Name"',
        ]

    def test_refuse_a_column_that_stands_twice(self, read, notebook):
        assert read(b"id,name,name\n1,Ann,Anna\n") == []
        assert notebook.told == [
            'users.csv, line 1, column name, value "id,name,name": appears more than once in the header'
        ]

    @pytest.mark.parametrize("name", ["users.csv", "users.csv.gz"])
    def test_name_an_empty_file(self, read, notebook, name):
        assert read(b"", name) == []
        assert notebook.told == [f"{name}, line 1: the file is empty; its first line must be id,name"]

    def test_name_a_missing_file(self, tmp_path, notebook):
        assert list(records(survey(tmp_path / "users.csv"), ("id", "name"), notebook)) == []
        assert notebook.told == ["users.csv: file not found"]

    def test_name_a_file_that_cannot_be_opened(self, tmp_path, notebook):
        (tmp_path / "users.csv").mkdir()

        assert list(records(survey(tmp_path / "users.csv"), ("id", "name"), notebook)) == []
        assert notebook.told == ["users.csv: cannot read the file: Is a directory"]

    def test_leave_out_a_line_whose_bytes_are_not_utf_8(self, read, notebook):
        rows = read("id,name\n1,Änn\n2,Zo".encode() + b"\xeb\n3,Cleo\n")

        assert rows == [(2, ("1", "Änn")), (4, ("3", "Cleo"))]
        assert notebook.told == [
            'users.csv, line 3, column name, value "Zo\\xeb": not valid UTF-8; save the file as UTF-8'
        ]

    def test_name_the_values_of_a_line_that_is_too_long_and_not_utf_8(self, read, notebook):
        assert read("id,name,Ü\n1,".encode() + b"Zo\xeb,Zo,Zo\n") == []
        assert notebook.told == [
            'users.csv, line 2, value "Zo\\xeb": not valid UTF-8; save the file as UTF-8'
        ]

    def test_name_a_column_that_is_not_utf_8(self, read, notebook):
        assert read("id,name,Größe,".encode() + b"Gr\xf6\n1,Ann,,\n") == [(2, ("1", "Ann"))]
        assert notebook.told == [
            'users.csv, line 1, column Gr\\xf6, value "Gr\\xf6": not valid UTF-8; save the file as UTF-8'
        ]

    def test_complain_of_a_quotation_mark_that_is_not_closed_and_go_on_below(self, read, notebook):
        rows = read(b'id,name\n1,"Ann\n2,Ben\n3,Cleo\n')

        assert rows == [(3, ("2", "Ben")), (4, ("3", "Cleo"))]
        assert notebook.told == [
            'users.csv, line 2, value "1,"Ann": unclosed or misplaced quotation mark; '
            'write "…" around the whole value and "" for a quotation mark inside it'
        ]

    def test_complain_of_a_quotation_mark_inside_a_quoted_value(self, read, notebook):
        assert read(b'id,name\n1,"24" screen"\n2,24" screen\n') == [(3, ("2", '24" screen'))]
        assert [problem.line for problem in notebook.problems] == [2]

    def test_complain_of_a_value_too_long_for_the_reader_and_go_on_below(self, read, notebook):
        rows = read(b"id,name\n1," + b"x" * 200_000 + b"\n2,Ben\n")

        assert rows == [(3, ("2", "Ben"))]
        assert notebook.told == [
            f'users.csv, line 2, value "1,{"x" * 78}…": invalid CSV (field larger than field limit '
            "(131072)); check for an unclosed quotation mark"
        ]

    def test_lose_one_line_to_an_open_quotation_mark_in_a_long_file(self, read, notebook):
        rows = read(b'id,name\n0,"open\n' + b"".join(b"%d,Ann\n" % n for n in range(1, 30_001)))

        assert len(rows) == 30_000
        assert [problem.line for problem in notebook.problems] == [2]

    def test_read_gzip(self, read, notebook):
        assert read(gzip.compress(b"id,name\n1,Ann\n"), "users.csv.gz") == [(2, ("1", "Ann"))]
        assert notebook.told == []

    def test_give_what_stands_before_the_end_of_a_gzip_that_ends_early(self, read, notebook):
        lines = [f"{n},{n * 7919 % 10_007:x}" for n in range(20_000)]
        packed = gzip.compress("\n".join(["id,name", *lines]).encode())

        rows = read(packed[: len(packed) // 2], "users.csv.gz")

        assert 5_000 < len(rows) < 15_000
        assert [",".join(values) for _, values in rows] == lines[: len(rows)]
        assert notebook.told == [
            f"users.csv.gz, line {len(rows) + 2}: the gzip file is truncated; copy it again"
        ]

    def test_count_every_row_of_a_gzip_that_lacks_only_its_checksum(self, read, notebook):
        packed = gzip.compress(b"id,name\n1,Ann\n2,Ben\n")

        assert [line for line, _ in read(packed[:-4], "users.csv.gz")] == [2, 3]
        assert notebook.told == ["users.csv.gz, line 4: the gzip file is truncated; copy it again"]

    def test_name_a_gzip_that_is_damaged_within(self, read, notebook):
        packed = bytearray(gzip.compress(b"id,name\n1,Ann\n"))
        packed[-6] ^= 0xFF  # the checksum

        assert read(bytes(packed), "users.csv.gz") == [(2, ("1", "Ann"))]
        assert notebook.told[0].startswith(
            "users.csv.gz, line 3: the file is damaged or not in gzip format (CRC check failed"
        )

    def test_name_a_file_that_is_not_gzip_in_spite_of_its_name(self, read, notebook):
        assert read(b"id,name\n1,Ann\n", "users.csv.gz") == []
        assert notebook.told == [
            "users.csv.gz, line 1: the file is damaged or not in gzip format (Not a gzipped file (b'id')); "
            "copy it again"
        ]

    def test_tell_how_many_lines_have_been_read(self, read, notebook):
        read(b"id,name\n" + b"1,Ann\n" * 2_500)

        assert notebook.n_lines == 2_501


class TestSurvey:
    @pytest.mark.parametrize(("content", "n_lines"), [(b"", 0), (b"a\n", 1), (b"a\nb", 2), (b"a\nb\n\n", 3)])
    def test_counts_the_last_line_with_or_without_its_end(self, tmp_path, content, n_lines):
        (tmp_path / "users.csv").write_bytes(content)

        assert survey(tmp_path / "users.csv").n_lines == n_lines

    def test_counts_nothing_in_a_missing_file(self, tmp_path):
        assert survey(tmp_path / "users.csv").n_lines == 0


class TestProblem:
    def test_says_where_and_what_would_be_right(self):
        problem = Problem("products.csv", 12, "price", "-3", "must be zero or more")

        assert str(problem) == 'products.csv, line 12, column price, value "-3": must be zero or more'

    def test_shows_what_cannot_be_printed_as_an_escape(self):
        problem = Problem("users.csv", 2, "name", "a\x07\n\u202e\udceb", "is bad")

        assert str(problem) == 'users.csv, line 2, column name, value "a\\x07\\n\\u202e\\xeb": is bad'

    def test_shows_the_beginning_of_a_long_value(self):
        assert f'"{"x" * 80}…"' in str(Problem("users.csv", 2, "name", "x" * 81, "is long"))


MIB = 1 << 20


class TestLimits:
    """A file that no shop exports ends at once, with its name, the line and the limit."""

    @pytest.fixture(params=["users.csv", "users.csv.gz"])
    def read(self, request, tmp_path: Path, notebook: Notebook) -> Callable[[list[bytes]], list[object]]:
        def read(parts: list[bytes]) -> list[object]:
            path = tmp_path / request.param
            with gzip.open(path, "wb", 1) if path.suffix == ".gz" else path.open("wb") as file:
                file.writelines(parts)
            return list(records(survey(path), ("id", "name"), notebook))

        return read

    @pytest.mark.parametrize("byte", [b"a", b"\0", b'"', b","])
    def test_stop_at_a_long_line(self, read, notebook, byte):
        assert read([b"id,name\n1,Ann\n", *[byte * MIB] * 30]) == [(2, ("1", "Ann"))]
        (problem,) = notebook.told
        assert "line 3" in problem
        assert "more than 1,048,576 bytes, the limit of a line" in problem

    def test_take_a_line_of_nearly_the_limit(self, read, notebook):
        assert read([b"id,name,note\n1,Ann", b",x" * 400_000, b"\n2,Ben,\n"]) == [(3, ("2", "Ben"))]
        assert "400002 values" in notebook.told[0]

    @pytest.mark.parametrize("line", [b"\n", b"\r\n", b" \n", b"\r"])
    def test_stop_at_many_empty_lines(self, read, notebook, line):
        lines = [b"id,name\n1,Ann\n", *[line * MIB] * 30, b"2,Ben\n"]

        assert read(lines) == [(2, ("1", "Ann"))]
        assert "bytes of empty lines in a row" in notebook.told[-1]

    def test_stop_at_a_record_of_many_lines(self, read, notebook):
        assert read([b"id,name\n", *[b'"a\n",' * 100_000] * 10]) == []
        assert "the limit of a record" in notebook.told[-1]

    def test_stop_at_a_gzip_bomb(self, tmp_path: Path, notebook: Notebook, monkeypatch):
        monkeypatch.setattr("catalog.importing.lines.MIN_EXPANDED_BYTES", MIB)
        path = tmp_path / "users.csv.gz"
        with gzip.open(path, "wb") as file:
            file.write(b"id,name\n" + b"1,Ann\n" * 1_000_000)

        assert len(list(records(survey(path), ("id", "name"), notebook))) < 1_000_000
        assert "expands to more than 200 times its size" in notebook.told[-1]
