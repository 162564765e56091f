"""Tests that files, API, admin and documentation have every column of the product table."""

import re
from pathlib import Path
from typing import get_type_hints

import pytest
from django.contrib import admin

from catalog.api.inputs import ProductInput
from catalog.api.serializers import ProductRow
from catalog.columns import EVENT_ID, EVENTS, PRODUCTS, USERS, Column, ProductFields
from catalog.models import Product
from catalog.selectors import ProductDetails

KEYS = {column.key for column in PRODUCTS}
IMPORT = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")


class TestProducts:
    def test_have_a_type_each(self):
        assert get_type_hints(ProductFields).keys() | {"external_id"} == KEYS

    def test_are_all_that_is_read(self):
        assert set(ProductDetails._fields) == KEYS | {"id"}

    def test_are_all_that_the_api_takes(self):
        writable = {name for name, field in ProductInput().fields.items() if not field.read_only}

        assert writable == KEYS

    def test_are_all_in_the_schema(self):
        assert set(ProductRow().fields) == {*ProductDetails._fields, "current_price", "currency"}

    def test_are_all_in_the_admin(self):
        fieldsets = admin.site.get_model_admin(Product).fieldsets

        assert {name for _, options in fieldsets for name in options["fields"]} == KEYS


def documented(file: str) -> list[list[str]]:
    """Return the cells after the file name in each of the file's rows of the table."""
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in IMPORT.splitlines() if line.startswith("| ")]
    name, found = "", []
    for first, *cells in rows:
        name = first.strip() or name
        if f"`{file}`" in name and name.startswith("`"):
            found.append([cell.strip() for cell in cells])
    return found


class TestDocumentation:
    @pytest.mark.parametrize(("file", "columns"), [("products.csv", PRODUCTS), ("users.csv", USERS)])
    def test_says_what_each_column_holds(self, file: str, columns: tuple[Column, ...]):
        assert documented(file) == [
            [f"`{column.name}` (optional)" if column.is_optional else f"`{column.name}`", column.holds]
            for column in columns
        ]

    def test_names_the_columns_of_events(self):
        named = [name for cell, _ in documented("interactions.csv") for name in re.findall("`(.+?)`", cell)]

        assert tuple(named) == (*EVENTS, EVENT_ID)
