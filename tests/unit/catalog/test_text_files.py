"""Tests of files as Excel and other programs write them: encodings and separators."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.importing.csv_reader import opened_table, records
from catalog.importing.text_files import survey
from tests.notebook import Notebook

TEXT = "id,name\n1,Zoë\n2,François\n"
ROWS = [("1", "Zoë"), ("2", "François")]


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def read(tmp_path: Path, notebook: Notebook) -> Callable[[bytes], list[tuple[str, ...]]]:
    def read(content: bytes) -> list[tuple[str, ...]]:
        (tmp_path / "users.csv").write_bytes(content)
        return [values for _, values in records(survey(tmp_path / "users.csv"), ("id", "name"), notebook)]

    return read


class TestEncoding:
    @pytest.mark.parametrize(
        ("encoding", "note"),
        [
            ("utf-8", None),
            ("utf-8-sig", None),
            ("cp1252", "cp1252"),
            ("utf-16", "UTF-16"),
            ("utf-16-le", "UTF-16-LE"),
            ("utf-16-be", "UTF-16-BE"),
            ("utf-32", "UTF-32"),
        ],
    )
    def test_is_found_and_noted(self, read, notebook, encoding, note):
        assert read(TEXT.encode(encoding)) == ROWS
        assert notebook.told == []
        assert notebook.notes == ([f"users.csv: read as {note}, columns by ,"] if note else [])

    def test_of_a_big_endian_file_is_known_by_its_mark(self, read, notebook):
        assert read(b"\xfe\xff" + TEXT.encode("utf-16-be")) == ROWS

    def test_is_found_in_the_unicode_text_of_excel(self, read, notebook):
        text = 'id\tname\r\n1\t"Zoë ""Z"""\r\n'

        assert read(text.encode("utf-16")) == [("1", 'Zoë "Z"')]
        assert notebook.notes == ["users.csv: read as UTF-16, columns by tab"]

    def test_takes_quotation_marks_and_the_euro_sign_of_windows(self, read):
        assert read("id,name\n1,“Zoë’s” – 5 €\n".encode("cp1252")) == [("1", "“Zoë’s” – 5 €")]

    def test_is_utf_8_where_one_of_many_lines_is_damaged(self, read, notebook):
        lines = [*[f"{n},Zoë".encode() for n in range(50_000)], b"x,Zo\xeb", *[b"y,Ann"] * 50_000]

        assert len(read(b"\n".join([b"id,name", *lines]))) == 100_000
        assert notebook.told == [
            'users.csv, line 50002, column name, value "Zo\\xeb": not valid UTF-8; save the file as UTF-8'
        ]
        assert notebook.notes == []

    def test_is_seen_at_the_end_of_a_long_file(self, read, notebook):
        rows = read(b"id,name\n" + b"1,Ann\n" * 400_000 + b"2,Zo\xeb\n")

        assert rows[-1] == ("2", "Zoë")

    @pytest.mark.parametrize("start", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1])
    def test_does_not_depend_on_where_a_part_of_the_file_ends(self, read, notebook, start):
        n_lines, n_over = divmod(start - len("id,name\n2,"), len("1,Ann\n"))

        assert read(("id,name\n" + "1,Ann\n" * n_lines + "2," + "x" * n_over + "é\n").encode())
        assert notebook.notes == notebook.told == []

    @pytest.mark.parametrize(
        ("encoding", "words"),
        [
            ("cp1251", "Чайник,Кружка,Самовар"),
            ("koi8-r", "Чайник,Кружка,Самовар"),
            ("cp1253", "Φλιτζάνι,Πιάτο,Τσάι"),
            ("cp1250", "żółty,mała łyżka,gąbka"),
            ("cp850", "Tür,Öl,Größe"),
            ("shift_jis", "急須,湯呑み,茶碗"),
            ("gbk", "茶壶,茶杯,茶碗"),
        ],
    )
    def test_is_not_guessed_where_text_in_cp1252_would_look_odd(self, read, notebook, encoding, words):
        lines = [f"{n},{word}" for n, word in enumerate(words.split(","))]

        assert read("\n".join(["id,name", *lines, ""]).encode(encoding)) == []
        assert len(notebook.told) == 3
        assert all("not valid UTF-8; save the file as UTF-8" in told for told in notebook.told)

    @pytest.mark.parametrize(
        "words",
        [
            "Übergrößen für Männer,Äpfel,Öl",
            "hääyöaie,pöytä,sänky",
            "créée,œuf,àéèùç",
            "smørrebrød,ål",
            "niño,¿qué?,año",
            "Þór,Ísland,ýsa",
        ],
    )
    def test_is_cp1252_for_words_of_western_languages(self, read, notebook, words):
        lines = [f"{n},{word}" for n, word in enumerate(words.split(","))]

        rows = read("\n".join(["id,name", *lines, ""]).encode("cp1252"))

        assert [name for _, name in rows] == words.split(",")

    def test_of_utf_16_that_is_cut_within_a_character_is_reported(self, read, notebook):
        assert read("id,name\n1,Ann\n2,Ben".encode("utf-16")[:-1]) == [("1", "Ann")]
        assert "not valid UTF-16; save the file as UTF-8" in notebook.told[0]


class TestSeparator:
    @pytest.mark.parametrize(
        ("separator", "note"), [(";", "columns by ;"), ("\t", "columns by tab"), ("|", "columns by |")]
    )
    def test_is_found_in_the_header(self, read, notebook, separator, note):
        assert read(f"id{separator}name\n1{separator}a,b\n".encode()) == [("1", "a,b")]
        assert notebook.notes == [f"users.csv: read as UTF-8, {note}"]
        assert notebook.told == []

    @pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\r\n', "SEP=;\n"])
    def test_is_the_one_that_the_first_line_names(self, read, notebook, line):
        assert read(f"\ufeff{line}id;name\r\n1;Ann\r\n".encode()) == [("1", "Ann")]
        assert notebook.notes == ["users.csv: read as UTF-8, columns by ;"]

    def test_is_the_one_that_finds_the_columns_not_the_most_frequent(self, read, notebook):
        assert read(b"id,name,sizes S;M;L;XL\n1,Ann,\n") == [("1", "Ann")]
        assert notebook.notes == ["users.csv: not read: sizes S;M;L;XL"]

    def test_may_be_in_a_quoted_value(self, read, notebook):
        assert read(b'id;name\n1;"a;b ""c"""\n2; "d"\n') == [("1", 'a;b "c"'), ("2", "d")]
        assert notebook.told == []

    def test_may_follow_blank_lines(self, read):
        assert read(b"\n  \nid;name\n1;Ann\n") == [("1", "Ann")]

    def test_of_tabs_keeps_empty_values(self, tmp_path, notebook):
        (tmp_path / "a.tsv").write_bytes(b'id\tname\tnote\n1\t\t"x"\n')

        assert list(records(survey(tmp_path / "a.tsv"), ("id", "name", "note"), notebook)) == [
            (2, ("1", "", "x"))
        ]

    def test_counts_the_line_that_names_it(self, tmp_path, notebook):
        (tmp_path / "users.csv").write_bytes(b"sep=;\nid;name\n1;Ann;\n")

        assert list(records(survey(tmp_path / "users.csv"), ("id", "name"), notebook)) == []
        assert notebook.told == [
            'users.csv, line 3, value "1;Ann;": has 3 values, but the header has 2 columns'
        ]


class TestTable:
    def test_has_the_header_and_rows_of_any_file(self, tmp_path, notebook):
        (tmp_path / "orders.csv").write_bytes(b"Name;Email\n#1001;a@b\n")

        with opened_table(survey(tmp_path / "orders.csv"), notebook) as table:
            assert table.header == ["Name", "Email"]
            assert list(table.rows()) == [(2, ["#1001", "a@b"])]

    def test_is_none_for_a_file_that_is_missing(self, tmp_path, notebook):
        with opened_table(survey(tmp_path / "orders.csv"), notebook) as table:
            assert table is None
        assert notebook.told == ["orders.csv: file not found"]
