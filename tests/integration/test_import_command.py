"""Tests of the `import_shop` command: rows stored, output and exit codes."""

import gzip
from pathlib import Path

import pytest
from django.core.management import ManagementUtility

from catalog.models import Interaction
from tests.shops import EVENTS, n_rows, run_import, write_shop, write_small_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_small_shop(tmp_path)


class TestImportShop:
    def test_stores_a_shop_and_sums_it_up(self, shop):
        told = run_import(shop)

        assert n_rows() == [2, 2, 2, 2, 60]
        assert told.error == ""
        assert told.out.splitlines()[:5] == [
            "Products:     2 created, 0 updated, 0 unchanged",
            "Users:        2 created, 0 updated, 0 unchanged",
            "Categories:   2 created",
            "Tags:         2 created",
            "Interactions: 60 new, 0 already stored",
        ]
        assert told.out.splitlines()[-1].startswith(f"Imported {shop} in ")

    def test_draws_a_bar_for_each_file(self, shop):
        drawn = run_import(shop).stderr.getvalue()

        assert "importing products.csv: 100%" in drawn
        assert "importing users.csv: 100%" in drawn
        assert "importing interactions.csv: 100%" in drawn
        assert "61/61" in drawn

    def test_says_nothing_when_quiet(self, shop):
        told = run_import(shop, "--verbosity", "0")

        assert (told.out, told.stderr.getvalue()) == ("", "")

    def test_changes_nothing_the_second_time(self, shop):
        run_import(shop)

        told = run_import(shop)

        assert n_rows() == [2, 2, 2, 2, 60]
        assert told.out.splitlines()[:5] == [
            "Products:     0 created, 0 updated, 2 unchanged",
            "Users:        0 created, 0 updated, 2 unchanged",
            "Categories:   0 created",
            "Tags:         0 created",
            "Interactions: 0 new, 60 already stored",
        ]

    def test_reports_what_is_bad_imports_the_rest_and_ends_with_the_count(self, shop):
        (shop / "products.csv").write_text(
            "id,name,category,price,description,tags\ntea,Tea,Food,-3,,\nmug,Mug,Home,8.00,,\n"
        )
        (shop / "interactions.csv").write_text(
            "user_id,product_id,action_type,created_at\nann,tea,view,2026-03-01\nann,mug,view,2026-03-01\n"
        )

        told = run_import(shop)

        assert told.problems == [
            'products.csv, line 2, column price, value "-3": must be zero or more',
            'interactions.csv, line 2, column product_id, value "tea": was refused: see products.csv, line 2',
        ]
        assert told.error == "2 problems found; everything else was imported."
        assert n_rows()[::4] == [1, 1]

    def test_ends_the_process_with_1_when_something_is_bad(self, shop, capsys):
        (shop / "users.csv").write_text("id,name\nann,A\x01\n")
        with pytest.raises(SystemExit) as ended:
            ManagementUtility(["manage.py", "import_shop", str(shop), "--skip-checks"]).execute()

        assert ended.value.code == 1
        assert "61 problems found" in capsys.readouterr().err

    def test_prints_the_first_problems_and_counts_the_others(self, shop):
        write_shop(
            shop,
            products=[f"p{n},P,,free,," for n in range(1_000)],
            interactions=[f"eve{n},tea,view,2026-03-01" for n in range(100)],
        )

        told = run_import(shop)

        assert [line.partition(",")[0] for line in told.problems] == [
            *["products.csv"] * 3,
            *["interactions.csv"] * 6,
            "products.csv",
            *["interactions.csv"] * 2,
        ]
        assert told.problems[-3:] == [
            "products.csv, column price: 997 more like the first one (must be a number such as 1234.50, with "
            "a decimal point, and without a thousands separator or a currency)",
            "interactions.csv, column user_id: 97 more like the first one "
            "(not found in users.csv or in the database)",
            "interactions.csv, column product_id: 97 more like the first one "
            "(not found in products.csv or in the database)",
        ]
        assert told.error == "1,200 problems found; everything else was imported."

    def test_prints_problems_even_when_quiet(self, shop):
        write_shop(shop, users=["ann,A\x01"])

        assert run_import(shop, "--verbosity", "0").problems[0].startswith("users.csv, line 2, column name")

    def test_takes_events_of_rows_that_only_the_database_knows(self, shop):
        run_import(shop)
        write_shop(
            shop,
            products=["pot,Pot,Home,9.00,,"],
            users=["cleo,Cleo"],
            interactions=["ben,mug,click,2026-03-02"],
        )

        told = run_import(shop)

        assert told.error == ""
        assert n_rows()[::4] == [3, 61]

    def test_refuses_a_directory_that_is_not_there(self, tmp_path):
        assert run_import(tmp_path / "nowhere").error == (
            f'"{tmp_path / "nowhere"}" is not a directory; give the directory that contains products.csv.'
        )

    @pytest.mark.parametrize("name", ["products.csv", "users.csv", "interactions.csv"])
    def test_needs_only_the_files_that_are_there(self, shop, name):
        run_import(shop)
        write_shop(shop, interactions=[*EVENTS, "ben,mug,click,2026-03-02"])
        (shop / name).unlink()

        told = run_import(shop)

        assert (told.problems, told.error) == ([], "")
        assert Interaction.objects.count() == (60 if name == "interactions.csv" else 61)

    def test_reads_packed_events(self, shop):
        (shop / "interactions.csv.gz").write_bytes(gzip.compress((shop / "interactions.csv").read_bytes()))
        (shop / "interactions.csv").unlink()

        assert "Interactions: 60 new" in run_import(shop).out

    def test_knows_plain_events_again_when_they_come_packed(self, shop):
        run_import(shop)
        (shop / "interactions.csv.gz").write_bytes(gzip.compress((shop / "interactions.csv").read_bytes()))
        (shop / "interactions.csv").unlink()

        assert "Interactions: 0 new, 60 already stored" in run_import(shop).out

    def test_does_not_choose_between_two_files_of_events(self, shop):
        (shop / "interactions.csv.gz").write_bytes(gzip.compress((shop / "interactions.csv").read_bytes()))

        told = run_import(shop)

        assert told.problems == ["interactions.csv: interactions.csv.gz exists, too; keep only one of them"]
        assert n_rows() == [2, 2, 2, 2, 0]
