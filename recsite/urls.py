"""URL configuration of the project."""

from django.contrib import admin
from django.urls import include, path, re_path

from recsite.http import docs, health, metrics_page, root

urlpatterns = [
    # The most requested URLs first: each pattern before a match costs time.
    path("", include("recommendations.api.urls")),
    path("admin/", admin.site.urls),
    path("", root.RootView.as_view(), name="root"),
    path("", include("catalog.api.urls")),
    path("", include("access.api.urls")),
    re_path(r"^schema/?$", docs.SchemaView.as_view(), name="schema"),
    re_path(r"^schema[.]json/?$", docs.SchemaView.as_view(), {"form": "json"}),
    re_path(r"^schema[.]yaml/?$", docs.SchemaView.as_view(), {"form": "yaml"}),
    re_path(r"^docs/?$", docs.DocsView.as_view(), name="docs"),
    # Served before all middleware (recsite/http/middleware.py). Listed here so that every URL is.
    re_path(r"^health/live/?$", health.live, name="live"),
    re_path(r"^health/ready/?$", health.ready, name="ready"),
    re_path(r"^metrics/?$", metrics_page.page, name="metrics"),
    # Last: every other URL is 404. Django itself adds the slash to /admin.
    re_path(r"^(?!admin$)", root.not_found),
]

handler400 = "recsite.http.root.bad_request"
handler404 = "recsite.http.root.not_found"
handler500 = "recsite.http.root.server_error"
