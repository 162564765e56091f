"""Somebody who logs in: Django's user. The shop's own users are `catalog.User`, and have no password."""

from django.contrib.auth.models import AbstractUser


class Account(AbstractUser):
    class Meta(AbstractUser.Meta):
        verbose_name = "account"
        verbose_name_plural = "accounts"
