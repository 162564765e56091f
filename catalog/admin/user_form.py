"""The form that adds a person: a shopper unless a username and a password are given."""

from typing import Any

from django.contrib.auth.forms import UsernameField

from catalog.models import User
from catalog.models.user import shopper_username
from core.admin.typed import AccountAddForm


class UserAddForm(AccountAddForm):
    username = UsernameField(
        required=False, max_length=150, help_text="What staff log in with. Leave it empty for a shopper."
    )
    usable_password = AccountAddForm.create_usable_password_field(
        "Enabled for staff. A shopper needs no password: shoppers are known by their ID or external ID."
    )

    class Meta:
        model = User
        fields = ("name", "external_id", "username")
        field_classes = {"username": UsernameField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["usable_password"].initial = "false"
        self.fields["username"].widget.attrs.pop("autofocus", None)

    def clean(self) -> dict[str, Any] | None:
        cleaned: dict[str, Any] | None = super().clean()
        if not self.cleaned_data.get("username") and "username" not in self.errors:
            if self.cleaned_data.get("set_usable_password"):
                self.add_error("username", "Who has a password needs a username to log in with: give one.")
            else:
                self.cleaned_data["username"] = shopper_username()
        return cleaned
