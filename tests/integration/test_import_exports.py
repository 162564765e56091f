"""Shops as programs export them: what `import_shop` stores, and what it says."""

import csv
import stat
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from catalog.models import Category, Interaction, Product, Tag, User
from catalog.services.interactions import record_interactions
from privacy.models import Receipt
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, UserFactory
from tests.shops import EVENTS, HEADERS, n_rows, run_import, write_shop, write_small_shop

pytestmark = pytest.mark.django_db
MARCH = datetime(2026, 3, 20, 10, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_small_shop(tmp_path)


def write(folder: Path, **files: str) -> Path:
    """Write files with these names and texts, in UTF-8."""
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def stored(name: str) -> dict[str, object]:
    return dict(Product.objects.values_list("external_id", name))


class TestExcel:
    def test_writes_semicolons_a_mark_and_decimal_commas(self, tmp_path):
        write(
            tmp_path,
            products="\ufeffid;name;category;price;description;tags\r\n"
            '00123;Bügeleisen;Haushalt;"1.299,00";;dampf|bügeln\r\n7;Öl;;12.50;;\r\n',
            users="id;name\r\nu1;Ann\r\n",
            interactions="user_id;product_id;action_type;created_at\r\nu1;00123;purchase;01.03.2026 09:50\r\n"
            "u1;7;purchase;2026-03-01 09:50\r\n",
        )

        told = run_import(tmp_path)

        assert told.problems == [
            "products.csv: read as UTF-8, columns by ;",
            'products.csv, line 2, column price, value "1.299,00": must be a number such as 1234.50, with a '
            "decimal point, and without a thousands separator or a currency; import_feed reads decimal "
            "commas, if a --map file says so",
            "users.csv: read as UTF-8, columns by ;",
            "interactions.csv: read as UTF-8, columns by ;",
            'interactions.csv, line 2, column product_id, value "00123": '
            "was refused: see products.csv, line 2",
            'interactions.csv, line 2, column created_at, value "01.03.2026 09:50": must be a time such as '
            "2026-03-01T09:00:00Z (ISO 8601; without an offset it is UTC) from 1900 to 9998",
        ]
        assert stored("name") == {"7": "Öl"}

    def test_writes_cp1252(self, tmp_path):
        (tmp_path / "users.csv").write_bytes("id,name\r\n7,Jürgen\r\n".encode("cp1252"))

        told = run_import(tmp_path)

        assert told.problems == ["users.csv: read as cp1252, columns by ,"]
        assert User.objects.get(external_id="7").name == "Jürgen"

    @pytest.mark.parametrize(
        "price", ["1234,50", "1 234.50", "€ 12.00", "1,234.50", "NaN", "12.00 EUR", "-1", "1.005", ""]
    )
    def test_gets_one_clear_error_for_each_odd_price(self, tmp_path, price):
        write(tmp_path, products=f'id,name,category,price,description,tags\n1,A,,"{price}",,\n')

        (problem,) = run_import(tmp_path).problems

        assert f'column price, value "{price}": must ' in problem
        assert ("import_feed" in problem) == ("," in price)


class TestMagento:
    def test_writes_zeros_after_the_decimals_and_stocks_below_0(self, tmp_path):
        write(
            tmp_path,
            products="id,name,category,price,description,tags,stock\n"
            "24-MB01,Duffle Bag,Gear/Bags,34.000000,,bag|gym,100.0000\n"
            "24-MB04,Shoulder Pack,Gear/Bags,32.0000,,bag,0.0000\n"
            "24-UG01,Foam Roller,Gear/Fitness,19.50,,gym,-2\n"
            "24-UG02,Yoga Brick,Gear/Fitness,5.000,,gym,7\n",
        )

        told = run_import(tmp_path)

        assert told.error == ""
        assert list(stored("stock").values()) == [100, 0, 0, 7]
        assert stored("price")["24-MB01"] == Decimal("34.00")
        assert '4 rows have "/" in category' in told.problems[0]


class TestWooCommerce:
    def test_writes_lists_of_paths_tags_with_commas_and_html(self, tmp_path):
        write(
            tmp_path,
            products="id,name,category,price,description,tags\n"
            '1,Salt &amp; Pepper Shirt,"Clothing > Men > Shirts, Sale",19.90,"<p>Soft</p>",'
            '"summer, linen, men"\n'
            '2,Linen Shirt,Clothing > Men > Shirts,29.90,,"linen, men, summer"\n'
            '3,Linen Trousers,Clothing > Men > Trousers,39.90,,"linen, men"\n4,Sofa,Furniture,399.00,,wood\n',
        )

        told = run_import(tmp_path)

        assert [line.partition(",")[0] for line in told.problems] == [
            "products.csv: 3 rows have commas in tags",
            'products.csv: 2 rows have ">" in category',
            'products.csv: 1 row has commas and ">" in category',
            "products.csv: 1 row has HTML in name or description",
        ]
        assert all("import_feed" in told.problems[n] for n in (0, 2, 3))
        assert told.error == ""


class TestHints:
    def test_are_not_given_for_a_plain_shop(self, shop):
        assert run_import(shop).problems == []

    def test_name_ids_that_a_spreadsheet_shortened(self, tmp_path):
        write_shop(tmp_path, products=["4.00638E+12,A,,1,,"])

        assert 'products.csv: 1 row has an id such as "4.00638E+12"' in run_import(tmp_path).problems[0]

    def test_name_columns_that_are_not_read_once(self, tmp_path):
        write(tmp_path, users="id,name,image_src,age\n1,Ann,,\n2,Ben,,\n")

        assert run_import(tmp_path, "--strict").problems == ["users.csv: not read: image_src, age"]


class TestActive:
    @pytest.mark.parametrize(("cell", "is_active"), [("FALSE", False), ("0", False), ("true", True)])
    def test_is_a_column(self, tmp_path, cell, is_active):
        write(tmp_path, products=f"id,name,category,price,description,tags,is_active\n1,A,,1,,,{cell}\n")

        assert run_import(tmp_path).problems == []
        assert Product.objects.get().is_active is is_active

    def test_stays_as_staff_set_it_without_the_column_and_that_is_said(self, shop):
        run_import(shop)
        Product.objects.filter(external_id="tea").update(is_active=False)

        told = run_import(shop)

        assert "Inactive:     1 of products.csv stay inactive" in told.out
        assert not Product.objects.get(external_id="tea").is_active


class TestMissing:
    """Products that left the export."""

    @pytest.fixture
    def left(self, shop: Path) -> Path:
        """Return the folder of an imported shop whose mug has left the export."""
        run_import(shop)
        ProductFactory(external_id=None)
        return write_shop(shop, products=["tea,Tea,Food,2.50,Black.,hot|leaf"])

    def test_are_counted_always(self, shop):
        line = "Missing:      0 active products of the database are not in products.csv\n"

        assert line in run_import(shop).out
        assert line in run_import(shop).out

    def test_are_kept_unless_told_otherwise(self, left):
        told = run_import(left)

        assert (
            "Missing:      1 active product of the database is not in products.csv; add --missing" in told.out
        )
        assert Product.objects.active().count() == 3

    def test_are_deactivated_in_one_statement(self, left, django_assert_max_num_queries):
        told = run_import(left, "--missing", "deactivate")

        assert "is not in products.csv; 1 deactivated" in told.out
        assert stored("is_active") == {"tea": True, "mug": False, None: True}

    @pytest.mark.parametrize(
        ("lines", "obstacle"),
        [
            ([], "products.csv has no valid row"),
            (["tea,Tea,Food,free,,"], "products.csv has no valid row"),
            (["tea,Tea,Food,2,,", 'mug,"Mug'], "some rows of products.csv could not be read"),
            (["tea,Tea,Food,2,,", "mug,Mug"], "some rows of products.csv could not be read"),
            (["tea,Tea,Food,2,,", ",Mug,Home,8.00,,"], "some rows of products.csv could not be read"),
        ],
    )
    def test_are_not_deactivated_if_rows_could_be_missing(self, left, lines, obstacle):
        told = run_import(write_shop(left, products=lines), "--missing", "deactivate")

        assert told.error.endswith(f"No product was deactivated: {obstacle}.")
        assert Product.objects.active().count() == 3

    def test_are_not_those_whose_rows_were_refused(self, left):
        write_shop(left, products=["tea,Tea,Food,2.50,,", "mug,Mug,Home,free,,"])

        told = run_import(left, "--missing", "deactivate")

        assert "Missing:      0 active products" in told.out
        assert stored("is_active")["mug"] is True

    def test_need_a_file_of_products(self, left):
        (left / "products.csv").unlink()

        told = run_import(left, "--missing", "deactivate")

        assert told.error == "No product was deactivated: there is no products.csv."
        assert Product.objects.active().count() == 3


class TestEventIds:
    """Events that came live, and come again in the nightly export."""

    @pytest.fixture
    def night(self, tmp_path: Path) -> Path:
        """Return a folder with the export of an event that came live."""
        UserFactory(external_id="carol")
        ProductFactory(external_id="coffee-mug")
        ProductFactory(external_id="tea-pot")
        record_interactions(
            events=[
                {
                    "user_id": "ext:carol",
                    "product_id": "ext:coffee-mug",
                    "action_type": "purchase",
                    "occurred_at": "2026-03-20T10:00:00.250Z",
                    "event_id": "order-7-1",
                }
            ],
            now=timezone.now(),
        )
        write_shop(tmp_path, products=[], users=[])
        return self.write(tmp_path, "carol,coffee-mug,purchase,2026-03-20T10:00:00Z,order-7-1")

    def write(self, folder: Path, *lines: str) -> Path:
        return write(folder, interactions="\n".join([f"{HEADERS['interactions']},event_id", *lines, ""]))

    def test_add_nothing(self, night):
        told = run_import(night)

        assert told.error == ""
        assert "Interactions: 0 new, 1 already stored" in told.out
        assert Interaction.objects.count() == 1

    def test_are_those_of_the_api(self, night):
        self.write(night, "carol,tea-pot,view,2026-03-20T10:00:00Z,order-8-1")

        run_import(night)

        assert Interaction.objects.filter(event_key="order-8-1").exists()

    def test_may_be_empty(self, night):
        self.write(night, *["carol,tea-pot,view,2026-03-20T10:00:00Z,"] * 2)

        assert "Interactions: 2 new" in run_import(night).out
        assert "Interactions: 0 new, 2 already stored" in run_import(night).out

    @pytest.mark.parametrize(
        "line",
        [
            "carol,tea-pot,purchase,2026-03-20T10:00:00Z,order-7-1",
            "carol,coffee-mug,view,2026-03-20T10:00:00Z,order-7-1",
            "carol,coffee-mug,purchase,2026-03-20T11:00:00Z,order-7-1",
        ],
    )
    def test_of_another_event_are_reported(self, night, line):
        self.write(night, "carol,tea-pot,view,2026-03-20T10:00:00Z,order-8-1", line)

        told = run_import(night)

        assert told.problems == [
            'interactions.csv, line 3, column event_id, value "order-7-1": another event has this id, in the '
            "database or before in this file; give each its own"
        ]
        assert "Interactions: 1 new, 0 already stored" in told.out

    def test_of_another_event_stop_a_strict_import(self, night):
        self.write(
            night,
            "carol,tea-pot,view,2026-03-20T10:00:00Z,a",
            "carol,tea-pot,cart,2026-03-20T10:00:00Z,a",
        )

        assert run_import(night, "--strict").error == "1 problem found; nothing was imported."
        assert Interaction.objects.count() == 1

    @pytest.mark.parametrize("event_id", ["import:1", "x" * 256, "a\x07b"])
    def test_are_checked_as_by_the_api(self, night, event_id):
        self.write(night, f"carol,tea-pot,view,2026-03-20T10:00:00Z,{event_id}")

        (problem,) = run_import(night).problems
        assert "column event_id" in problem


class TestFutureEvents:
    def test_are_refused_beyond_a_day(self, tmp_path):
        UserFactory(external_id="12347")
        ProductFactory(external_id="100")
        write_shop(tmp_path, products=[], users=[], interactions=["12347,100,view,2062-03-01T09:00:00Z"])

        told = run_import(tmp_path)

        assert told.problems == [
            'interactions.csv, line 2, column created_at, value "2062-03-01T09:00:00Z": must be at most one '
            "day from now; a later event would always be the newest one"
        ]
        assert not Interaction.objects.exists()

    def test_are_taken_within_the_day(self, shop):
        soon = timezone.now() + timedelta(hours=23)
        write_shop(shop, interactions=[f"ann,tea,view,{soon:%Y-%m-%dT%H:%M:%SZ}"])

        assert "Interactions: 1 new" in run_import(shop).out


class TestOtherCases:
    def test_of_two_identical_order_lines_are_two_events(self, tmp_path):
        write(
            tmp_path,
            products="id,name,category,price,description,tags\n1,Schal,Mode,19.90,,wolle\n"
            "3,Kessel,Küche,29.00,,tee\n",
            users="id,name\n7,Jürgen\n",
            interactions="order,user_id,product_id,action_type,created_at,quantity\n"
            "100,7,1,purchase,2026-03-01T09:00:00Z,1\n100,7,1,purchase,2026-03-01T09:00:00Z,1\n"
            "101,7,3,purchase,2026-03-05T09:00:00Z,-1\n",
        )

        told = run_import(tmp_path)

        assert told.problems == [
            "interactions.csv: not read: order, quantity",
        ]
        assert "Interactions: 3 new" in told.out

    def test_of_a_product_that_left_the_export_keep_its_events(self, tmp_path):
        ProductFactory(external_id="b")
        users = ["u1,Ann", "u2,Ben"]
        events = ["u1,a,purchase,2026-03-01T09:00:00Z", "u2,b,purchase,2026-03-02T09:00:00Z"]
        write_shop(tmp_path, products=["a,A,Only,1.00,,"], users=users, interactions=events)

        told = run_import(tmp_path, "--into-existing", "--missing", "deactivate")

        assert told.error == ""
        assert "Interactions: 2 new" in told.out
        assert stored("is_active") == {"b": False, "a": True}


class TestNames:
    def test_of_users_come_from_the_key(self, tmp_path):
        UserFactory(external_id="old", name="Olga")
        write(tmp_path, users="id,name\nnew,\nold,\n")

        told = run_import(tmp_path)

        assert told.problems == []
        assert dict(User.objects.values_list("external_id", "name")) == {"old": "Olga", "new": "new"}
        assert "Users:        1 created, 0 updated, 1 unchanged" in told.out


class TestCreateMissing:
    LINES = ("ann,gone,purchase,2026-03-01T09:00:00Z", "eve,tea,view,2026-03-01T09:00:00Z")

    @pytest.mark.parametrize("strict", [[], ["--strict"]])
    def test_makes_inactive_products_and_users_named_by_their_keys(self, shop, strict):
        write_shop(shop, interactions=self.LINES)

        told = run_import(shop, "--create-missing", *strict)

        assert (told.problems, told.error) == ([], "")
        stub = Product.objects.get(external_id="gone")
        assert (stub.name, stub.is_active, stub.price) == ("gone", False, 0)
        assert User.objects.get(external_id="eve").name == "eve"
        assert "Created:      1 inactive products and 1 users that only the events name" in told.out

    def test_makes_nothing_for_an_event_that_is_refused_anyway(self, shop):
        write_shop(shop, interactions=["ann,gone,stare,2026-03-01", "ann,g/one,view,2026-03-01"])

        told = run_import(shop, "--create-missing")

        assert [line.partition(", column")[0] for line in told.problems] == [
            *["interactions.csv, line 2"] * 2,
            "interactions.csv, line 3",
        ]
        assert Product.objects.count() == 2

    def test_makes_nothing_for_a_product_whose_row_was_refused(self, shop):
        write_shop(shop, products=["gone,Gone,,free,,"], interactions=self.LINES[:1])

        told = run_import(shop, "--create-missing")

        assert "was refused: see products.csv, line 2" in told.problems[-1]
        assert not Product.objects.exists()

    def test_makes_products_that_become_active_with_their_row(self, shop):
        write_shop(shop, interactions=self.LINES)
        run_import(shop, "--create-missing")
        write_shop(shop, products=["gone,Found,Food,3.00,,"])

        run_import(shop)

        assert Product.objects.get(external_id="gone").is_active

    def test_is_not_done_unasked(self, shop):
        write_shop(shop, interactions=self.LINES)

        assert len(run_import(shop).problems) == 2


class TestFolders:
    @pytest.mark.parametrize(
        ("name", "program"),
        [
            ("products_export_1.csv", "shopify"),
            ("orders_export_1.csv", "shopify"),
            ("wc-product-export-30-11-2026-1764500000000.csv", "woocommerce"),
            ("feed.xml", "google"),
        ],
    )
    def test_of_exports_lead_to_the_right_call(self, tmp_path, name, program):
        (tmp_path / name).write_text("Handle,Title\n")

        told = run_import(tmp_path)

        assert told.problems == []
        assert told.error == (
            f'"{tmp_path}" contains no products.csv, users.csv or interactions.csv, but exports of other '
            f"programs. Import them with: manage.py import_feed {tmp_path / name} --format {program}"
        )

    def test_of_anything_else_are_named(self, tmp_path):
        (tmp_path / "Kunden 2026.csv").write_text("a\n")

        assert f"import_feed '{tmp_path / 'Kunden 2026.csv'}' --format auto" in run_import(tmp_path).error

    def test_that_are_empty_are_an_error(self, tmp_path):
        assert run_import(tmp_path).error == (
            f'"{tmp_path}" contains no products.csv, users.csv or interactions.csv; see docs/import.md.'
        )

    def test_of_another_shop_ask_first(self, shop):
        ProductFactory(external_id="gin")

        told = run_import(shop)

        assert "The database contains another shop" in told.error
        assert "--into-existing" in told.error
        assert Product.objects.count() == 1
        assert run_import(shop, "--into-existing").error == ""

    def test_whose_events_are_known_do_not_ask(self, shop):
        run_import(shop)
        write_shop(shop, products=["pot,Pot,,1,,"], users=["cleo,Cleo"], interactions=EVENTS[:5])

        assert run_import(shop).error == ""


class TestProblemFile:
    def test_has_all_problems_for_its_owner_alone(self, shop, tmp_path):
        file = tmp_path / "problems.csv"
        run_import(shop, "--errors", str(file))
        file.chmod(0o644)
        write_shop(shop, products=[f"p{n},P,,=1+{n},," for n in range(5)], users=["ann,A\x07"])

        told = run_import(shop, "--errors", str(file))

        assert told.error.endswith(f"All of them are in {file}.")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == 5 + 1
        assert rows[0]["value"] == "'=1+0"
        assert rows[5] | {"problem": ""} == {
            "file": "users.csv", "line": "2", "column": "name", "value": "A\\x07", "problem": ""
        }  # fmt: skip

    def test_replaces_no_other_file(self, shop):
        told = run_import(shop, "--errors", str(shop / "products.csv"))

        assert told.error.endswith("exists and is no list of problems; name another file.")
        assert (shop / "products.csv").read_text().startswith("id,name")

    def test_that_cannot_be_written_stops_the_import(self, shop, tmp_path):
        told = run_import(shop, "--errors", str(tmp_path / "nowhere" / "problems.csv"))

        assert told.error.startswith("Cannot write ")
        assert n_rows()[0] == 0


class TestRemoveShop:
    def test_takes_an_import_back(self, shop, capsys):
        keeps = InteractionFactory(
            user__external_id="zoe", product__external_id="gin", product__category="Bar"
        )
        write_shop(shop, interactions=[*EVENTS, "ann,gone,view,2026-03-01"])
        run_import(shop, "--into-existing", "--create-missing")
        InteractionFactory(user=keeps.user, product=Product.objects.get(external_id="tea"))

        call_command("remove_shop", str(shop), yes=True, verbosity=0)

        assert list(stored("name")) == ["gin"]
        assert list(Interaction.objects.all()) == [keeps]
        assert list(User.objects.values_list("external_id", flat=True)) == ["zoe"]
        assert list(Category.objects.values_list("path", flat=True)) == ["Bar"]
        assert not Tag.objects.exclude(products__external_id="gin").exists()
        assert Receipt.objects.count() == 2

    def test_counts_without_deleting(self, shop, capsys):
        run_import(shop)

        call_command("remove_shop", str(shop), dry_run=True)

        assert capsys.readouterr().out.splitlines() == [
            "        2  products",
            "        2  users",
            "       60  interactions of these products or users",
        ]
        assert n_rows() == [2, 2, 2, 2, 60]

    def test_leaves_users_with_an_account(self, shop):
        run_import(shop)
        User.objects.filter(external_id="ann").update(account=AccountFactory())

        call_command("remove_shop", str(shop), yes=True, verbosity=0)

        assert list(User.objects.values_list("external_id", flat=True)) == ["ann"]

    def test_asks_before(self, shop):
        run_import(shop)

        with pytest.raises(CommandError, match="no terminal"):
            call_command("remove_shop", str(shop), verbosity=0)
        assert n_rows() == [2, 2, 2, 2, 60]
