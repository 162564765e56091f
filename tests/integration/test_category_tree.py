"""Tests of the tree of categories: the database keeps the paths, whichever program writes."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from catalog.models import Category
from catalog.services.names import get_or_create_categories, get_or_create_category
from core.text import MAX_LEVELS
from tests.factories import ProductFactory
from tests.integration.test_change_feed import noted_by

pytestmark = pytest.mark.django_db


def tree(*paths: str) -> dict[str, Category]:
    for path in paths:
        get_or_create_category(path)
    return {category.name: category for category in Category.objects.all()}


def paths() -> list[str]:
    return sorted(Category.objects.values_list("path", flat=True))


class TestPath:
    def test_is_the_name_at_the_top(self):
        assert Category.objects.create(name="Home").path == "Home"

    def test_has_the_names_above(self):
        tree("Home > Kitchen > Cups")

        assert paths() == ["Home", "Home > Kitchen", "Home > Kitchen > Cups"]

    @pytest.mark.parametrize("by", ["save", "update"])
    def test_follows_the_name_of_each_category_above(self, by: str):
        home = tree("Home > Kitchen > Cups", "Homes > Kitchen", "Home > Kitchen > Plates")["Home"]

        if by == "save":
            home.name = "House"
            home.save(update_fields=["name"])
        else:
            Category.objects.filter(pk=home.pk).update(name="House")

        assert paths() == [
            "Homes",
            "Homes > Kitchen",
            "House",
            "House > Kitchen",
            "House > Kitchen > Cups",
            "House > Kitchen > Plates",
        ]

    def test_follows_the_parent(self):
        made = tree("Home > Kitchen > Cups", "Garden")

        Category.objects.filter(pk=made["Kitchen"].pk).update(parent=made["Garden"])
        assert paths() == ["Garden", "Garden > Kitchen", "Garden > Kitchen > Cups", "Home"]

        Category.objects.filter(pk=made["Kitchen"].pk).update(parent=None)
        assert paths() == ["Garden", "Home", "Kitchen", "Kitchen > Cups"]

    def test_is_right_whatever_is_written(self):
        made = tree("Home > Kitchen")

        Category.objects.filter(pk=made["Kitchen"].pk).update(path="Wrong")
        Category.objects.bulk_create([Category(name="Cups", parent=made["Kitchen"])])

        assert paths() == ["Home", "Home > Kitchen", "Home > Kitchen > Cups"]

    def test_is_right_after_a_stale_save(self):
        made = tree("Home > Kitchen")
        kitchen = Category.objects.select_related("parent").get(pk=made["Kitchen"].pk)
        Category.objects.filter(pk=made["Home"].pk).update(name="House")

        kitchen.save()

        assert paths() == ["House", "House > Kitchen"]


class TestDatabase:
    @pytest.mark.parametrize("parent", ["Home", "Kitchen", "Cups"])
    def test_refuses_a_category_below_itself(self, parent: str):
        made = tree("Home > Kitchen > Cups")

        with pytest.raises(IntegrityError), transaction.atomic():
            Category.objects.filter(name="Home").update(parent=made[parent])

        assert paths() == ["Home", "Home > Kitchen", "Home > Kitchen > Cups"]

    def test_refuses_an_eleventh_level_also_below_what_is_moved(self):
        made = tree(" > ".join(f"L{n}" for n in range(MAX_LEVELS)), "Top")

        with pytest.raises(IntegrityError), transaction.atomic():
            Category.objects.create(name="Deeper", parent=made["L9"])
        with pytest.raises(IntegrityError), transaction.atomic():
            Category.objects.filter(name="L0").update(parent=made["Top"])

    def test_refuses_a_name_with_a_separator(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            Category.objects.bulk_create([Category(name="A > B", path="A > B")])

    def test_refuses_a_path_twice(self):
        made = tree("Home > Cups", "Garden > Cups")

        with pytest.raises(IntegrityError), transaction.atomic():
            Category.objects.filter(path="Garden > Cups").update(parent=made["Home"])

    def test_refuses_to_delete_one_with_others_below(self):
        made = tree("Home > Cups")

        with pytest.raises(Exception, match="Cannot delete"):
            made["Home"].delete()


class TestClean:
    @pytest.mark.parametrize(
        ("name", "parent", "field"),
        [
            ("Home", "Home", "parent"),
            ("Home", "Cups", "parent"),
            ("L0", "Home", "parent"),
            ("Garden", "Home", "name"),
        ],
    )
    def test_says_what_is_wrong(self, name: str, parent: str, field: str):
        made = tree(
            "Home > Kitchen > Cups", "Garden", "Home > Garden", " > ".join(f"L{n}" for n in range(10))
        )
        category = Category.objects.get(name=name, parent=None)
        category.parent = made[parent]

        with pytest.raises(ValidationError) as caught:
            category.clean()

        assert list(caught.value.message_dict) == [field]


class TestChangeFeed:
    def test_names_the_products_of_all_categories_below(self):
        cup, bowl = (
            ProductFactory(category=get_or_create_category(f"Home > Kitchen > {n}")) for n in ("A", "B")
        )
        ProductFactory(category="Garden")

        renamed = noted_by(lambda: Category.objects.filter(name="Home").update(name="House"))
        moved = noted_by(lambda: Category.objects.filter(name="Kitchen").update(parent=None))

        assert renamed == moved == [cup.pk, bowl.pk]


class TestGetOrCreate:
    def test_creates_those_above_once(self, django_assert_max_num_queries: Any):
        Category.objects.create(name="Home")
        wanted = ["Home > Kitchen > Cups", "Home", "Home > Kitchen > Pots", "Home > Kitchen"]

        with django_assert_max_num_queries(6):
            found, n_new = get_or_create_categories(wanted)

        assert n_new == 3
        assert {path: found[path].path for path in wanted} == {path: path for path in wanted}
        with django_assert_max_num_queries(2):
            assert get_or_create_categories(wanted)[1] == 0

    def test_finds_each_level_whatever_its_case(self):
        cups = get_or_create_category("Home > Kitchen > Cups")

        found, n_new = get_or_create_categories(["HOME > kitchen > CUPS", "home > Garden", "Home > GARDEN"])

        assert n_new == 1
        assert found["HOME > kitchen > CUPS"] == cups
        assert found["home > Garden"] == found["Home > GARDEN"]
        assert paths() == ["Home", "Home > Garden", "Home > Kitchen", "Home > Kitchen > Cups"]

    def test_has_a_name_below_each_parent(self):
        one, other = (get_or_create_category(path) for path in ("Home > Cups", "Garden > CUPS"))

        assert one != other

    def test_finds_a_category_that_was_renamed_by_sql(self):
        cups = get_or_create_category("Home > Cups")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE catalog_category SET name = 'Mugs' WHERE id = %s", [cups.pk])

        assert get_or_create_category("home > Mugs") == cups
