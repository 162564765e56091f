"""Search in the catalogue gives what a naive reference finds, whatever changed the products."""

import unicodedata
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import checks
from catalog.checks import search_is_indexed
from catalog.models import Product, SearchText
from catalog.search import found, index, matching
from catalog.search.found import FoundProducts
from catalog.search.pending import fold_all_pending, fold_pending
from core.folding import fold
from tests.factories import ProductFactory

# ruff: noqa: S608  names of columns
pytestmark = pytest.mark.django_db

# Letters that meet often, with case, accents, other scripts, and what is special in patterns and in FTS5.
LETTERS = 'abAé É%_"\\*-ß日本語がЁё가😀'
TEXTS = st.text(LETTERS, min_size=1, max_size=12).filter(str.strip)


def api(phrase: str) -> list[int]:
    """Return the ids that the API finds."""
    return FoundProducts(Product.objects.order_by("id"), fold(phrase))[:]


def admin(*words: str) -> list[int]:
    """Return the ids that the admin finds."""
    return sorted(Product.objects.filter(matching.containing_words(words)).values_list("id", flat=True))


def executed(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


class TestSearch:
    @pytest.mark.parametrize(
        ("text", "phrase"),
        [
            ("Éclair", "éclair"),
            ("Éclair", "ECLAIR"),
            ("Eclair", "Éc"),
            ("Ёлка", "ёлка"),
            ("Ёлка", "елка"),
            ("Straße", "STRASSE"),
            ("İstanbul", "istanbul"),
            ("ΟΔΌΣ", "οδος"),
            ("Łódź", "lodz"),
            ("مُحَمَّد", "محمد"),
            ("שָׁלוֹם", "שלום"),
            (unicodedata.normalize("NFD", "각설탕"), "설탕"),
            ("日本語", "本語"),
            ("日本語", "語"),
            ("ＬＥＤ lamp", "led"),
            ("Desk  lamp", "desk lamp"),
            ("50 % off", "50 %"),
            ("snake_case", "e_c"),
            ('19" rack', '19"'),
            ("C:\\dir", "c:\\d"),
            ("Lamps", "amp"),
        ],
    )
    @pytest.mark.parametrize("column", ["name", "description"])
    def test_finds(self, column: str, text: str, phrase: str):
        product = ProductFactory(**{"name": "x", "description": "y", column: text})
        ProductFactory(name="Other", description="Another.")

        assert api(phrase) == [product.pk]

    @pytest.mark.parametrize("phrase", ["lamp desk", "Hama", "ext-1", "desk lamp y", "%", "d_sk", '" OR "a'])
    def test_finds_only_parts_of_name_or_description(self, phrase: str):
        ProductFactory(name="desk lamp", description="y", brand="Hama", external_id="ext-1")

        assert api(phrase) == []

    @pytest.mark.parametrize(
        "words",
        [("lamp", "desk"), ("HAMA", "désk"), ("ext-1", "b"), ("ight", "de"), ("y",), ("desk lamp", "bright")],
    )
    def test_of_the_admin_finds_words_in_any_order(self, words: tuple[str, ...]):
        product = ProductFactory(
            name="desk lamp", description="Bright, by day", brand="Hama", external_id="ext-1"
        )
        ProductFactory(name="desk", description="Dark", brand="Other", external_id="ext-2")

        assert admin(*words) == [product.pk]

    @settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=8),
        st.lists(TEXTS, min_size=1, max_size=3),
    )
    @pytest.mark.parametrize("indexed", [True, False])
    def test_finds_what_a_naive_reference_finds(
        self,
        monkeypatch: pytest.MonkeyPatch,
        indexed: bool,
        rows: list[tuple[str, str, str]],
        phrases: list[str],
    ):
        if not indexed:
            monkeypatch.setattr(matching, "has_index", lambda connection: False)
        Product.objects.all().delete()
        found.forget()
        products = [Product(name=name, description=text, brand=brand, price=1) for name, text, brand in rows]
        Product.objects.bulk_create(products)
        fold_all_pending("default")
        # Parts of texts, so that something is found, and other texts.
        parts = [part for name, text, _ in rows for part in (name[:3], text[1:4], name[-1:])]
        for phrase in filter(str.strip, [*parts, *phrases]):
            term = fold(phrase)
            expected = [p.pk for p in products if term in fold(p.name) or term in fold(p.description)]
            assert api(phrase) == expected
            words = [fold(word) for word in phrase.split()]
            assert admin(*phrase.split()) == [
                p.pk
                for p in products
                if all(any(word in fold(text) for text in (p.name, p.description, p.brand)) for word in words)
            ]


class TestSearchText:
    def test_is_written_with_the_product(self):
        product = ProductFactory(name="Éclair", description="Süß", brand="Ñandú", external_id="A-1")

        stored = SearchText.objects.get(pk=product.pk)

        assert (stored.text, stored.keys) == ("eclair\nsuss", "nandu\na-1")

    @pytest.mark.parametrize("fields", [{"name": "Neu"}, {"description": "Neu"}])
    def test_follows_a_change(self, fields: dict[str, str]):
        product = ProductFactory(name="Alt", description="Alt")
        Product.objects.filter(pk=product.pk).update(**fields)

        assert api("neu") == [product.pk]

        product = Product.objects.get(pk=product.pk)
        product.save(update_fields=["name", "description"])

        assert api("neu") == [product.pk]
        assert not SearchText.objects.pending().exists()

    def test_has_what_another_changed_in_the_meantime(self):
        product = ProductFactory(name="a", description="b")
        Product.objects.filter(pk=product.pk).update(description="from another")

        product.name = "renamed"
        product.save(update_fields=["name"])

        assert api("from another") == api("renamed") == [product.pk]

    def test_of_a_change_by_sql_is_found_at_once_and_folded_later(self):
        product = ProductFactory(name="Alt")

        executed("UPDATE catalog_product SET name = 'Éclair' WHERE id = %s", product.pk)

        assert (api("eclair"), api("alt"), admin("ECLAIR")) == ([product.pk], [], [product.pk])
        assert fold_pending("default") == 1
        assert (api("eclair"), api("alt"), admin("ECLAIR")) == ([product.pk], [], [product.pk])

    def test_goes_with_its_product(self):
        product = ProductFactory(name="Éclair")

        executed("DELETE FROM catalog_product WHERE id = %s", product.pk)

        assert api("eclair") == []
        assert not SearchText.objects.exists()

    def test_follows_a_new_id(self):
        product = ProductFactory(name="Éclair")

        executed("UPDATE catalog_product SET id = id + 1000")

        assert api("eclair") == [product.pk + 1000]
        assert SearchText.objects.values_list("pk", flat=True).get() == product.pk + 1000

    def test_is_replaced_with_its_product(self):
        product = ProductFactory(name="Alt", external_id="one")
        if connection.vendor == "sqlite":
            columns = "id, external_id, name, brand, price, description, is_active, created_at, updated_at"
            values = columns.replace(" name", " 'Neu'")
            executed(
                f"INSERT OR REPLACE INTO catalog_product ({columns}) SELECT {values} FROM catalog_product"
            )
        else:
            executed("UPDATE catalog_product SET name = 'Neu'")

        assert (api("neu"), api("alt")) == ([product.pk], [])

    def test_is_not_written_for_what_search_does_not_show(self, django_assert_num_queries: Any):
        product = ProductFactory()

        product.price = 7
        with django_assert_num_queries(1):
            product.save(update_fields=["price"])


class TestFoundProducts:
    def phrase(self, **rows: Any) -> FoundProducts:
        return FoundProducts(Product.objects.active().order_by("id"), "lamp")

    def test_count_is_right_after_each_change(self):
        lamps = [ProductFactory(name=f"Lamp {n}") for n in range(4)]
        other = ProductFactory(name="Other")
        assert self.phrase().count() == 4

        Product.objects.filter(pk=other.pk).update(name="Lamp, too")
        assert self.phrase().count() == 5
        Product.objects.filter(pk=lamps[0].pk).update(is_active=False)
        assert self.phrase().count() == 4
        lamps[1].delete()
        assert self.phrase().count() == 3
        ProductFactory(name="lamp 9")
        assert self.phrase().count() == 4
        Product.objects.filter(pk=lamps[0].pk).update(is_active=True)
        assert self.phrase()[0:2] == [lamps[0].pk, lamps[2].pk]

    def test_count_follows_a_sold_out_product_that_is_hidden(self):
        product = ProductFactory(name="Lamp", stock=0)
        assert self.phrase().count() == 1

        Product.objects.filter(pk=product.pk).update(is_active=False)

        assert self.phrase().count() == 0

    @pytest.mark.django_db(transaction=True)
    def test_reads_the_matches_once(self, django_assert_num_queries: Any):
        ProductFactory(name="Lamp")
        self.phrase().count()

        with django_assert_num_queries(1):  # of the changes
            assert self.phrase().count() == 1

    @pytest.mark.parametrize("few", [0, 1_000])
    @pytest.mark.parametrize("order", ["id", "-id", "name", "-name", "price", "-price", "created_at"])
    def test_are_in_the_order_of_the_rows(self, monkeypatch: pytest.MonkeyPatch, order: str, few: int):
        monkeypatch.setattr(found, "FEW", few)
        for name, price in (("lamp b", 1), ("lamp c", 3), ("other", 0), ("lamp a", 2)):
            ProductFactory(name=name, price=price)
        rows = Product.objects.order_by(order, "id")
        expected = [product.pk for product in rows if product.name != "other"]

        products = FoundProducts(rows, "lamp")

        assert products[0:2] + products[2:4] == expected

    def test_are_kept_up_to_a_number_of_bytes(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(found, "MAX_BYTES", 5_000)
        ProductFactory(name="Lamp")

        for n in range(10):
            FoundProducts(Product.objects.order_by("id"), f"lamp{n}").count()

        assert len(found._kept._searches) == 2

    def test_are_not_kept_while_more_texts_are_empty_than_a_search_folds(
        self, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(matching, "MOST_PENDING", 1)
        Product.objects.bulk_create([Product(name="Lamp", price=1) for _ in range(3)])
        assert self.phrase().count() == 1

        fold_pending("default")

        assert self.phrase().count() == 3


class TestIndex:
    def test_is_there(self):
        assert index.has_index(connection)

    def test_that_is_missing_is_created_and_filled_by_migrate(self):
        product = ProductFactory(name="Éclair")
        kind, name = (
            ("INDEX", index.POSTGRESQL_INDEX)
            if connection.vendor == "postgresql"
            else ("TABLE", index.SQLITE_INDEX)
        )
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("SELECT name FROM sqlite_master WHERE name LIKE 'noted_search_text%'")
                for (trigger,) in cursor.fetchall():
                    cursor.execute(f"DROP TRIGGER {trigger}")
            cursor.execute(f"DROP {kind} {name}")
        assert api("eclair") == [product.pk]

        call_command("migrate", verbosity=0)

        found.forget()
        assert index.has_index(connection)
        assert api("eclair") == [product.pk]

    def test_is_done_without_where_the_database_cannot_have_one(self, monkeypatch: pytest.MonkeyPatch):
        product = ProductFactory(name="Éclair")
        for name in ("_POSTGRESQL", "_SQLITE"):
            monkeypatch.setattr(index, name, ("CREATE EXTENSION IF NOT EXISTS no_such_extension",))
        with connection.cursor() as cursor:
            is_postgresql = connection.vendor == "postgresql"
            cursor.execute(
                f"DROP INDEX {index.POSTGRESQL_INDEX}"
                if is_postgresql
                else f"DROP TABLE {index.SQLITE_INDEX}"
            )

        call_command("migrate", verbosity=0)

        assert [warning.id for warning in search_is_indexed(None, ["default"])] == ["catalog.W002"]
        assert api("eclair") == [product.pk]
        product.name = "Ёлка"
        product.save()
        assert (api("eclair"), api("елка")) == ([], [product.pk])


class TestChecks:
    def test_find_nothing_wrong(self):
        assert search_is_indexed(None, ["default"]) == []

    def test_name_a_missing_index_and_what_to_do(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(checks, "has_index", lambda connection: False)

        (found,) = search_is_indexed(None, ["default"])

        assert found.id == "catalog.W002"
        assert ("pg_trgm" if connection.vendor == "postgresql" else "FTS5") in str(found.hint)

    def test_count_empty_texts_that_a_search_does_not_fold(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(checks, "MOST_PENDING", 1)
        Product.objects.bulk_create([Product(name="Lamp", price=1) for _ in range(2)])

        (warning,) = search_is_indexed(None, ["default"])
        assert "2 products" in warning.msg
        assert "index_products" in str(warning.hint)

        call_command("index_products", stdout=StringIO())

        assert search_is_indexed(None, ["default"]) == []
