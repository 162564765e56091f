"""Tests of the `import_feed` command: what it stores of each format, and what it says."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Interaction, Product, User
from tests.factories import ProductFactory, UserFactory
from tests.feeds import FEEDS
from tests.shops import Told
from tests.tls_server import certificate, content, tls_server

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def euro(settings):
    settings.CURRENCY = "EUR"


def run(source: Path | str, *options: str) -> Told:
    """Return what the command said, whether it ended well or not."""
    told = Told()
    try:
        call_command("import_feed", str(source), *options, stdout=told.stdout, stderr=told.stderr)
    except CommandError as error:
        told.error = str(error)
    return told


def lines(told: Told) -> list[str]:
    """Return what was said besides progress."""
    return [line for line in told.stderr.getvalue().splitlines() if line.strip() and "lines/s" not in line]


def write(directory: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    (directory / name).write_bytes(text.encode(encoding))
    return directory / name


def documented_map() -> str:
    """Return the example of a map in docs/import.md."""
    return (ROOT / "docs" / "import.md").read_text().partition("```toml\n")[2].partition("```")[0]


class TestGoogle:
    def test_stores_items_with_their_sales_pictures_and_categories(self):
        told = run(FEEDS / "google_rss.xml")

        tee = Product.objects.get(external_id="TEE-RED-M")
        assert (tee.name, str(tee.category), tee.group) == (
            "Linen tee & belt",
            "Clothing > Women > Tees",
            "TEE",
        )
        assert (tee.price, tee.sale_price) == (Decimal("29.90"), Decimal("19.90"))
        assert tee.sale_until == datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
        assert tee.description == "Soft & light.\nLinen\nWashable"
        assert tee.attributes == {"age_group": ["adult"], "color": ["Red", "White"], "size": ["M"]}
        assert {tag.name for tag in tee.tags.all()} == {"summer", "bestseller"}
        assert Product.objects.get(external_id="MUG").stock == 0
        assert lines(told)[0] == "google_rss.xml: recognized as Google Merchant Center, in XML"

    def test_names_both_currencies_of_a_price_in_another_one(self):
        told = run(FEEDS / "google_rss.xml")

        assert lines(told)[1] == (
            'google_rss.xml, line 40, column price, value "45.00 USD": is in USD, but the shop\'s '
            "prices are in EUR, the setting CURRENCY; give the feed with prices in EUR"
        )
        assert told.error == "1 problem found; everything else was imported."

    @pytest.mark.parametrize("name", ["google_atom.xml", "google.tsv"])
    def test_reads_atom_and_tables(self, name):
        assert run(FEEDS / name, "--format", "google").error == ""
        assert Product.objects.filter(name="Stoneware mug", price=12).exists()

    def test_names_the_columns_of_the_feed_in_problems(self, tmp_path):
        feed = write(
            tmp_path, "feed.txt", "id\ttitle\tprice\tlink\timage_link\n1\tA\t9,90\tshop\thttps://x.example\n"
        )

        told = run(feed)

        assert [line.partition(":")[0] for line in lines(told) if "line 2" in line] == [
            'feed.txt, line 2, column price, value "9,90"',
            'feed.txt, line 2, column link, value "shop"',
        ]


class TestShopify:
    @pytest.mark.parametrize("name", ["shopify_products.csv", "shopify_products_2024.csv"])
    def test_stores_variants_as_a_group(self, name):
        assert run(FEEDS / name).error == ""

        variants = Product.objects.filter(group="linen-tee")
        assert variants.count() >= 2
        assert {tag.name for tag in variants[1].tags.all()} >= {"summer", "linen"}
        assert variants.filter(sale_price=Decimal("19.90"), price=Decimal("29.90")).count() == 1

    def test_says_how_many_rows_are_left_out_and_why(self):
        told = run(FEEDS / "shopify_products.csv")

        assert "Left out:     1 rows of further pictures" in told.out
        assert list(Product.objects.filter(is_active=False).values_list("external_id", flat=True)) == [
            "LAMP-1"
        ]

    def test_changes_nothing_the_second_time(self):
        run(FEEDS / "shopify_products.csv")

        assert "Products:     0 created, 0 updated, 5 unchanged" in run(FEEDS / "shopify_products.csv").out

    def test_stores_the_purchases_of_orders_and_their_customers(self):
        run(FEEDS / "shopify_products.csv")

        told = run(FEEDS / "shopify_orders.csv")

        assert told.error == ""
        assert list(User.objects.values_list("external_id", "name")) == [("ann@shop.example", "Ann Lake")]
        events = Interaction.objects.order_by("id")
        assert [(str(event.product.external_id), event.event_key) for event in events] == [
            ("TEE-RED-M", "shopify:#1003:1"),
            ("LAMP-1", "shopify:#1003:2"),
        ]
        assert {event.occurred_at for event in events} == {datetime(2026, 3, 2, 9, tzinfo=UTC)}
        assert "Interactions: 0 new, 2 already stored" in run(FEEDS / "shopify_orders.csv").out

    def test_keeps_the_names_of_users_that_exist(self):
        run(FEEDS / "shopify_products.csv")
        UserFactory(external_id="ann@shop.example", name="Annie")

        run(FEEDS / "shopify_orders.csv")

        assert User.objects.get(external_id="ann@shop.example").name == "Annie"

    def test_says_what_to_do_about_orders_of_unknown_products(self):
        ProductFactory(external_id="TEE-RED-M")

        told = run(FEEDS / "shopify_orders.csv")

        assert lines(told)[1] == (
            'shopify_orders.csv, line 3, column Lineitem sku, value "LAMP-1": not found in the database; '
            "import it first, or add --create-missing"
        )

    def test_creates_unknown_products_if_asked(self):
        told = run(FEEDS / "shopify_orders.csv", "--create-missing")

        assert told.error == ""
        assert Product.objects.filter(is_active=False).count() == 2

    def test_takes_another_column_for_the_customer(self, tmp_path):
        ProductFactory(external_id="S")
        orders = write(
            tmp_path,
            "orders.csv",
            "Name,Email,Customer ID,Created at,Lineitem name,Lineitem sku,Lineitem quantity\n"
            "#1,ann@shop.example,7001,2026-03-01,Tee,S,1\n",
        )

        run(orders, "--map", str(write(tmp_path, "map.toml", '[columns]\nuser_id = "Customer ID"\n')))

        assert User.objects.get().external_id == "7001"


class TestWooCommerce:
    def test_stores_variations_simple_products_and_orders(self):
        assert run(FEEDS / "woocommerce_products.csv").error == ""
        told = run(FEEDS / "woocommerce_orders.csv")

        assert told.error == ""
        blue = Product.objects.get(external_id="id:43")
        assert (str(blue.category), blue.group, blue.description) == (
            "Clothing > Men > Shirts",
            "SHIRT",
            "Soft",
        )
        assert Interaction.objects.count() == 3
        assert "Left out:     1 lines that were returned, or have a quantity of 0" in told.out

    def test_reads_the_other_plugins_orders(self):
        run(FEEDS / "woocommerce_products.csv")

        run(FEEDS / "woocommerce_orders_skyverge.csv")

        assert [event.product.external_id for event in Interaction.objects.all()] == ["SHIRT-RED"]


class TestMap:
    def test_reads_any_table(self, tmp_path):
        feed = write(
            tmp_path,
            "artikel.csv",
            "Artikelnummer;Bezeichnung;Warengruppe;Preis;Schlagworte;Lager\r\n"
            '00123;Bügeleisen;Haushalt/Wäsche;"1.299,00";dampf, bügeln;7\r\n',
            "cp1252",
        )

        told = run(feed, "--map", str(write(tmp_path, "map.toml", documented_map())))

        iron = Product.objects.get(external_id="00123")
        assert (iron.name, str(iron.category), iron.price) == (
            "Bügeleisen",
            "Haushalt > Wäsche",
            Decimal(1299),
        )
        assert ({tag.name for tag in iron.tags.all()}, iron.brand) == ({"dampf", "bügeln"}, "Lakeside")
        assert "artikel.csv: read as cp1252, columns by ;" in lines(told)

    def test_reads_events_with_a_format_and_a_zone_of_times(self, tmp_path):
        ProductFactory(external_id="7")
        UserFactory(external_id="u1")
        feed = write(tmp_path, "orders.csv", "Kunde;Artikel;Datum\nu1;7;29.03.2026 12:00\nu1;7;März\n")
        kept = write(
            tmp_path,
            "map.toml",
            'kind = "interactions"\ntime_format = "%d.%m.%Y %H:%M"\ntime_zone = "Europe/Berlin"\n'
            '[columns]\nuser_id = "Kunde"\nproduct_id = "Artikel"\ncreated_at = "Datum"\n'
            '[constants]\naction_type = "purchase"\n',
        )

        told = run(feed, "--map", str(kept))

        assert Interaction.objects.get().occurred_at == datetime(2026, 3, 29, 10, tzinfo=UTC)
        assert lines(told)[-1] == (
            'orders.csv, line 3, column Datum, value "März": must be a time such as 31.03.2026 09:50'
        )

    def test_keeps_what_the_table_does_not_have(self, tmp_path):
        run(FEEDS / "google_atom.xml")
        Product.objects.get().tags.create(name="hot")
        feed = write(tmp_path, "prices.csv", "id,name,price\nMUG,Stoneware mug,9.90\nNEW,New,1.00\n")

        told = run(feed, "--map", str(write(tmp_path, "map.toml", 'kind = "products"')))

        mug = Product.objects.get(external_id="MUG")
        assert (mug.price, str(mug.category), mug.description) == (
            Decimal("9.90"),
            "Kitchen",
            "Holds 300 ml.",
        )
        assert [tag.name for tag in mug.tags.all()] == ["hot"]
        assert "Products:     1 created, 1 updated, 0 unchanged" in told.out

    def test_overrides_columns_of_a_known_format(self, tmp_path):
        feed = write(
            tmp_path, "feed.tsv", "id\ttitle\tprice\tlink\tsku\n1\tMug\t1 EUR\thttps://x.example\tM-1\n"
        )

        run(feed, "--map", str(write(tmp_path, "map.toml", '[columns]\nid = "sku"\n')))

        assert Product.objects.get().external_id == "M-1"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('kin = "products"', "'kin' is no key; did you mean 'kind'?"),
            ('kind = "orders"', "kind is 'orders'; it must be products, users or interactions"),
            (
                'kind = "users"\n[columns]\nprice = "P"',
                "'price' is no column in [columns]; it must be id or name",
            ),
            ('[columns]\nprize = "P"', "'prize' is no column in [columns]; did you mean 'price'?"),
            ("[columns]\nprice = 7", "price in [columns] is 7; it must be a text"),
            ('columns = "id"', "columns must be a table"),
            ("decimal = 1", "decimal is 1; it must be a text"),
            ('decimal = ";"', 'decimal is \';\'; it must be "." or ","'),
            ('decimal = ","\nthousands = ","', "decimal and thousands are both ','; they must differ"),
            ('separator = ";;"', "separator is ';;'; it must be one character"),
            ('encoding = "utf-9"', "encoding is 'utf-9'; it must be one such as"),
            ('encoding = "hex"', "encoding is 'hex'; it must be one such as"),
            ('time_zone = "Berlin"', "time_zone is 'Berlin'; it must be a name such as"),
            ('time_format = "DD.MM.YYYY"', "time_format is 'DD.MM.YYYY'; write it as in"),
            ('[columns]\nid = "a"\n[constants]\nid = "b"', "'id' is in [columns] and in [constants]"),
            ("kind = ", "is not valid TOML"),
            (
                'kind = "products"\n[columns]\nid = "Nummer"',
                "The feed has no column 'Nummer', which the map gives for id",
            ),
            ('kind = "products"\n[columns]\nid = "Artikel"', "did you mean 'Artikelnr'?"),
            ('kind = "products"\n[columns]\nid = "Artikelnr"', "The map gives no name: write name ="),
        ],
    )
    def test_refuses_a_map_that_is_wrong_and_says_where(self, tmp_path, text, message):
        feed = write(tmp_path, "feed.csv", "Artikelnr,Preis\n1,2\n")

        told = run(feed, "--map", str(write(tmp_path, "map.toml", text)))

        assert message in told.error


class TestFormats:
    @pytest.mark.parametrize(
        ("name", "start", "message"),
        [
            (
                "a.xlsx",
                b"PK\x03\x04...",
                "is a ZIP archive or an Excel workbook; unpack it, or save it as CSV",
            ),
            ("a.json", b' [{"id": 1}]', "is JSON"),
            ("a.xml", b"\xef\xbb\xbf<!DOCTYPE html><html>", "is a web page, not a feed"),
            ("a.csv", b"", "a.csv is empty."),
            ("a.csv", b"foo,bar\n1,2\n", "is in no known format: say in a file for --map"),
            ("a.csv", b"foo,bar\n1,2\n", "Its columns are foo, bar."),
            ("a.csv", b"id,name,category,price,description,tags\n", "it has the columns of products.csv"),
            (
                "a.csv",
                b"order_id,status,billing_email,line_items\n",
                "export them with one row for each item",
            ),
        ],
    )
    def test_says_what_a_file_is_that_it_does_not_read(self, tmp_path, name, start, message):
        (tmp_path / name).write_bytes(start)

        assert message in run(tmp_path / name).error

    def test_refuses_another_format_than_the_one_named(self):
        assert "is not in the format google" in run(FEEDS / "shopify_orders.csv", "--format", "google").error
        assert "is XML; the format" in run(FEEDS / "google_rss.xml", "--format", "shopify").error

    @pytest.mark.parametrize("source", ["missing.csv", "."])
    def test_refuses_what_is_no_file(self, source):
        told = run(source)

        assert "does not exist" in told.error or "is a directory" in told.error

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
    def test_reads_every_encoding(self, tmp_path, encoding):
        text = "Handle;Title;Variant Price\nb;Bügel;1.00\n"

        assert run(write(tmp_path, "p.csv", text, encoding)).error == ""
        assert Product.objects.get().name == "Bügel"

    def test_reads_packed_files(self, tmp_path):
        path = tmp_path / "google.tsv.gz"
        path.write_bytes(gzip.compress((FEEDS / "google.tsv").read_bytes()))

        assert run(path).error == ""
        assert Product.objects.count() == 2


class TestOptions:
    def test_dry_run_shows_the_first_rows_and_stores_nothing(self):
        told = run(FEEDS / "woocommerce_products.csv", "--dry-run")

        assert Product.objects.count() == 0
        shown = dict(line.split(None, 1) for line in told.out.splitlines()[:2])
        assert shown["id"].split() == ["SHIRT-RED", "id:43", "SOFA", "DESK", "VOUCHER"]
        assert "Valid: 5 products; nothing was imported." in told.out
        assert "Left out: 1 groups of other products" in told.out

    def test_dry_run_tells_all_problems(self):
        told = run(FEEDS / "google_rss.xml", "--dry-run")

        assert told.error == "1 problem found; nothing was imported."

    def test_missing_deactivates_what_the_feed_lacks(self):
        run(FEEDS / "google.tsv")
        ProductFactory(external_id="old")

        told = run(FEEDS / "google.tsv", "--missing", "deactivate")

        assert "is not in google.tsv; 1 deactivated" in told.out
        assert not Product.objects.get(external_id="old").is_active

    def test_missing_deactivates_nothing_if_the_feed_breaks_off(self, tmp_path):
        ProductFactory(external_id="TEE-RED-M")
        ProductFactory(external_id="old")
        whole = (FEEDS / "google_rss.xml").read_text()
        feed = write(tmp_path, "feed.xml", whole[: whole.index("LAMP")])

        told = run(feed, "--missing", "deactivate")

        assert "No product was deactivated: some rows of feed.xml could not be read." in told.error
        assert Product.objects.get(external_id="old").is_active

    def test_missing_does_not_deactivate_a_product_whose_row_is_refused(self):
        ProductFactory(external_id="LAMP")

        run(FEEDS / "google_rss.xml", "--missing", "deactivate", "--into-existing")

        assert Product.objects.get(external_id="LAMP").is_active

    def test_strict_stores_nothing_if_a_row_is_refused(self):
        told = run(FEEDS / "google_rss.xml", "--strict")

        assert told.error == "1 problem found; nothing was imported."
        assert Product.objects.count() == 0

    def test_does_not_mix_two_shops(self):
        ProductFactory(external_id="another")

        assert "contains another shop" in run(FEEDS / "google.tsv").error
        assert run(FEEDS / "google.tsv", "--into-existing").error == ""

    def test_downloads_from_an_address_that_is_allowed(self, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate()))
        with tls_server() as server:
            server.answers["/feed.xml"] = content((FEEDS / "google_atom.xml").read_bytes())
            address = server.address("/feed.xml?token=secret", user="me:secret@")

            refused, told = run(address), run(address, "--allow-private")

        assert "no public address" in refused.error
        assert told.error == ""
        assert Product.objects.get().external_id == "MUG"
        assert "secret" not in told.out + told.stderr.getvalue() + refused.error
