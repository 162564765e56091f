"""The forms that make and rotate a key."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from access.models import Account, ApiKey
from access.scopes import MEANINGS, Scope
from access.services.keys import may_give

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[ApiKey]
else:
    _ModelForm = forms.ModelForm


class KeyForm(_ModelForm):
    """Offers the scopes that whoever asks may give."""

    asker: ClassVar[Account]

    scopes = forms.MultipleChoiceField(
        choices=[],
        widget=forms.CheckboxSelectMultiple,
        help_text="As few as will do. You can give only what you may do yourself.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.value, f"{scope} – {MEANINGS[scope]}") for scope in Scope if may_give(self.asker, scope)
        ]

    def clean_scopes(self) -> str:
        return " ".join(self.cleaned_data["scopes"])

    def clean_expires_at(self) -> Any:
        ends = self.cleaned_data["expires_at"]
        if ends is not None and ends <= timezone.now():
            raise forms.ValidationError("A key cannot end before it begins.")
        return ends


class RotateForm(forms.Form):
    hours = forms.IntegerField(
        label="Hours that the old key goes on",
        required=False,
        min_value=0,
        max_value=36_500,
        help_text="Empty: until somebody revokes it. 0: it ends at once.",
    )

    def overlap(self) -> timedelta | None:
        """Return for how long the old key goes on, None for until it is revoked."""
        hours = self.cleaned_data["hours"]
        return None if hours is None else timedelta(hours=hours)
