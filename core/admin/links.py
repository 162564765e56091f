"""Links from one page of the admin to another."""

from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def _address(model: Model | type[Model], page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


def listing_url(model: type[Model], **wanted: object) -> str:
    """Return the address of the list of a model's rows, filtered by `name=value`."""
    return reverse(_address(model, "changelist"), query={name: str(value) for name, value in wanted.items()})


def counted(model: type[Model], n: int, **wanted: object) -> SafeString:
    """Return a number that leads to the rows it counts; zero leads nowhere."""
    if not n:
        return SafeString("0")
    return format_html('<a href="{}">{}</a>', listing_url(model, **wanted), f"{n:,}")


def row_url(instance: Model) -> str:
    """Return the address of the page of one row."""
    return reverse(_address(instance, "change"), args=[quote(instance.pk)])


def row(instance: Model, text: object = None) -> SafeString:
    """Return a link to the page of one row."""
    return format_html('<a href="{}">{}</a>', row_url(instance), instance if text is None else text)
