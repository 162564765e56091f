"""The accounts of people who log in (AUTH_USER_MODEL). The shop's users, `catalog.User`, have no password."""

from django.contrib.auth.models import AbstractUser


class Account(AbstractUser):
    class Meta(AbstractUser.Meta):
        verbose_name = "account"
        verbose_name_plural = "accounts"
