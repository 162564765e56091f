"""Tests of the validation of products.csv and users.csv."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from catalog import cells
from catalog.importing.report import Problem
from catalog.importing.rows import ProductRecord, UserRecord, product_rows, user_rows
from catalog.importing.text_files import survey
from catalog.models.product import MAX_STOCK
from tests.notebook import Notebook

PRODUCTS = "id,name,category,price,description,tags\n"


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def products(tmp_path: Path, notebook: Notebook) -> Callable[[str | bytes], list[ProductRecord]]:
    """Return a function that reads a products.csv with these lines below the header."""

    def read(rows: str | bytes) -> list[ProductRecord]:
        path = tmp_path / "products.csv"
        path.write_bytes(PRODUCTS.encode() + (rows if isinstance(rows, bytes) else rows.encode()))
        return list(product_rows(survey(path), notebook))

    return read


@pytest.fixture
def users(tmp_path: Path, notebook: Notebook) -> Callable[[str | bytes], list[UserRecord]]:
    """Return a function that reads a users.csv with this text."""

    def read(text: str | bytes) -> list[UserRecord]:
        path = tmp_path / "users.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return list(user_rows(survey(path), notebook))

    return read


def product_line(**values: str) -> str:
    """Return a valid line of products.csv with these values."""
    good = {"id": "tea", "name": "Tea", "category": "Food", "price": "2.50", "description": "", "tags": "hot"}
    return ",".join((good | values).values()) + "\n"


class TestProductRows:
    def test_hold_what_a_good_line_says(self, products, notebook):
        rows = products('mug,"Mug, large",Home,8.00,"Says ""tea""\nin blue.",home|kitchen\n')

        assert rows == [
            {
                "external_id": "mug",
                "name": "Mug, large",
                "category": "Home",
                "price": Decimal("8.00"),
                "description": 'Says "tea"\nin blue.',
                "tags": ("home", "kitchen"),
            }
        ]
        assert notebook.told == []

    @pytest.mark.parametrize(
        ("column", "value", "complaint"),
        [
            ("price", "-3", "must be zero or more"),
            ("price", "-0.01", "must be zero or more"),
            ("price", "NaN", "must be a finite number"),
            ("price", "-Infinity", "must be a finite number"),
            ("price", "1.999", "must have at most two decimal places"),
            ("price", "1e-3", "must have at most two decimal places"),
            ("price", "10000000000", "must be at most 9999999999.99"),
            ("price", "1e999999", "must be at most 9999999999.99"),
            *[
                (
                    "price",
                    value,
                    "must be a number such as 1234.50, with a decimal point, and without a thousands "
                    "separator or a currency",
                )
                for value in ("", "abc", "£3", "1 000", "1_000", "1'000.00", "١٢", "0x1", "1e9999999")
            ],
            ("name", "", "must not be empty"),
            ("name", "x" * 256, "has 256 characters; at most 255 are allowed"),
            ("name", "a\tb", "contains the control character U+0009 at position 2; remove it"),
            ("name", "a\0b", "contains the control character U+0000 at position 2; remove it"),
            ("name", "tail\x1f", "contains the control character U+001F at position 5; remove it"),
            ("name", "a\x85", "contains the control character U+0085 at position 2; remove it"),
            ("id", "", "must not be empty, nor begin or end with a space"),
            (
                "id",
                "tea/green",
                "contains a slash, which is not allowed in URLs of the form ext:<key>; replace it, "
                "for example with '-'",
            ),
            ("id", "x" * 256, "has 256 characters; at most 255 are allowed"),
            ("id", "a\x7f", "contains the control character U+007F at position 2; remove it"),
            ("category", "x" * 256, "has 256 characters; at most 255 are allowed"),
            ("category", "a\x01", "contains the control character U+0001 at position 2; remove it"),
            ("tags", "hot|" + "x" * 256, "has 256 characters; at most 255 are allowed"),
            ("tags", "hot|a\x02", "contains the control character U+0002 at position 2; remove it"),
            ("description", "a\x03", "contains the control character U+0003 at position 2; remove it"),
        ],
    )
    def test_leave_out_a_line_with_a_bad_value_and_say_which(
        self, products, notebook, column, value, complaint
    ):
        rows = products(product_line(id="mug") + product_line(**{column: value}) + product_line(id="pot"))

        assert [row["external_id"] for row in rows] == ["mug", "pot"]
        assert notebook.problems == [Problem("products.csv", 3, column, value, complaint)]

    def test_name_every_bad_value_of_a_line(self, products, notebook):
        rows = products(product_line(name="", price="free"))

        assert rows == []
        assert [(problem.line, problem.column) for problem in notebook.problems] == [
            (2, "name"),
            (2, "price"),
        ]

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("2.5", "2.50"),
            ("2", "2.00"),
            (".5", "0.50"),
            ("+3.", "3.00"),
            ("-0", "0.00"),
            ("0", "0.00"),
            ("1e3", "1000.00"),
            ("9999999999.99", "9999999999.99"),
        ],
    )
    def test_take_a_price_however_it_is_written(self, products, notebook, written, meant):
        [row] = products(product_line(price=written))

        assert str(row["price"]) == meant
        assert notebook.told == []

    def test_take_a_line_without_category_description_and_tags(self, products, notebook):
        [row] = products("tea,Tea,,2.50,,\n")

        assert (row["category"], row["description"], row["tags"]) == ("", "", ())
        assert notebook.told == []

    def test_trim_the_blanks_around_values_and_tags(self, products, notebook):
        [row] = products(' tea , "Tea" ,\u00a0Food\t, 2.50 , "Hot.\n" , hot | black tea \n')

        texts = [row[name] for name in ("external_id", "name", "category", "description")]
        assert texts == ["tea", "Tea", "Food", "Hot."]
        assert (row["price"], row["tags"]) == (Decimal("2.50"), ("hot", "black tea"))
        assert notebook.told == []

    def test_take_empty_and_repeated_tags_once(self, products):
        [row] = products(product_line(tags="|hot||black| hot |"))

        assert row["tags"] == ("hot", "black")

    def test_take_a_name_of_255_characters(self, products):
        [row] = products(product_line(name="é" * 255))

        assert row["name"] == "é" * 255

    def test_leave_out_an_id_that_has_stood_before(self, products, notebook):
        rows = products(product_line(name="First") + product_line(id="mug") + product_line(id=" tea "))

        assert [row["name"] for row in rows] == ["First", "Tea"]
        assert notebook.told == [
            'products.csv, line 4, column id, value "tea": already used in line 2; each id must be unique'
        ]

    def test_leave_out_a_repeated_id_even_when_the_first_line_was_bad(self, products, notebook):
        rows = products(product_line(price="free") + product_line())

        assert rows == []
        assert [problem.line for problem in notebook.problems] == [2, 3]


class TestStock:
    @pytest.fixture
    def stocks(self, tmp_path: Path, notebook: Notebook) -> Callable[..., list[object]]:
        """Return a function that reads products that are valid except for the given stocks."""

        def read(*values: str) -> list[object]:
            path = tmp_path / "products.csv"
            lines = [f"p{n},{value},Tea,Food,2.50,,hot\n" for n, value in enumerate(values)]
            path.write_text("id,stock,name,category,price,description,tags\n" + "".join(lines))
            return [row["stock"] for row in product_rows(survey(path), notebook)]

        return read

    def test_is_unsaid_by_a_file_that_lacks_the_column(self, products, notebook):
        [row] = products(product_line())

        assert "stock" not in row
        assert notebook.told == []

    def test_is_not_tracked_where_nothing_stands(self, stocks, notebook):
        assert stocks("", " ", "\u00a0") == [None, None, None]
        assert notebook.told == []

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            *(("0", 0), ("12", 12), (" 7 ", 7), ("+3", 3), ("007", 7), ("0" * 5000, 0)),
            *(("2147483647", 2**31 - 1), ("100.0000", 100), ("5.", 5), ("-1", 0), ("-0", 0), ("-12.000", 0)),
        ],
    )
    def test_is_a_whole_number_however_it_is_written(self, stocks, notebook, written, meant):
        assert stocks(written) == [meant]
        assert notebook.told == []

    @pytest.mark.parametrize(
        "value",
        [
            *(
                "1.5",
                "-1.5",
                "1.01",
                "-2147483648",
                "1e3",
                "2147483648",
                "9" * 5000,
                "many",
                "true",
                "None",
                "NaN",
            ),
            *("1 000", "1_000", "1'000", "0x1", "\u0661\u0662", "5\x00", "+", "++1"),
        ],
    )
    def test_leaves_a_line_out_when_it_is_anything_else(self, stocks, notebook, value):
        assert stocks("1", value, "2") == [1, 2]
        assert notebook.problems == [
            Problem(
                "products.csv",
                3,
                "stock",
                value,
                "must be a whole number from 0 to 2147483647, or empty if the stock is not tracked",
            )
        ]

    @given(st.text("0129+-. ex\x1f\u0661\u00a0", max_size=12) | st.integers(-(10**12), 10**12).map(str))
    def test_is_read_or_refused_but_never_guessed(self, text):
        found = re.fullmatch(r"([+-]?)([0-9]+)(\.0*)?", cells.strip_blanks(text))
        meant = found and int(found[2])
        good = cells.strip_blanks(text) == "" or (meant is not None and meant <= MAX_STOCK)

        try:
            read = cells.stock(text)
        except ValidationError:
            assert not good
        else:
            assert good
            assert read == (0 if found and found[1] == "-" else meant)


class TestSales:
    @pytest.fixture
    def sales(self, tmp_path: Path, notebook: Notebook) -> Callable[..., list[ProductRecord]]:
        """Return a function that reads products of 2.50 with these columns and cells."""

        def read(header: str, *cells: str) -> list[ProductRecord]:
            path = tmp_path / "products.csv"
            lines = [f"p{n},Tea,Food,2.50,,hot,{cell}\n" for n, cell in enumerate(cells)]
            path.write_text(f"id,name,category,price,description,tags,{header}\n" + "".join(lines))
            return list(product_rows(survey(path), notebook))

        return read

    def test_have_a_price_and_times(self, sales, notebook):
        [row] = sales("sale_price,sale_from,sale_until", " 2.0000 ,2026-03-01,2026-03-08T12:00:00+01:00")

        assert row["sale_price"] == Decimal("2.00")
        assert row["sale_from"] == datetime(2026, 3, 1, tzinfo=UTC)
        assert row["sale_until"] == datetime(2026, 3, 8, 11, tzinfo=UTC)
        assert notebook.told == []

    def test_without_all_columns_are_empty_in_the_others(self, sales):
        [row, none] = sales("sale_price", "2", "")

        assert (row["sale_price"], row["sale_from"], row["sale_until"]) == (Decimal("2.00"), None, None)
        assert none["sale_price"] is None

    def test_are_unsaid_by_a_file_without_columns(self, products):
        [row] = products(product_line())

        assert "sale_price" not in row

    @pytest.mark.parametrize(
        ("cells", "problem"),
        [
            ("2.51,,", ("sale_price", "2.51", "must not be above price, 2.50")),
            ("-1,,", ("sale_price", "-1", "must be zero or more")),
            ("1,soon,", ("sale_from", "soon", cells.TIME_EXPECTED)),
            (
                "1,2026-03-02,2026-03-01",
                (
                    "sale_until",
                    "2026-03-01T00:00:00Z",
                    "must not be before sale_from, 2026-03-02T00:00:00+00:00",
                ),
            ),
        ],
    )
    def test_leave_a_line_out_that_is_wrong(self, sales, notebook, cells, problem):
        assert sales("sale_price,sale_from,sale_until", cells) == []
        assert notebook.problems == [Problem("products.csv", 2, *problem)]


class TestUrls:
    @given(st.text('htps:/@. e"\\[]1ä\x00', max_size=30).map(lambda text: "https://" + text))
    def test_are_read_as_they_are_or_refused(self, text):
        with suppress(ValidationError):
            assert cells.url(text) == cells.strip_blanks(text)

    @pytest.mark.parametrize(
        "url", ["", "http://a", "HTTPS://Shop.example:8443/Ä/%20?a=b&c=d#e", "https://[::1]/x"]
    )
    def test_may_be_http_or_https(self, url):
        assert cells.url(f" {url} ") == url


class TestUserRows:
    def test_hold_what_a_good_line_says(self, users, notebook):
        assert users("id,name\nzoe,Zoë Müller\n健,健二") == [
            UserRecord("zoe", "Zoë Müller"),
            UserRecord("健", "健二"),
        ]
        assert notebook.told == []

    @pytest.mark.parametrize("lines", ["id,name\nalice, \n", "id\nalice\n"], ids=["empty", "no column"])
    def test_may_have_no_name(self, users, notebook, lines):
        assert users(lines) == [UserRecord("alice", None)]
        assert notebook.told == []
