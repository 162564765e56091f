"""The admin site, without those of Django's views that answer some parameters with an error."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver

from core.admin.completion import StrictAutocompleteView


class StrictAdminSite(AdminSite):
    def autocomplete_view(self, request: HttpRequest) -> Any:
        return StrictAutocompleteView.as_view(admin_site=self)(request)

    def get_urls(self) -> list[Any]:
        """Return the URLs without that of pages on the shop's site: no model has one."""
        urls: list[URLPattern | URLResolver] = super().get_urls()
        return [url for url in urls if getattr(url, "name", None) != "view_on_site"]


class StrictAdminConfig(AdminConfig):
    """Django's application of the admin, with this site."""

    default_site = "core.admin.site.StrictAdminSite"
