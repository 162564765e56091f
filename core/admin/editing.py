"""Change forms that write what was changed in them, and add forms that add one row however often they come.

A page of the admin may stay open for hours, while the shop's systems write stock and prices. Its form
therefore carries the values that it showed, and a field that comes back with its value is not written.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.text import cut

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
    _Form = forms.ModelForm[Any]
else:
    _Admin = object
    _Form = forms.ModelForm

TOKEN = "form_token"  # noqa: S105  the name of a hidden field
TOKEN_LENGTH = 32
# A longer text is sent back as a digest.
_MAX_SENT = 500


def _texts(value: Any) -> list[str]:
    """Return what a field of a form contains as the texts that a browser sends."""
    values = value if isinstance(value, list | tuple) else [value]
    return ["" if one is None else _text(str(one)) for one in values]


def _text(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if len(text) <= _MAX_SENT:
        return text
    return "digest:" + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class ShownBoundField(BoundField):
    """Field of a form that sends the value that it showed along, as a hidden one: a JSON list of texts."""

    def stored(self) -> list[str]:
        """Return the texts of the value in the database."""
        widget = self.field.hidden_widget()
        value = self.field.prepare_value(self.initial)
        if isinstance(self.field, forms.ModelMultipleChoiceField):
            return sorted(_texts(value if value is not None else []))
        context = widget.get_context(self.html_initial_name, value, {})["widget"]
        return _texts([part["value"] for part in context.get("subwidgets", [context])])

    def shown(self) -> list[str] | None:
        """Return the texts of the value that the page showed, None if the form does not say."""
        try:
            found = json.loads(self.form.data.get(self.html_initial_name, ""))
        except ValueError:
            return None
        is_list = isinstance(found, list) and all(isinstance(text, str) for text in found)
        return found if is_list else None

    def submitted(self) -> list[str]:
        """Return the texts of the value that was submitted."""
        is_several = isinstance(self.field, forms.ModelMultipleChoiceField)
        return sorted(_texts(self.data or [])) if is_several else _texts(self.data)

    def differs(self, texts: list[str]) -> bool:
        """Return whether the submitted value is another one than that of these texts."""
        if self.submitted() == texts:
            return False
        if any(text.startswith("digest:") for text in texts):
            return True
        field: Any = self.field
        several = isinstance(field, forms.MultiValueField | forms.ModelMultipleChoiceField)
        initial: Any = texts if several else (texts or [""])[0]
        try:
            if not several and not isinstance(field, forms.ModelChoiceField):
                initial = field.to_python(initial)
        except ValidationError:
            return True
        changed: bool = field.has_changed(initial, self.data)
        return changed

    def _has_changed(self) -> bool:
        shown = self.shown() if self.field.show_hidden_initial else None
        if shown is None:
            return bool(self.field.has_changed(self.initial, self.data))
        return not self.field.disabled and self.differs(shown)

    def as_hidden(self, attrs: Any = None, *, only_initial: bool = False, **kwargs: Any) -> SafeString:
        if not only_initial:
            return super().as_hidden(attrs, **kwargs)
        form: Any = self.form
        is_told = self.name in getattr(form, "conflicts", ())
        texts = None if is_told or not form.is_bound else self.shown()
        return format_html(
            '<input type="hidden" name="{}" value="{}">',
            self.html_initial_name,
            json.dumps(self.stored() if texts is None else texts, ensure_ascii=False),
        )

    def label_of(self, value: Any) -> str:
        """Return a value of the field for a message."""
        if value in (None, ""):
            return "nothing"
        if isinstance(value, bool):
            return "yes" if value else "no"
        field: Any = self.field
        if isinstance(field, forms.ModelChoiceField) and not isinstance(value, Model):
            rows: Any = field.queryset
            value = rows.filter(pk=value).first() or value
        return f"“{cut(str(value))}”"


class EditForm(_Form):
    """Form of a stored row that takes the changed fields only.

    Fields that were not changed are not checked and keep the value in the database. A field that somebody
    else has changed meanwhile gets an error with both values; sending the form again replaces theirs.
    """

    bound_field_class = ShownBoundField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conflicts: set[str] = set()
        for field in self.fields.values():
            field.show_hidden_initial = not field.disabled

    def clean(self) -> Any:
        changed = set(self.changed_data)
        for name in self.fields.keys() - changed:
            self.cleaned_data.pop(name, None)
            self.errors.pop(name, None)
        for name in changed:
            self._tell_conflict(name)
        return super().clean()

    def _tell_conflict(self, name: str) -> None:
        bound: Any = self[name]
        shown = bound.shown()
        is_several = isinstance(bound.field, forms.ModelMultipleChoiceField)
        if shown is None or is_several or name not in self.cleaned_data:
            return
        stored = bound.stored()
        if stored != shown and bound.differs(stored):
            yours = self.cleaned_data[name]
            self.conflicts.add(name)
            self.add_error(
                name,
                f"Changed meanwhile: it is {bound.label_of(bound.initial)} now, and you entered "
                f"{bound.label_of(yours)}. Save again to replace it, or enter the other value.",
            )

    def changed_columns(self) -> list[str]:
        """Return the names of the changed fields that are columns of the row's own table."""
        own = {field.name for field in self._meta.model._meta.concrete_fields}
        return [name for name in self.changed_data if name in own]

    def _save_m2m(self) -> None:
        """Add the related rows that were added in the form, and remove those that were removed."""
        for name in list(self.cleaned_data):
            bound: Any = self[name] if name in self.fields else None
            shown = bound.shown() if bound is not None else None
            if shown is None or not isinstance(bound.field, forms.ModelMultipleChoiceField):
                continue
            chosen = {str(bound.field.prepare_value(row)): row for row in self.cleaned_data.pop(name)}
            related = getattr(self.instance, name)
            related.add(*[row for key, row in chosen.items() if key not in shown])
            rows: Any = bound.field.queryset
            related.remove(*rows.filter(pk__in=[key for key in shown if key not in chosen]))
        super()._save_m2m()  # type: ignore[misc]


class ChangedFieldsAdmin(_Admin):
    """Mixin for model admins whose forms write the changed fields only, and add one row only."""

    # Fields that `save_model` sets, and that are written with those of the form.
    also_written: ClassVar[tuple[str, ...]] = ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        if not change:
            return form
        return type(form)(form.__name__, (EditForm, form), {"Meta": form.Meta, "__module__": form.__module__})

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the row; of a form that was sent, it is locked until the transaction ends."""
        cast_request: Any = request
        cast_request.is_locking = request.method == "POST"
        return super().get_object(request, *args, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if getattr(request, "is_locking", False):
            del request.is_locking  # type: ignore[attr-defined]
            if transaction.get_connection(rows.db).in_atomic_block:
                rows = rows.select_for_update(of=("self",))
        return rows

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not (change and isinstance(form, EditForm)):
            super().save_model(request, obj, form, change)
        elif form.changed_data:
            moments = [field.name for field in obj._meta.concrete_fields if getattr(field, "auto_now", False)]
            if columns := [*form.changed_columns(), *self.also_written, *moments]:
                obj.save(update_fields=columns)

    # ---- One row for each form

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["form_token"] = _token(request) or uuid4().hex
        return super().render_change_form(request, context, *args, **kwargs)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Return the message of the log. That of an added row carries the token of the form."""
        message: Any = super().construct_change_message(request, form, formsets, add)
        if add and (token := _token(request)):
            message = [{**message[0], TOKEN: token}, *message[1:]]
        return message

    def _changeform_view(self, request: HttpRequest, object_id: str | None, *args: Any) -> HttpResponse:
        """Return the page. Runs in a transaction; a form that has added a row already adds no other one."""
        if object_id is None and request.method == "POST" and self.has_add_permission(request):
            entry = _earlier(request, self.model)
            if entry is not None:
                return self._added_before(request, entry)
        response: HttpResponse = super()._changeform_view(request, object_id, *args)  # type: ignore[misc]
        return response

    def _added_before(self, request: HttpRequest, entry: LogEntry) -> HttpResponse:
        row = self.model._default_manager.filter(pk=entry.object_id).first()
        if row is None:
            message = f"This form was sent before, and what it added is gone: {entry.object_repr}."
            self.message_user(request, message, messages.WARNING)
            name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:{name}"))
        return self.response_repeated(request, row)

    def response_repeated(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Return the response to a form that comes again: that of the row which it has added."""
        return self.response_add(request, obj)


def _token(request: HttpRequest) -> str:
    token = request.POST.get(TOKEN, "")
    return token if len(token) == TOKEN_LENGTH and set(token) <= set("0123456789abcdef") else ""


def _earlier(request: HttpRequest, model: type[Model]) -> LogEntry | None:
    """Return the log entry of the row that this form has added, or None.

    It locks the account until the transaction ends, so that of two forms sent at once the second one waits.
    """
    token, user = _token(request), request.user
    if not token or user.pk is None:
        return None
    get_user_model()._default_manager.select_for_update().filter(pk=user.pk).values_list("pk").first()
    entries: Iterable[LogEntry] = LogEntry.objects.filter(
        user_id=user.pk,
        content_type=get_content_type_for_model(model),
        action_flag=ADDITION,
        change_message__contains=f'"{token}"',
    )
    return next(iter(entries), None)
