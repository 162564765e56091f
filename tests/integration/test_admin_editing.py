"""Tests of the admin's forms: what they write, conflicts with other writers, forms that are sent twice."""

import html
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.models import Account, ApiKey
from catalog.models import Category, Interaction, Product, Tag, User
from recommendations.models import DefaultStrategy
from tests.factories import (
    AccountFactory,
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    TagFactory,
    UserFactory,
)

_INPUT = re.compile(r"<input\b[^>]*>")
_SELECT = re.compile(r"<select\b([^>]*)>(.*?)</select>", re.DOTALL)
_AREA = re.compile(r"<textarea\b([^>]*)>\n?(.*?)</textarea>", re.DOTALL)


def _attribute(tag: str, name: str) -> str | None:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else None


def form_of(office: Client, url: str) -> dict[str, object]:
    """Return what a browser sends when the form of the page is saved as it is."""
    page = office.get(url).content.decode()
    page = re.search(r'<form[^>]*id="\w+_form".*?</form>', page, re.DOTALL)[0]  # type: ignore[index]
    values: dict[str, list[str]] = {}
    for tag in _INPUT.findall(page):
        kind, name = _attribute(tag, "type"), _attribute(tag, "name")
        if name is None or kind == "submit" or (kind == "checkbox" and " checked" not in tag):
            continue
        value = _attribute(tag, "value")
        values.setdefault(name, []).append(value or "on" if kind == "checkbox" else value or "")
    for tag, options in _SELECT.findall(page):
        chosen = re.findall(r'<option value="([^"]*)"[^>]*\bselected', options)
        values[str(_attribute(tag, "name"))] = chosen or ([] if " multiple" in tag else [""])
    for tag, text in _AREA.findall(page):
        values[str(_attribute(tag, "name"))] = [html.unescape(text).replace("\n", "\r\n")]
    return dict(values)


def change(row: object) -> str:
    meta = row._meta  # type: ignore[attr-defined]
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])  # type: ignore[attr-defined]


def add(model: type) -> str:
    meta = model._meta  # type: ignore[attr-defined]
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_add")


def errors(answer) -> dict[str, list[str]]:
    return answer.context["adminform"].form.errors


class TestAnOpenPage:
    def test_does_not_undo_what_the_shop_has_changed(self, office):
        lamp = ProductFactory(name="Lamp", price="10.00", stock=5, description="A\nlamp. " * 200)
        sent = form_of(office, change(lamp))
        Product.objects.filter(pk=lamp.pk).update(price="12.00", stock=1, is_active=False, description="New")

        assert office.post(change(lamp), {**sent, "name": "Desk lamp"}).status_code == 302

        lamp.refresh_from_db()
        assert (lamp.name, str(lamp.price), lamp.stock) == ("Desk lamp", "12.00", 1)
        assert (lamp.is_active, lamp.description) == (False, "New")

    def test_writes_nothing_when_nothing_was_changed(self, office):
        lamp = ProductFactory(description="Two\nlines, " * 100, tags=["led"])
        before = Product.objects.values().get()

        assert office.post(change(lamp), form_of(office, change(lamp))).status_code == 302

        assert Product.objects.values().get() == before

    def test_names_both_values_of_a_field_that_both_have_changed(self, office):
        lamp = ProductFactory(price="10.00", stock=5)
        sent = {**form_of(office, change(lamp)), "price": "11.00"}
        Product.objects.filter(pk=lamp.pk).update(price="12.00")

        answer = office.post(change(lamp), sent)

        assert answer.status_code == 200
        (message,) = errors(answer)["price"]
        assert "“12.00” now, and you entered “11.00”" in message
        assert str(Product.objects.get().price) == "12.00"

    def test_replaces_the_other_value_when_it_is_saved_again(self, office, client):
        lamp = ProductFactory(price="10.00")
        sent = {**form_of(office, change(lamp)), "price": "11.00"}
        Product.objects.filter(pk=lamp.pk).update(price="12.00")
        page = office.post(change(lamp), sent).content.decode()
        reported = next(tag for tag in _INPUT.findall(page) if _attribute(tag, "name") == "initial-price")

        answer = office.post(change(lamp), {**sent, "initial-price": _attribute(reported, "value")})

        assert answer.status_code == 302
        assert str(Product.objects.get().price) == "11.00"

    def test_keeps_what_it_showed_when_it_comes_back_with_an_error(self, office):
        lamp = ProductFactory(price="10.00", stock=5)
        sent = {**form_of(office, change(lamp)), "price": "-1"}
        Product.objects.filter(pk=lamp.pk).update(stock=1)

        page = office.post(change(lamp), sent).content.decode()

        shown = {_attribute(tag, "name"): _attribute(tag, "value") for tag in _INPUT.findall(page)}
        assert (shown["initial-stock"], shown["initial-price"]) == ('["5"]', '["10.00"]')

    def test_is_no_conflict_when_both_mean_the_same(self, office):
        lamp = ProductFactory(price="10.00")
        sent = {**form_of(office, change(lamp)), "price": "12"}
        Product.objects.filter(pk=lamp.pk).update(price="12.00")

        assert office.post(change(lamp), sent).status_code == 302

    def test_names_the_categories_that_both_have_chosen(self, office):
        lamp = ProductFactory(category=None)
        home, garden = CategoryFactory(name="Home"), CategoryFactory(name="Garden")
        sent = {**form_of(office, change(lamp)), "category": str(home.pk)}
        Product.objects.filter(pk=lamp.pk).update(category=garden)

        (message,) = errors(office.post(change(lamp), sent))["category"]

        assert "“Garden” now, and you entered “Home”" in message

    def test_adds_and_removes_tags_apart(self, office):
        lamp = ProductFactory(tags=["led", "desk"])
        sent = form_of(office, change(lamp))
        kept, gone = Tag.objects.get(name="led"), Tag.objects.get(name="desk")
        own, theirs = TagFactory(name="own"), TagFactory(name="theirs")
        lamp.tags.add(theirs)

        answer = office.post(change(lamp), {**sent, "tags": [kept.pk, own.pk]})

        assert answer.status_code == 302
        assert {tag.name for tag in lamp.tags.all()} == {"led", "own", "theirs"}
        assert gone not in lamp.tags.all()

    def test_does_not_write_back_an_account_that_was_closed_meanwhile(self, office):
        account = AccountFactory(username="ada", is_active=True)
        sent = form_of(office, change(account))
        Account.objects.filter(pk=account.pk).update(is_active=False, password="!new")

        assert office.post(change(account), {**sent, "first_name": "Ada"}).status_code == 302

        account.refresh_from_db()
        assert (account.first_name, account.is_active, account.password) == ("Ada", False, "!new")

    def test_writes_a_new_password_and_nothing_else(self, office, monkeypatch):
        account = AccountFactory()
        url = reverse("admin:auth_user_password_change", args=[account.pk])
        written = []
        save = Account.save
        monkeypatch.setattr(
            Account, "save", lambda row, **options: (written.append(options), save(row, **options))
        )

        office.post(
            url,
            {
                "password1": "a-long-enough-phrase",
                "password2": "a-long-enough-phrase",
                "usable_password": "true",
            },
        )

        assert {"update_fields": ["password"]} in written
        assert {} not in written

    def test_does_not_take_back_a_permission_that_was_withdrawn(self, office):
        group = Group.objects.create(name="Clerks")
        one, two, three = Permission.objects.all()[:3]
        group.permissions.set([one, two])
        sent = form_of(office, change(group))
        group.permissions.remove(one)

        office.post(change(group), {**sent, "permissions": [one.pk, two.pk, three.pk]})

        assert set(group.permissions.all()) == {two, three}

    @pytest.mark.parametrize(
        ("make", "theirs", "yours"),
        [
            (lambda: UserFactory(external_id="a"), {"external_id": "b"}, {"name": "Ada"}),
            (InteractionFactory, {"event_key": "e-1"}, {"action_type": "purchase"}),
        ],
    )
    def test_keeps_other_columns_of(self, office, make, theirs, yours):
        row = make()
        sent = form_of(office, change(row))
        type(row).objects.filter(pk=row.pk).update(**theirs)

        assert office.post(change(row), {**sent, **yours}).status_code == 302

        assert type(row).objects.filter(**theirs, **yours).count() == 1

    def test_renames_a_term_and_its_comparable_name(self, office):
        home = CategoryFactory(name="Home")

        office.post(change(home), {**form_of(office, change(home)), "name": "House"})

        assert Category.objects.values_list("name", "comparable_name").get() == ("House", "house")

    def test_notes_when_the_default_strategy_was_changed(self, office):
        row = DefaultStrategy.objects.create(
            strategy="content", changed_at=timezone.now() - timedelta(days=1)
        )

        office.post(change(row), {**form_of(office, change(row)), "strategy": "popular"})

        assert DefaultStrategy.objects.filter(
            strategy="popular", changed_at__gt=timezone.now() - timedelta(hours=1)
        ).exists()


class TestTheNightInWhichClocksGoBack:
    ZONE = ZoneInfo("Europe/Paris")
    FIRST = datetime(2025, 10, 26, 0, 30, 5, 123456, tzinfo=UTC)  # 02:30:05 +02:00
    SECOND = FIRST + timedelta(hours=1)  # 02:30:05 +01:00

    @pytest.fixture(autouse=True)
    def paris(self, settings):
        settings.TIME_ZONE = "Europe/Paris"
        timezone.deactivate()

    @pytest.mark.parametrize("moment", [FIRST, SECOND])
    def test_corrects_something_else_of_an_event(self, office, moment):
        event = InteractionFactory(occurred_at=moment)

        answer = office.post(change(event), {**form_of(office, change(event)), "action_type": "purchase"})

        assert answer.status_code == 302
        assert Interaction.objects.values_list("action_type", "occurred_at").get() == ("purchase", moment)

    def test_moves_an_event_to_the_other_hour(self, office):
        event = InteractionFactory(occurred_at=self.FIRST)
        sent = form_of(office, change(event))
        assert sent["occurred_at_1"] == ["02:30:05 +02:00"]

        office.post(change(event), {**sent, "occurred_at_1": "02:30:05 +01:00"})

        assert Interaction.objects.get().occurred_at == self.SECOND.replace(microsecond=0)

    @pytest.mark.parametrize(
        ("day", "output"),
        [("26/10/2025", "02:30:00 +02:00 is the first one"), ("30/03/2025", "never show 02:30:00")],
    )
    def test_says_what_an_ambiguous_time_needs(self, office, day, output):
        event = InteractionFactory()
        sent = form_of(office, change(event))

        answer = office.post(change(event), {**sent, "occurred_at_0": day, "occurred_at_1": "02:30:00"})

        assert output in errors(answer)["occurred_at"][0]


class TestAFormSentTwice:
    def sent(self, office: Client, model: type, **values: object) -> dict[str, object]:
        return {**form_of(office, add(model)), **values}

    def test_adds_one_product(self, office):
        sent = self.sent(office, Product, name="Lamp", price="1")

        answers = [office.post(add(Product), sent) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [302, 302]
        assert answers[0].url == answers[1].url
        assert Product.objects.count() == 1

    def test_adds_a_second_one_from_a_new_form(self, office):
        for _ in range(2):
            office.post(add(Product), self.sent(office, Product, name="Lamp", price="1"))

        assert Product.objects.count() == 2

    def test_adds_one_after_an_error_was_mended(self, office):
        sent = self.sent(office, Product, name="", price="1")
        token = sent["form_token"]
        page = office.post(add(Product), sent).content.decode()
        assert f'name="form_token" value="{token[0]}"' in page  # type: ignore[index]

        for _ in range(2):
            office.post(add(Product), {**sent, "name": "Lamp"})

        assert Product.objects.count() == 1

    def test_adds_one_user_interaction_and_account(self, office):
        product, user = ProductFactory(), UserFactory()
        when = {"occurred_at_0": "01/01/2026", "occurred_at_1": "12:00:00"}
        password = "a-long-enough-phrase"
        for model, values in [
            (Interaction, {"user": user.pk, "product": product.pk, "action_type": "view", **when}),
            (User, {"name": "Guest"}),
            (
                Account,
                {"username": "ada", "password1": password, "password2": password, "usable_password": "true"},
            ),
        ]:
            n_before, sent = model.objects.count(), self.sent(office, model, **values)

            for _ in range(2):
                assert office.post(add(model), sent).status_code == 302

            assert model.objects.count() == n_before + 1

    def test_makes_one_key_and_says_that_it_was_shown(self, office):
        sent = self.sent(office, ApiKey, name="till", scopes=["catalog:write"])

        made, again = office.post(add(ApiKey), sent), office.post(add(ApiKey), sent, follow=True)

        assert made.status_code == 200
        assert ApiKey.objects.count() == 1
        assert "made one key" in again.content.decode()

    def test_says_so_when_the_row_is_gone(self, office):
        sent = self.sent(office, Product, name="Lamp", price="1")
        office.post(add(Product), sent)
        Product.objects.all().delete()

        answer = office.post(add(Product), sent, follow=True)

        assert "what it added is gone" in answer.content.decode()
        assert not Product.objects.exists()

    def test_of_somebody_else_is_another_form(self, office, hire):
        sent = self.sent(office, Product, name="Lamp", price="1")
        clerk = hire("add_product", "view_product")

        office.post(add(Product), sent)
        clerk.post(add(Product), sent)

        assert Product.objects.count() == 2
