"""Links between pages of the admin."""

from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def _address(model: Model | type[Model], page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


def listing_url(model: type[Model], **wanted: object) -> str:
    """Return the URL of the model's change list, filtered by `name=value`."""
    return reverse(_address(model, "changelist"), query={name: str(value) for name, value in wanted.items()})


def count_link(model: type[Model], n: int, **wanted: object) -> SafeString:
    """Return the number as a link to the rows it counts; zero is plain text."""
    if not n:
        return SafeString("0")
    return format_html('<a href="{}">{}</a>', listing_url(model, **wanted), f"{n:,}")


def row_url(instance: Model) -> str:
    """Return the URL of the row's change page."""
    return reverse(_address(instance, "change"), args=[quote(instance.pk)])


def row_link(instance: Model, text: object = None) -> SafeString:
    """Return a link to the row's change page, labelled with the text or the row's name."""
    return format_html('<a href="{}">{}</a>', row_url(instance), instance if text is None else text)
