"""Every page of the admin, of whatever is registered: it opens, and in few queries."""

import re
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.db.models import Field, Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from access.models import Account, ApiKey
from catalog.models import ActionType, Category, Interaction, Product, Tag, User
from privacy.models import Receipt, RightsAction
from recommendations.models import DefaultStrategy, LanguageModel, TrainedModel
from tests.factories import NOON, StaffFactory, UserFactory

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
MOST_QUERIES = 20


def label(model: type[Model]) -> str:
    return model._meta.label


@pytest.fixture(scope="module")
def module_world(rows_of_a_module: None) -> tuple[User, Account]:
    """A shop large enough for a query a row to show; its wholesaler with 300 events, and its boss."""
    boss = StaffFactory()
    categories = Category.objects.bulk_create(Category(name=f"Category {n:02}") for n in range(30))
    tags = Tag.objects.bulk_create(Tag(name=f"tag {n:02}") for n in range(40))
    products = Product.objects.bulk_create(
        Product(name=f"Lamp {n:02}", price=n, category=categories[n % 30]) for n in range(60)
    )
    link = Product.tags.through
    link.objects.bulk_create(
        link(product=products[n], tag=tags[(n + step) % 40]) for n in range(60) for step in range(4)
    )
    shoppers = User.objects.bulk_create(User(name=f"Shopper {n}") for n in range(60))
    wholesaler = UserFactory(name="Wholesale & Sons", external_id="big")
    Interaction.objects.bulk_create(
        Interaction(
            user=shopper,
            product=products[number % 60],
            action_type=ActionType.values[number % 5],
            occurred_at=NOON - timedelta(hours=number),
        )
        for shopper, n in [(wholesaler, 300), *((shopper, 2) for shopper in shoppers)]
        for number in range(n)
    )
    Account.objects.bulk_create(Account(username=f"clerk{n}") for n in range(60))
    Group.objects.bulk_create(Group(name=f"Group {n}") for n in range(60))
    LogEntry.objects.log_actions(boss.pk, products, CHANGE)
    TrainedModel.objects.bulk_create(
        TrainedModel(
            strategy="content", version=f"v{n}", configuration={}, n_events=1, n_bytes=1, created_at=NOON
        )
        for n in range(60)
    )
    LanguageModel.objects.bulk_create(
        LanguageModel(place=n, name=f"m-{n}", state="available", detail="there", checked_at=NOON)
        for n in range(10)
    )
    DefaultStrategy.objects.create(strategy="content", changed_at=NOON)
    Receipt.objects.bulk_create(
        Receipt(action=RightsAction.ERASED, at=NOON, by=boss, counts={"catalog.Interaction": n})
        for n in range(60)
    )
    ApiKey.objects.bulk_create(
        ApiKey(
            name=f"Key {n}", prefix=f"k{n}", digest="d", scopes="users:read", created_at=NOON, created_by=boss
        )
        for n in range(60)
    )
    AccessAttempt.objects.bulk_create(
        AccessAttempt(username=f"name{n}", ip_address="127.0.0.1", failures_since_start=1) for n in range(60)
    )
    call_command("generate_recommendations", verbosity=0)
    return wholesaler, boss


@pytest.fixture
def boss(module_world: tuple[User, Account], db: None) -> Account:
    return module_world[1]


@pytest.fixture
def world(module_world: tuple[User, Account], db: None) -> User:
    return module_world[0]


def a_row(model: type[Model], wholesaler: User) -> Model:
    """The row with most behind it, where it matters."""
    if model is User:
        return wholesaler
    row = model._default_manager.filter(user=wholesaler).first() if hasattr(model, "user") else None
    return row or model._default_manager.first()


def address(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


class Loaded:
    def __init__(self, client: Client, url: str) -> None:
        with CaptureQueriesContext(connection) as queries:
            self.response = client.get(url)
        self.status, self.n_queries = self.response.status_code, len(queries)


@pytest.mark.parametrize("model", MODELS, ids=label)
class TestEveryModel:
    def test_lists_its_rows_in_few_queries(self, model, office, world):
        loaded = Loaded(office, address(model, "changelist"))

        assert loaded.status == 200
        assert loaded.n_queries < MOST_QUERIES
        assert len(loaded.response.context["cl"].result_list) > 0

    def test_offers_a_form_to_add_a_row_or_says_that_nobody_may(self, model, office, world, rf, boss):
        request = rf.get("/")
        request.user = boss
        expected = 200 if admin.site.get_model_admin(model).has_add_permission(request) else 403

        loaded = Loaded(office, address(model, "add"))

        assert loaded.status == expected
        assert loaded.n_queries < MOST_QUERIES

    @pytest.mark.parametrize("name", ["change", "history", "delete"])
    def test_opens_the_pages_of_a_row_in_few_queries(self, model, name, office, world):
        loaded = Loaded(office, address(model, name, a_row(model, world).pk))

        request = loaded.response.wsgi_request
        is_open = name != "delete" or admin.site.get_model_admin(model).has_delete_permission(request)
        assert loaded.status == (200 if is_open else 403)
        assert loaded.n_queries < MOST_QUERIES

    @pytest.mark.parametrize("name", ["changelist", "add", "change"])
    def test_holds_no_script_style_or_handler_of_its_own(self, model, name, office, world):
        args = [a_row(model, world).pk] if name == "change" else []

        html = office.get(address(model, name, *args)).content.decode()

        assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\son[a-z]+=|\sstyle=|javascript:", html) == []
        assert "</html>" in html or "403" in html

    @pytest.mark.parametrize("name", ["changelist", "change"])
    def test_opens_without_a_form_for_who_may_only_look(self, model, name, hire, world):
        clerk = hire(f"view_{model._meta.model_name}")
        args = [a_row(model, world).pk] if name == "change" else []

        loaded = Loaded(clerk, address(model, name, *args))

        assert loaded.status == 200
        assert loaded.n_queries < MOST_QUERIES
        assert 'name="_save"' not in loaded.response.content.decode()

    def test_is_closed_to_staff_without_any_permission(self, model, hire):
        assert hire().get(address(model, "changelist")).status_code == 403

    def test_completes_names_for_whatever_refers_to_it(self, model, office, world):
        referring = [field for field in model._meta.get_fields() if is_chosen(field)]

        answers = [office.get(completion(field)) for field in referring]

        assert [answer.status_code for answer in answers] == [200] * len(referring)
        assert all(0 < len(answer.json()["results"]) <= 20 for answer in answers)


def is_chosen(field: object) -> bool:
    """Whether staff choose the row that this field refers to, out of any number of rows."""
    return getattr(field, "concrete", False) and field.name in (
        admin.site.get_model_admin(field.model).autocomplete_fields
    )


def completion(field: Field) -> str:
    names = {
        "app_label": field.model._meta.app_label,
        "model_name": field.model._meta.model_name,
        "field_name": field.name,
    }
    return reverse("admin:autocomplete", query=names)


@pytest.mark.parametrize("model", MODELS, ids=label)
class TestEveryForm:
    """A dropdown of a whole table would hold 100,000 products."""

    def test_lists_no_table_that_grows_with_the_shop(self, model, office, world):
        html = office.get(address(model, "change", a_row(model, world).pk)).content.decode()

        assert max(map(options, re.findall(r"<select.*?</select>", html, re.DOTALL)), default=0) < 60


def options(select: str) -> int:
    """Return how many rows it lists; permissions, which grow with the project and not the shop, are none."""
    return select.count("<option") if not re.search('name="(user_)?permissions"', select) else 0


class TestIndex:
    def test_opens_in_few_queries(self, office, world):
        loaded = Loaded(office, reverse("admin:index"))

        assert loaded.status == 200
        assert loaded.n_queries < MOST_QUERIES
        assert "Shop recommendations" in loaded.response.content.decode()
