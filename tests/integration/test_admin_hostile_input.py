"""Hostile values in the admin: in every parameter of a list, every field of a form, and as files."""

import io
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client, RequestFactory

from core.text import MAX_TEXT_LENGTH
from tests.factories import InteractionFactory, ProductFactory, StaffFactory

pytestmark = pytest.mark.django_db

HOSTILE = [
    "' OR '1'='1",
    "'; DROP TABLE catalog_product; --",
    "1 UNION SELECT pg_sleep(86400)",
    "%s{0}{{7*7}}",
    "%' ESCAPE '!",
    "a\x00b",
    "\x1b[31m\x85",
    "\u202e\ufffe",
    "9" * 30,
    "-1",
    "1e999",
    "a" * 70_000,
    "none\x00",
    "\x00",
]
BETRAYALS = ("syntax error", "psycopg", "sqlite3", "Traceback", "OperationalError")
LISTS = [(model, own) for model, own in admin.site._registry.items()]
named = pytest.mark.parametrize(("model", "own"), LISTS, ids=lambda value: getattr(value, "__name__", ""))


@pytest.fixture
def staff() -> Any:
    return StaffFactory(username="ada")


@pytest.fixture
def client(staff: Any) -> Client:
    InteractionFactory(product=ProductFactory(external_id="lamp"))
    client = Client()
    client.force_login(staff)
    return client


def address(model: type[Model], page: str = "") -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{page}"


def assert_sane(answer: HttpResponse, shown: object) -> None:
    assert answer.status_code in (200, 302, 400, 403, 404), shown
    if not answer.streaming:
        assert not [word for word in BETRAYALS if word in answer.content.decode()], shown


def parameters(model: type[Model], own: Any, staff: Any) -> list[str]:
    """Return every parameter that the list of the model knows."""
    request = RequestFactory().get("/")
    request.user = staff
    listed: ChangeList = own.get_changelist_instance(request)
    filters = [name for spec in listed.filter_specs for name in spec.expected_parameters()]
    known = ["q", "o", "p", "all", "e", "_to_field", "_popup", "_facets", "id", "id__in", "pk__gt"]
    return [*known, *filters]


class TestEveryList:
    @named
    def test_takes_no_parameter_for_more_than_a_value(self, client, staff, model, own):
        """Each parameter gets two values here, and those of all lists the others: one code reads them."""
        names, first = parameters(model, own, staff), 2 * LISTS.index((model, own))

        for number, name in enumerate(names, first):
            for text in islice(cycle(HOSTILE), number, number + 2):
                assert_sane(client.get(address(model), {name: text}), (name, text[:50]))
        assert len(names) > 10

    def test_gives_every_value_to_every_parameter_that_all_have(self):
        assert 2 * len(LISTS) >= len(HOSTILE)

    @named
    def test_takes_no_id_for_more_than_an_id(self, client, model, own):
        for text in HOSTILE:
            quoted = text.replace("%", "%25").replace("\x00", "_00")
            for page in ("change/", "delete/", "history/"):
                assert_sane(client.get(address(model, f"{quoted[:3000]}/{page}")), text[:50])

    def test_completes_names_for_whatever_is_typed(self, client):
        for of, model, field in (
            ("catalog", "interaction", "user"),
            ("catalog", "interaction", "product"),
            ("catalog", "product", "category"),
            ("catalog", "product", "tags"),
        ):
            asked = {"term": "a", "app_label": of, "model_name": model, "field_name": field, "page": "1"}
            assert client.get("/admin/autocomplete/", asked).status_code == 200
            for text in HOSTILE:
                for name in asked:
                    assert_sane(client.get("/admin/autocomplete/", asked | {name: text}), (name, text[:50]))


# What is chosen among a few, or has a form of its own.
NOT_TEXT = (forms.EmailField, forms.ChoiceField, forms.ModelChoiceField)
UNFIT = ["a\x07b", "a\x00b", "x\x85x", "a" * (MAX_TEXT_LENGTH + 1)]


def forms_with_text(own: Any, staff: Any) -> Iterator[tuple[type[forms.ModelForm], str]]:
    """Yield the forms that add and that change a row, with every field that takes any text but a password."""
    request = RequestFactory().get("/")
    request.user = staff
    for row, may in (
        (None, own.has_add_permission(request)),
        (own.model(), own.has_change_permission(request)),
    ):
        form = own.get_form(request, row, change=row is not None) if may else forms.Form
        for name, field in form.base_fields.items():
            is_text = isinstance(field, forms.CharField) and not isinstance(field, NOT_TEXT)
            if is_text and not isinstance(field.widget, forms.PasswordInput):
                yield form, name


class TestEveryForm:
    @named
    def test_refuses_control_characters_and_long_texts_by_name(self, staff, model, own):
        for form, name in forms_with_text(own, staff):
            for value in UNFIT:
                errors = form({name: value}).errors
                assert name in errors, (name, value[:5])
                assert "required" not in str(errors[name])

    def test_has_fields_for_text(self, staff):
        found = {(model.__name__, name) for model, own in LISTS for _, name in forms_with_text(own, staff)}

        assert found >= {("Product", "description"), ("User", "name"), ("ApiKey", "name"), ("Group", "name")}


class TestTooMuch:
    def test_is_refused_before_a_file_is_read(self, client):
        file = io.BytesIO(b"id,name\n")
        file.name = "products.csv"

        answer = client.post(address(ProductFactory._meta.model, "add/"), {"name": "x", "file": file})

        assert answer.status_code == 413
        assert answer.json()["detail"] == "Files cannot be uploaded."

    def test_is_refused_of_somebody_who_is_not_logged_in(self):
        file = io.BytesIO(b"x" * 100_000)
        file.name = "x"

        assert Client().post("/admin/login/", {"username": "x", "file": file}).status_code == 413

    def test_of_a_form_is_refused_as_a_problem(self, client):
        answer = client.post(address(ProductFactory._meta.model, "add/"), {"name": "x" * 2_700_000})

        assert answer.status_code == 413
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "larger than 262,144 bytes" in answer.json()["detail"]

    def test_is_too_many_fields_as_well(self, client):
        answer = client.post(address(ProductFactory._meta.model, "add/"), {f"x{n}": 1 for n in range(1_001)})

        assert answer.status_code == 413
        assert "1000 fields" in answer.json()["detail"]


class TestASearch:
    def test_says_that_it_is_too_long(self, client):
        page = client.get(address(ProductFactory._meta.model), {"q": "a" * 300})

        assert "at most 255 characters" in page.content.decode()
