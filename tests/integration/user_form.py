"""The pages of users and accounts in the admin, and what a browser sends from them."""

from django.test import Client
from django.urls import reverse

from access.models import Account
from catalog.models import User

LIST = reverse("admin:catalog_user_changelist")
ADD = reverse("admin:catalog_user_add")
ACCOUNTS = reverse("admin:access_account_changelist")
ADD_ACCOUNT = reverse("admin:access_account_add")
PASSWORD = "a-long-enough-phrase"


def address(page: str, row: User | Account) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def filled_in(office: Client, row: User | Account, **changes: object) -> dict[str, object]:
    """What a browser would send when the page of the row is saved."""
    page = office.get(address("change", row))
    form = page.context["adminform"].form
    values = {name: form.initial.get(name) for name in form.fields if name != "password"}
    for name in ("groups", "user_permissions"):
        if name in values:
            values[name] = [row.pk for row in values[name]]
    return {name: value for name, value in {**values, **changes}.items() if value not in (None, False)}
