"""One log-in by token: which refresh token goes on with it. No token is stored."""

from django.conf import settings
from django.db import models


class Login(models.Model):
    """Begins with a password; each refresh changes `jti`, the id of the only refresh token that is good.

    Any other refresh token of the same log-in was used before: that is how a stolen one shows.
    """

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    jti = models.CharField(max_length=64)
    # Django's own mark of the password that sessions hold too: another password, another mark.
    password_mark = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    refreshed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="login_expires_at")]

    def __str__(self) -> str:
        return f"log-in {self.pk}"
