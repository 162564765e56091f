"""The lists of the admin take the parameters of their filters only; no page fails for what is sent to it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import NoReverseMatch, reverse

from tests.factories import (
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    StaffFactory,
    TagFactory,
)

pytestmark = pytest.mark.django_db

LISTS = list(admin.site._registry.items())
each_list = pytest.mark.parametrize(("model", "own"), LISTS, ids=lambda value: getattr(value, "__name__", ""))
LOOKUPS = {
    "regex": "(a+)+$",
    "iregex": "(",
    "year": "99999",
    "range": "1",
    "in": "1,abc",
    "gt": "9" * 30,
    "isnull": "x",
    "contains": "a",
    "exact": "a\x00b",
}
VALUES = [
    "abc",
    "9" * 30,
    "1,abc",
    "-1",
    "a\x00b",
    "99999-01-01",
    "0001-01-01",
    "9999-12-31",
    "[",
    "x" * 3000,
]
# A number that is no key, and that no database stores.
NOT_KEYS = ["abc", "9" * 30, "1,2", "a\x00b"]


def address(model: type[Model], page: str = "") -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{page}"


@pytest.fixture
def row() -> Any:
    InteractionFactory(product=ProductFactory(external_id="lamp", tags=[TagFactory()]))
    return ProductFactory._meta.model.objects.get()


@pytest.fixture
def staff(row, office) -> Client:
    return office


@pytest.fixture
def viewer(row, hire) -> Client:
    """The admin as seen by somebody who may view everything and change nothing."""
    return hire(*(f"view_{model._meta.model_name}" for model, _ in LISTS))


def assert_invalid(answer: HttpResponse, shown: object) -> None:
    assert (answer.status_code, answer.headers.get("Location", "")[-4:]) == (302, "?e=1"), shown


def assert_no_error(answer: HttpResponse, shown: object) -> None:
    assert answer.status_code < 500, shown


def own_parameters(model: type[Model], own: Any) -> set[str]:
    request = RequestFactory().get("/")
    request.user = StaffFactory()
    return own.filter_parameters(request)


class TestEveryList:
    @each_list
    def test_refuses_every_lookup_that_no_filter_takes(self, viewer, model, own):
        known, request = own_parameters(model, own), RequestFactory().get("/")
        for number, field in enumerate(model._meta.get_fields()):
            names = [f"{field.name}__{lookup}" for lookup in LOOKUPS]
            unknown = [name for name in (field.name, *names) if name not in known]
            assert not [name for name in unknown if own.lookup_allowed(name, "1", request)]
            # All of them are refused by the same lines, so one a field is sent.
            name = names[number % len(names)]
            if name in unknown:
                assert_invalid(viewer.get(address(model), {name: LOOKUPS[name.rpartition("__")[2]]}), name)

    @each_list
    def test_takes_any_value_of_its_filters(self, viewer, model, own):
        for name in own_parameters(model, own):
            for value in VALUES:  # the last one of several counts
                assert_no_error(viewer.get(address(model), {name: ["1", value]}), (name, value[:20]))
            assert_no_error(viewer.get(address(model), {name: [VALUES[0], "1"]}), name)

    @each_list
    def test_sorts_by_its_sortable_columns_whatever_is_asked(self, viewer, model, own):
        for order in (
            ".".join(["1"] * 3_000),
            ".".join("123" * 1_000),
            "9" * 5_000,
            "-" * 99,
            "1.-1",
            "²",
            "１",
        ):
            assert_no_error(viewer.get(address(model), {"o": order}), order[:20])

    @each_list
    def test_refuses_selected_rows_that_are_no_keys(self, staff, model, own):
        request = RequestFactory().get("/")
        request.user = StaffFactory()
        for action in own.get_actions(request):
            for value in NOT_KEYS:
                sent = {"action": action, "_selected_action": ["1", value], "index": value}
                chosen = {"answered": "1", "category": value, "tags": value}
                assert_no_error(staff.post(address(model), sent | chosen), (action, value))

    def test_does_not_sort_by_a_column_without_a_link(self, staff, row):
        ProductFactory(name="A", category=CategoryFactory(name="Z"))
        ProductFactory(name="B", category=CategoryFactory(name="C"))

        page = staff.get("/admin/catalog/product/", {"o": "3"})

        assert [product.name for product in page.context["cl"].result_list][:2] == ["A", "B"]

    def test_has_a_filter_for_each_of_its_own_links(self, staff, row):
        for url in (
            f"/admin/catalog/interaction/?user={row.interactions.get().user_id}&product={row.pk}",
            f"/admin/catalog/product/?category={row.category_id}&tags={row.tags.get().pk}",
        ):
            assert staff.get(url).status_code == 200


class TestEveryForm:
    @each_list
    def test_takes_any_value_in_the_query_and_in_its_fields(self, staff, model, own):
        pk = model._default_manager.values_list("pk", flat=True).first()
        pages = ["add/"] if pk is None else ["add/", f"{pk}/change/"]
        for value in ("abc", "9" * 30, "1,abc", "a\x00b", "0001-01-01", "9999-12-31T23:59:59-14:00"):
            sent = {}
            for name in [field.name for field in model._meta.get_fields()]:
                sent |= {name: value, f"{name}_0": value[:10], f"{name}_1": "23:59:59"}
            for page in pages:
                assert_no_error(staff.get(address(model, page), sent), (page, value))
                assert_no_error(staff.post(address(model, page), sent), (page, value))

    def test_prefills_what_fits(self, staff, row):
        asked = {"category": row.category_id, "tags": f"{row.tags.get().pk},x", "name": "Lamp"}

        page = staff.get("/admin/catalog/product/add/", asked)

        initial = page.context["adminform"].form.initial
        assert (initial["name"], initial["category"]) == ("Lamp", row.category_id)
        assert initial["tags"] == [str(row.tags.get().pk)]

    @pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    def test_refuses_the_first_and_the_last_year(self, staff, zone, day):
        sent = {"name": "x", "scopes": "read", "expires_at_0": day, "expires_at_1": "23:59:59"}
        with override_settings(TIME_ZONE=zone):
            assert_no_error(staff.post("/admin/access/apikey/add/", sent), day)
            for name in ("from", "to"):
                answer = staff.get("/admin/catalog/product/", {f"created_at_{name}": day})
                assert_no_error(answer, (day, name))


class TestEveryPage:
    @each_list
    def test_takes_any_of_django_s_parameters(self, staff, model, own):
        names = ("_popup", "_changelist_filters", "_facets", "_saveasnew", "p", "all", "e")
        for value in ("9" * 30, "a\x00b", "["):
            for page in ("", "add/", "1/change/", "1/delete/", "1/history/"):
                for sent in ({"_to_field": value}, dict.fromkeys(names, value)):
                    assert_no_error(staff.get(address(model, page), sent), (page, sent))
                    assert_no_error(staff.post(address(model, page), sent), (page, sent))

    @each_list
    def test_takes_any_id(self, staff, model, own):
        for id in ("9" * 20, "9" * 5_000, "_5F", "_00", "%00", "１"):
            for page in ("change/", "delete/", "history/", "password/", "rotate/"):
                assert_no_error(staff.get(address(model, f"{id}/{page}")), (id, page))
                assert_no_error(staff.post(address(model, f"{id}/{page}"), {"post": "yes"}), (id, page))

    @pytest.mark.parametrize("id", ["0", "9" * 20, "9" * 5_000])
    def test_of_a_shopper_takes_any_number(self, staff, id):
        for page in (
            f"recommendations/storedlist/shopper/{id}/",
            f"privacy/receipt/user/{id}/erase/",
            f"privacy/receipt/user/{id}/export/",
        ):
            assert_no_error(staff.get(f"/admin/{page}"), page)
            assert_no_error(staff.post(f"/admin/{page}"), page)

    def test_on_the_shop_s_site_does_not_exist(self, staff):
        with pytest.raises(NoReverseMatch):
            reverse("admin:view_on_site", args=[1, 1])

        assert staff.get(f"/admin/r/1/{'9' * 30}/").status_code == 404


def every_relation() -> Iterator[tuple[str, str, str]]:
    for model in apps.get_models():
        for field in model._meta.get_fields(include_hidden=True):
            if field.is_relation:
                yield model._meta.app_label, model._meta.model_name, field.name


class TestAutocomplete:
    @pytest.mark.parametrize("url", ["/admin/autocomplete/", "/admin/catalog/user/complete/"])
    def test_takes_any_relation(self, staff, url):
        for app_label, model_name, field_name in every_relation():
            asked = {"app_label": app_label, "model_name": model_name, "field_name": field_name, "term": "a"}
            assert_no_error(staff.get(url, asked), asked)

    @pytest.mark.parametrize("term", ["\x00", "9" * 30, "a" * 3_000, "a " * 127])
    def test_takes_any_term(self, staff, term):
        asked = {"app_label": "catalog", "model_name": "product", "field_name": "category", "term": term}

        assert_no_error(staff.get("/admin/autocomplete/", asked), term[:9])
