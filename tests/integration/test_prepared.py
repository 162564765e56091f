"""Tests of PreparedQuery and columns()."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import FloatField
from django.db.models.functions import Cast
from django.db.transaction import TransactionManagementError

from catalog.models import Product, User
from core.db.prepared import PreparedQuery, columns, columns_in_chunks
from recommendations.selectors.products import AVAILABLE
from tests.factories import ProductFactory, UserFactory

pytestmark = pytest.mark.django_db

by_ids = PreparedQuery(
    lambda ids: Product.objects.filter(id__in=ids).order_by("id").values_list("id", "price")
)
by_name = PreparedQuery(lambda name, key: User.objects.filter(name=name, id__gte=key).values_list("id"))

numbers = PreparedQuery(
    lambda key: Product.objects.filter(id=key).values_list(Cast("price", FloatField()), AVAILABLE)
)


class TestPrepared:
    @pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
    def test_takes_lists_of_any_length(self, n: int):
        ids = sorted(product.id for product in ProductFactory.create_batch(9))

        rows = by_ids(ids[:n])

        assert [key for key, _ in rows] == ids[:n]

    def test_gives_no_rows_for_an_empty_list_and_asks_nothing(self, django_assert_num_queries: Any):
        with django_assert_num_queries(0):
            assert by_ids([]) == []

    def test_puts_each_parameter_in_its_place(self):
        first, second = UserFactory(name="Zoë"), UserFactory(name="Zoë")
        UserFactory(name="Max")

        assert by_name("Zoë", first.id) == [(first.id,), (second.id,)]
        assert by_name("Zoë", second.id) == [(second.id,)]

    def test_puts_each_of_very_many_parameters_in_its_place(self):
        ids = sorted(product.id for product in ProductFactory.create_batch(3))

        rows = by_ids([*ids[:2], *range(10**9, 10**9 + 2_000)])

        assert [key for key, _ in rows] == ids[:2]

    def test_treats_a_parameter_as_data(self):
        UserFactory(name="Max")

        assert by_name("' OR 1=1 --", 0) == []

    def test_converts_cells_as_the_orm_does(self):
        product = ProductFactory(price="12.50")

        assert by_ids([product.id]) == [(product.id, Decimal("12.50"))]

    def test_takes_whole_numbers_and_floats_as_they_come(self):
        product = ProductFactory(price="0.10")

        assert numbers(product.id) == [(0.1, 1)]
        assert [type(cell) for cell in numbers(product.id)[0]] == [float, int]

    def test_refuses_a_query_that_loses_a_parameter(self):
        losing = PreparedQuery(lambda key: User.objects.all().values_list("id"))

        with pytest.raises(ValueError, match="Not every parameter"):
            losing(1)

    def test_tells_whoever_listens_to_queries_and_gives_them_the_same_rows(self):
        product = ProductFactory(price="0.10")
        unheard, heard = numbers(product.id), []

        def listen(execute: Any, sql: str, params: Any, *others: Any) -> Any:
            heard.append((sql, params))
            return execute(sql, params, *others)

        with connection.execute_wrapper(listen):
            assert numbers(product.id) == unheard

        assert [params[-1] for _, params in heard] == [product.id]

    def test_fails_as_djangos_cursor_does(self):
        broken = PreparedQuery(
            lambda key: User.objects.extra(where=["nowhere = %s"], params=[key]).values_list("id")
        )

        with pytest.raises(DatabaseError), transaction.atomic():
            broken(1)

    def test_asks_nothing_in_a_transaction_that_has_failed(self):
        with transaction.atomic():
            transaction.set_rollback(True)
            with pytest.raises(TransactionManagementError):
                by_name("Zoë", 1)


class TestColumns:
    def test_are_empty_when_nothing_can_be_found(self):
        assert columns(Product.objects.filter(id__in=[]).values_list("id", "name"), 2) == [(), ()]

    @pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
    def test_come_in_chunks_that_add_up(self, size: int):
        users = UserFactory.create_batch(5)
        chunks = list(columns_in_chunks(User.objects.order_by("id").values_list("id", "name"), 2, size))

        assert all(len(ids) <= size for ids, _ in chunks)
        rows = [row for ids, names in chunks for row in zip(ids, names, strict=True)]
        assert rows == [(user.pk, user.name) for user in users]
