"""Tests of the bulk writes that stage their rows in a temporary table."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.importing.products import ProductStore
from catalog.models import Interaction, Product, Tag, User
from core.db.staging import count, fields_of, insert_chunks, staged, upsert
from tests.factories import NOON, ProductFactory, UserFactory
from tests.integration.test_import_catalogue import tea

pytestmark = pytest.mark.django_db

NAMES = fields_of(Tag, ["name"])
EVENT = ("user_id", "product_id", "action_type", "occurred_at", "created_at", "event_key")


@pytest.fixture
def event() -> tuple[Any, ...]:
    """Return the values of an event, except its key."""
    adapted = connection.ops.adapt_datetimefield_value(NOON)
    return (UserFactory().pk, ProductFactory().pk, "view", adapted, adapted)


def insert(*chunks: list[tuple[Any, ...]]) -> list[tuple[int, int]]:
    return list(insert_chunks(Interaction, EVENT, chunks, unique="event_key"))


def keys() -> list[str | None]:
    return list(Interaction.objects.order_by("id").values_list("event_key", flat=True))


class TestStaged:
    @pytest.mark.django_db(transaction=True)
    def test_needs_a_transaction(self):
        refused = pytest.raises(transaction.TransactionManagementError, match="in a transaction")

        with refused, staged("staged_tag", NAMES, []):
            pass

    def test_numbers_the_rows_from_0(self):
        with staged("staged_tag", NAMES, [["hot"], ["leaf"]]), connection.cursor() as cursor:
            cursor.execute("SELECT place, name FROM staged_tag ORDER BY place")

            assert cursor.fetchall() == [(0, "hot"), (1, "leaf")]

    def test_is_empty_again_after_an_error(self):
        with pytest.raises(IntegrityError), transaction.atomic(), staged("staged_tag", NAMES, [[""]]):
            write_tags()

        with staged("staged_tag", NAMES, []):
            assert count("FROM staged_tag") == 0


def write_tags(*, changes: bool = True) -> int:
    source = "FROM staged_tag ORDER BY place"
    return upsert(Tag, {"name": "name"}, source, unique=("name",), now=NOON, changes=changes)


class TestUpsert:
    @pytest.mark.parametrize(("changes", "n_written"), [(True, 2), (False, 1)])
    def test_changes_rows_that_exist_only_on_request(self, changes, n_written):
        hot = Tag.objects.create(name="hot")

        with staged("staged_tag", NAMES, [["hot"], ["leaf"]]):
            assert write_tags(changes=changes) == n_written

        before, hot.updated_at = hot.updated_at, Tag.objects.get(pk=hot.pk).updated_at
        assert hot.updated_at == (NOON if changes else before)
        assert Tag.objects.get(name="leaf").updated_at == NOON


class TestInsertChunks:
    def test_counts_rows_and_new_ones_of_each_chunk(self, event):
        first, second = [(*event, "a"), (*event, "b")], [(*event, "b"), (*event, "c"), (*event, "c")]

        assert insert(first, second) == [(2, 2), (3, 1)]
        assert keys() == ["a", "b", "c"]

    def test_stores_what_was_read_before_an_interruption(self, event):
        def interrupted() -> Iterator[list[tuple[Any, ...]]]:
            yield [(*event, "a")]
            yield [(*event, "b")]
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            list(insert_chunks(Interaction, EVENT, interrupted(), unique="event_key"))

        assert keys() == ["a", "b"]

    @pytest.mark.django_db(transaction=True)
    def test_keeps_the_chunks_before_one_that_the_database_refuses(self, event):
        no_user = (User.objects.latest("pk").pk + 1, *event[1:])

        with pytest.raises(IntegrityError):
            insert([(*event, "a")], [(*event, "b"), (*no_user, "c")], [(*event, "d")])

        assert keys() == ["a"]

    def test_writes_a_chunk_with_one_statement(self, event):
        with CaptureQueriesContext(connection) as queries:
            insert([(*event, f"{n}") for n in range(50)])

        table = Interaction._meta.db_table
        assert sum(query["sql"].count(f'INTO "{table}"') for query in queries) == 1


class TestProductStore:
    def test_writes_each_table_once_a_chunk(self):
        # PostgreSQL runs the triggers of a table once for each statement.
        ProductStore().store([tea(external_id=f"p{n}", tags=("hot",)) for n in range(20)])
        rows = [tea(external_id=f"p{n}", tags=(f"t{n}",), name="New") for n in range(10, 40)]

        with CaptureQueriesContext(connection) as queries:
            ProductStore().store(rows)

        for model in (Product, Product.tags.through, Tag):
            writes = [q for q in queries if f'INTO "{model._meta.db_table}"' in q["sql"]]
            assert len(writes) == 1
