"""URLs of the token endpoints, each with and without a trailing slash."""

from django.urls import re_path

from access.api.tokens import LogoutView, ObtainView, RefreshView, VerifyView

urlpatterns = [
    re_path(r"^token/?$", ObtainView.as_view(), name="token"),
    re_path(r"^token/refresh/?$", RefreshView.as_view(), name="token-refresh"),
    re_path(r"^token/verify/?$", VerifyView.as_view(), name="token-verify"),
    re_path(r"^token/logout/?$", LogoutView.as_view(), name="token-logout"),
]
