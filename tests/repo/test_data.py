"""The shops that come with the project: complete, licensed and credited."""

import csv
import gzip
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data"
REAL = DATA / "online_retail"


class TestOnlineRetail:
    @pytest.mark.parametrize(
        ("name", "header", "n_rows"),
        [
            ("products.csv", ["id", "name", "category", "price", "description", "tags"], 3_657),
            ("users.csv", ["id", "name"], 4_334),
            ("interactions.csv.gz", ["user_id", "product_id", "action_type", "created_at"], 386_233),
        ],
    )
    def test_has_every_row_of_the_source(self, name, header, n_rows):
        opened = gzip.open if name.endswith(".gz") else open
        with opened(REAL / name, "rt", encoding="utf-8", newline="") as file:
            rows = csv.reader(file)

            assert next(rows) == header
            assert sum(1 for _ in rows) == n_rows

    def test_says_who_is_to_be_credited_and_under_which_licence(self):
        readme = (REAL / "README.md").read_text(encoding="utf-8")

        assert "Chen, D. (2015). Online Retail [Dataset]. UCI Machine Learning Repository." in readme
        assert "https://doi.org/10.24432/C5BW33" in readme
        assert "CC BY 4.0" in readme


class TestEveryShop:
    @pytest.mark.parametrize("shop", ["online_retail", "example_shop"])
    def test_has_a_readme_that_names_its_files(self, shop):
        readme = (DATA / shop / "README.md").read_text(encoding="utf-8")

        for path in (DATA / shop).iterdir():
            assert path.name == "README.md" or f"`{path.name}`" in readme
