"""The admin site, without those of Django's views that answer some parameters with an error."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, reverse

from core.admin.completion import StrictAutocompleteView


class StrictAdminSite(AdminSite):
    def autocomplete_view(self, request: HttpRequest) -> Any:
        return StrictAutocompleteView.as_view(admin_site=self)(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the applications; for the index, the models by section, as ADMIN_SECTIONS orders them."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        found = {model["model"]._meta.label: (app, model) for app in apps for model in app["models"]}
        sections = []
        for name, labels in settings.ADMIN_SECTIONS.items():
            of_section = [found.pop(label) for label in labels if label in found]
            if of_section:
                app = of_section[0][0]
                sections.append({**app, "name": name, "models": [model for _, model in of_section]})
        rest = [
            {**app, "models": [model for model in app["models"] if model["model"]._meta.label in found]}
            for app in apps
        ]
        return sections + [app for app in rest if app["models"]]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return the context, in which *View site* leads to the pages of the API."""
        return {**super().each_context(request), "site_url": reverse("docs")}

    def get_urls(self) -> list[Any]:
        """Return the URLs without that of pages on the shop's site: no model has one."""
        urls: list[URLPattern | URLResolver] = super().get_urls()
        return [url for url in urls if getattr(url, "name", None) != "view_on_site"]


class StrictAdminConfig(AdminConfig):
    """Django's application of the admin, with this site."""

    default_site = "core.admin.site.StrictAdminSite"
