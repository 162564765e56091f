"""Tests of the import of products and users."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog.importing.products import ProductStore
from catalog.importing.rows import ProductRecord, UserRecord
from catalog.importing.users import store_users
from catalog.models import Category, Product, Tag, User
from tests.factories import AccountFactory, ProductFactory, UserFactory
from tests.shops import Told, run_import, write_shop

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(days=365)


def tea(**values: object) -> ProductRecord:
    good: ProductRecord = {
        "external_id": "tea",
        "name": "Tea",
        "category": "Food",
        "price": Decimal("2.50"),
        "description": "Black.",
        "tags": ("hot", "leaf"),
    }
    return {**good, **values}


def store(*rows: ProductRecord) -> ProductStore:
    store = ProductStore()
    store.store(rows)
    return store


def stored() -> Product:
    return Product.objects.get(external_id="tea")


class TestProductStore:
    def test_stores_every_value(self):
        store(tea())

        product = stored()
        assert (
            product.name,
            product.category.name,
            product.price,
            product.description,
            product.is_active,
        ) == (
            "Tea",
            "Food",
            Decimal("2.50"),
            "Black.",
            True,
        )
        assert {tag.name for tag in product.tags.all()} == {"hot", "leaf"}

    def test_numbers_products_in_the_order_of_the_file(self):
        store(*(tea(external_id=f"p{n}") for n in (5, 3, 9)))

        assert list(Product.objects.order_by("id").values_list("external_id", flat=True)) == [
            "p5",
            "p3",
            "p9",
        ]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "Green tea"),
            ("category", "Drinks"),
            ("category", ""),
            ("price", Decimal("3.00")),
            ("description", ""),
            ("stock", 5),
            ("stock", 0),
            ("stock", None),
            ("tags", ("hot",)),
            ("tags", ()),
            ("tags", ("hot", "green")),
        ],
    )
    def test_writes_a_changed_product_and_moves_its_updated_at(self, field, value):
        store(tea(stock=9))
        Product.objects.update(updated_at=LONG_AGO)

        tally = store(tea(**{"stock": 9, field: value})).products

        product = stored()
        found = {
            "name": product.name,
            "category": product.category.name if product.category else "",
            "price": product.price,
            "description": product.description,
            "stock": product.stock,
            "tags": tuple(product.tags.order_by("id").values_list("name", flat=True)),
        }
        assert found[field] == value
        assert product.updated_at > LONG_AGO
        assert (tally.created, tally.updated, tally.unchanged) == (0, 1, 0)

    def test_leaves_an_unchanged_product_as_it_was(self):
        store(tea())
        Product.objects.update(updated_at=LONG_AGO)

        tally = store(tea(tags=("leaf", "hot"), price=Decimal("2.5"))).products

        assert stored().updated_at == LONG_AGO
        assert (tally.created, tally.updated, tally.unchanged) == (0, 0, 1)

    def test_keeps_id_and_created_at_of_a_changed_product(self):
        store(tea())
        before = stored()

        store(tea(name="Green tea"))

        assert (stored().pk, stored().created_at) == (before.pk, before.created_at)

    def test_leaves_an_inactive_product_inactive(self):
        store(tea())
        Product.objects.update(is_active=False)

        store(tea(name="Green tea"))

        assert not stored().is_active

    @pytest.mark.parametrize("stock", [None, 0, 5])
    def test_stores_the_stock_of_a_new_product(self, stock):
        store(tea(stock=stock))

        assert stored().stock == stock

    @pytest.mark.parametrize("change", [{}, {"name": "Green tea"}])
    def test_leaves_a_stock_alone_of_which_the_rows_say_nothing(self, change):
        store(tea(stock=5))

        store(tea(**change))

        assert stored().stock == 5

    def test_takes_an_unsaid_stock_for_no_change(self):
        store(tea(stock=5))
        Product.objects.update(updated_at=LONG_AGO)

        tally = store(tea()).products

        assert stored().updated_at == LONG_AGO
        assert (tally.updated, tally.unchanged) == (0, 1)

    def test_leaves_products_alone_that_are_not_in_the_file(self):
        other = ProductFactory(external_id=None, name="Tea", tags=["old"])

        store(tea())

        other.refresh_from_db()
        assert other.external_id is None
        assert [tag.name for tag in other.tags.all()] == ["old"]

    def test_uses_categories_and_tags_that_exist(self):
        food, hot = Category.objects.create(name="Food"), Tag.objects.create(name="hot")

        done = store(tea())

        assert stored().category == food
        assert hot in stored().tags.all()
        assert (done.n_new_categories, done.n_new_tags) == (0, 1)

    def test_keeps_the_first_spelling_of_names_that_differ_in_case(self):
        store(tea(category="food", tags=("Hot", "hot")), tea(external_id="mug", category="Food"))

        assert set(Category.objects.values_list("name", flat=True)) == {"food"}
        assert {tag.name for tag in stored().tags.all()} == {"Hot"}

    def test_writes_chunk_by_chunk(self, monkeypatch):
        monkeypatch.setattr("catalog.importing.products.CHUNK", 3)

        done = store(*(tea(external_id=f"p{n}", tags=("hot", f"t{n}")) for n in range(10)))

        assert done.products.created == 10
        assert done.n_new_tags == 11
        assert Product.tags.through.objects.count() == 20

    def test_writes_rows_with_other_fields_than_the_row_before(self):
        store(tea(stock=5), tea(external_id="mug", stock=7))

        tally = store(tea(stock=6), tea(external_id="mug", name="Big mug"), tea(external_id="pot", stock=1))

        found = Product.objects.order_by("id").values_list("external_id", "name", "stock")
        assert list(found) == [("tea", "Tea", 6), ("mug", "Big mug", 7), ("pot", "Tea", 1)]
        assert (tally.products.created, tally.products.updated) == (1, 2)

    def test_asks_no_query_per_product(self, django_assert_max_num_queries):
        rows = [tea(external_id=f"p{n}", tags=("hot", f"t{n % 7}")) for n in range(300)]

        with django_assert_max_num_queries(23):  # including begin and end of the transaction
            store(*rows)
        with django_assert_max_num_queries(19):
            store(*rows)


class TestStoreUsers:
    def test_creates_shoppers(self):
        tally = store_users([UserRecord("ann", "Ann"), UserRecord("zoe", "Zoë")])

        assert (tally.created, tally.updated, tally.unchanged) == (2, 0, 0)
        assert list(User.objects.order_by("id").values_list("external_id", "name")) == [
            ("ann", "Ann"),
            ("zoe", "Zoë"),
        ]

    def test_changes_only_the_name_of_a_shopper(self):
        before = UserFactory(external_id="ann", name="Ann", account=AccountFactory())

        tally = store_users([UserRecord("ann", "Anna")])

        after = User.objects.get(external_id="ann")
        assert after.name == "Anna"
        assert (after.pk, after.account, after.created_at) == (before.pk, before.account, before.created_at)
        assert after.updated_at > before.updated_at
        assert (tally.created, tally.updated, tally.unchanged) == (0, 1, 0)

    def test_writes_nothing_for_unchanged_shoppers(self):
        rows = [UserRecord(f"u{n}", f"User {n}") for n in range(100)]
        store_users(rows)
        User.objects.update(updated_at=LONG_AGO)

        tally = store_users(rows)

        assert tally.unchanged == 100
        assert not User.objects.exclude(updated_at=LONG_AGO).exists()

    def test_asks_no_query_per_shopper(self, django_assert_max_num_queries):
        rows = [UserRecord(f"u{n}", f"User {n}") for n in range(500)]

        with django_assert_max_num_queries(8):  # including begin and end of the transaction
            store_users(rows)


class TestAFileWithStock:
    def put(self, directory: Path, stock: str) -> Told:
        lines = ["id,name,category,price,description,tags,stock", f"tea,Tea,Food,2.50,,,{stock}", ""]
        write_shop(directory, users=["ann,Ann"], interactions=["ann,tea,cart,2026-03-01T09:00:00Z"])
        (directory / "products.csv").write_text("\n".join(lines), encoding="utf-8")
        return run_import(directory)

    def test_sells_out_and_ends_the_tracking(self, tmp_path: Path):
        self.put(tmp_path, "0")
        assert stored().stock == 0

        self.put(tmp_path, "")
        assert stored().stock is None

    def test_is_sold_out_where_too_many_were_sold(self, tmp_path: Path):
        reported = self.put(tmp_path, "-4.0000")

        assert (reported.problems, stored().stock) == ([], 0)

    def test_says_what_is_wrong_and_changes_nothing(self, tmp_path: Path):
        self.put(tmp_path, "3")

        reported = self.put(tmp_path, "1.5")

        assert reported.problems == [
            'products.csv, line 2, column stock, value "1.5": '
            "must be a whole number from 0 to 2147483647, or empty if the stock is not tracked"
        ]
        assert stored().stock == 3


class TestAFileWithSales:
    def put(self, directory: Path, header: str, line: str, price: str = "2.50") -> Told:
        write_shop(directory, users=["ann,Ann"], interactions=["ann,tea,cart,2026-03-01T09:00:00Z"])
        text = f"id,name,category,price,description,tags{header}\ntea,Tea,Food,{price},,{line}\n"
        (directory / "products.csv").write_text(text, encoding="utf-8")
        return run_import(directory)

    def test_stores_and_takes_them_away(self, tmp_path: Path):
        self.put(
            tmp_path, ",sale_price,sale_until,image_url", ",2.00,2026-03-01,https://shop.example/tea.jpg"
        )
        product = stored()
        assert (str(product.sale_price), product.sale_until) == ("2.00", datetime(2026, 3, 1, tzinfo=UTC))
        assert (product.image_url, product.url) == ("https://shop.example/tea.jpg", "")

        self.put(tmp_path, ",sale_price", ",")
        product = stored()
        assert (product.sale_price, product.sale_until) == (None, None)
        assert product.image_url == "https://shop.example/tea.jpg"

    def test_without_the_columns_leaves_a_sale_alone(self, tmp_path: Path):
        self.put(tmp_path, ",sale_price", ",2.00")

        self.put(tmp_path, "", "", price="2.00")

        assert str(stored().sale_price) == "2.00"

    def test_without_the_columns_ends_a_sale_above_the_new_price(self, tmp_path: Path):
        self.put(tmp_path, ",sale_price", ",2.00")

        reported = self.put(tmp_path, "", "", price="1.99")

        assert (reported.problems, stored().sale_price, str(stored().price)) == ([], None, "1.99")

    def test_changes_nothing_the_second_time(self, tmp_path: Path):
        header, line = (
            ",sale_price,sale_from,sale_until,url",
            ",2.00,2026-03-01,2026-03-08T00:00:00.5,http://a",
        )
        self.put(tmp_path, header, line)
        before = stored().updated_at

        self.put(tmp_path, header, line)

        assert stored().updated_at == before


class TestAFileWithBrands:
    def put(self, directory: Path, header: str, line: str) -> Told:
        write_shop(directory, users=["ann,Ann"], interactions=["ann,tea,cart,2026-03-01T09:00:00Z"])
        text = f"id,name,category,price,description,tags{header}\ntea,Tea,Food,2.50,,{line}\n"
        (directory / "products.csv").write_text(text, encoding="utf-8")
        return run_import(directory)

    def test_stores_and_takes_them_away(self, tmp_path: Path):
        self.put(tmp_path, ",brand", ", Leaf & Co ")
        assert stored().brand == "Leaf & Co"

        self.put(tmp_path, ",brand", ",")
        assert stored().brand == ""

    def test_may_have_groups(self, tmp_path: Path):
        self.put(tmp_path, ",group", ", Teas ")
        assert stored().group == "Teas"

        self.put(tmp_path, ",brand", ",Leaf")
        assert stored().group == "Teas"

        self.put(tmp_path, ",group", ",")
        assert stored().group == ""

    def test_may_have_attributes(self, tmp_path: Path):
        reported = self.put(
            tmp_path, ",attributes", ',"{""size"": [""M""], ""colour"": ["" red "", ""blue"", ""red""]}"'
        )
        assert reported.problems == []
        assert stored().attributes == {"colour": ["red", "blue"], "size": ["M"]}
        before = stored().updated_at

        self.put(tmp_path, ",attributes", ',"{""colour"": [""red"", ""blue""], ""size"": [""M""]}"')
        assert stored().updated_at == before

        self.put(tmp_path, ",brand", ",Leaf")
        assert stored().attributes

        self.put(tmp_path, ",attributes", ",")
        assert stored().attributes == {}

    def test_says_which_attribute_is_wrong(self, tmp_path: Path):
        reported = self.put(tmp_path, ",attributes", ',"{""colour"": ""red""}"')

        assert reported.problems[0] == (
            'products.csv, line 2, column attributes, value "{"colour": "red"}": '
            "the attribute 'colour' must have a list of 1 to 20 texts"
        )

    def test_may_have_a_stock_as_well(self, tmp_path: Path):
        self.put(tmp_path, ",brand,stock", ",Leaf,3")

        assert (stored().brand, stored().stock) == ("Leaf", 3)

    def test_leaves_them_alone_without_the_column(self, tmp_path: Path):
        self.put(tmp_path, ",brand", ",Leaf")

        self.put(tmp_path, ",stock", ",3")

        assert (stored().brand, stored().stock) == ("Leaf", 3)

    def test_says_what_is_wrong(self, tmp_path: Path):
        self.put(tmp_path, ",brand", ",Leaf")

        reported = self.put(tmp_path, ",brand", ",Le\x03af")

        assert reported.problems == [
            'products.csv, line 2, column brand, value "Le\\x03af": '
            "contains the control character U+0003 at position 3; remove it"
        ]
        assert stored().brand == "Leaf"


class TestTheFile:
    def test_is_the_truth(self, tmp_path: Path):
        write_shop(
            tmp_path,
            products=["tea,Tea,Food,2.50,,hot|leaf", "mug,Mug,Home,8.00,,"],
            users=["ann,Ann"],
            interactions=[],
        )
        call_command("import_shop", str(tmp_path), verbosity=0)
        write_shop(tmp_path, products=["tea,Green tea,,2.75,Fresh.,green"], users=["ann,Anna"])

        call_command("import_shop", str(tmp_path), verbosity=0)

        product = stored()
        assert (product.name, product.category, str(product.price), product.description) == (
            "Green tea",
            None,
            "2.75",
            "Fresh.",
        )
        assert [tag.name for tag in product.tags.all()] == ["green"]
        assert User.objects.get().name == "Anna"
        assert Product.objects.filter(external_id="mug").exists()
