"""The pages of a user in the admin, and what a browser sends from them."""

from django.test import Client
from django.urls import reverse

from catalog.models import User

LIST = reverse("admin:catalog_user_changelist")
ADD = reverse("admin:catalog_user_add")
PASSWORD = "a-long-enough-phrase"


def address(page: str, user: User) -> str:
    return reverse(f"admin:catalog_user_{page}", args=[user.pk])


def filled_in(office: Client, user: User, **changes: object) -> dict[str, object]:
    """What a browser would send when the page of the user is saved."""
    page = office.get(address("change", user))
    form = page.context["adminform"].form
    values = {name: form.initial.get(name) for name in form.fields if name != "password"}
    for name in ("groups", "user_permissions"):
        if name in values:
            values[name] = [row.pk for row in values[name]]
    return {name: value for name, value in {**values, **changes}.items() if value not in (None, False)}
