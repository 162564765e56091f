"""Logins by token, with the id of the current refresh token. No token is stored."""

from django.conf import settings
from django.db import models


class Login(models.Model):
    """A login that starts with a password. `jti` is the id of its only valid refresh token.

    Each refresh changes it. Any other refresh token of the login was used before, which reveals a stolen one.
    """

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    jti = models.CharField(max_length=64)
    # Django's session auth hash, as in sessions: it changes with the password.
    password_mark = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    refreshed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="login_expires_at")]

    def __str__(self) -> str:
        return f"login {self.pk}"
