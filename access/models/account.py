"""The accounts of people who log in (AUTH_USER_MODEL). The shop's users, `catalog.User`, have no password."""

from django.contrib.auth.models import AbstractUser

from access.password_slot import SLOT


class Account(AbstractUser):
    class Meta(AbstractUser.Meta):
        verbose_name = "account"
        verbose_name_plural = "accounts"

    def set_password(self, raw_password: str | None) -> None:
        """Hash and set the password. Raises TooManyPasswords. Also called for usernames that nobody has."""
        with SLOT.taken():
            super().set_password(raw_password)

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether the password is right. Raises TooManyPasswords."""
        with SLOT.taken():
            return super().check_password(raw_password)
