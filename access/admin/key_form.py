"""The forms that create and rotate an API key."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from access.models import Account, ApiKey
from access.scopes import MEANINGS, Scope
from access.services.keys import may_grant

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[ApiKey]
else:
    _ModelForm = forms.ModelForm


class KeyForm(_ModelForm):
    """A form that offers only the scopes which `account` may grant."""

    account: ClassVar[Account]

    scopes = forms.MultipleChoiceField(
        choices=[],
        widget=forms.CheckboxSelectMultiple,
        help_text="Select as few as possible. You can only grant what you may do yourself.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.value, f"{scope} – {MEANINGS[scope]}") for scope in Scope if may_grant(self.account, scope)
        ]

    def clean_scopes(self) -> str:
        return " ".join(self.cleaned_data["scopes"])

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError("The expiry must be in the future.")
        return expires_at


class RotateForm(forms.Form):
    hours = forms.IntegerField(
        label="Hours until the old key expires",
        required=False,
        min_value=0,
        max_value=36_500,
        help_text="Leave empty to keep it valid until it is revoked. 0 ends it immediately.",
    )

    def overlap(self) -> timedelta | None:
        """Return how long the old key stays valid, None for until it is revoked."""
        hours = self.cleaned_data["hours"]
        return None if hours is None else timedelta(hours=hours)
