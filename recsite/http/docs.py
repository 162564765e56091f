"""The OpenAPI schema, and Swagger UI on top of it, served from here: no other host is asked."""

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from access.policies import reads
from access.throttle_scopes import READING
from core.api.viewsets import StrictQuery


class SchemaView(StrictQuery, SpectacularAPIView):
    """The API in OpenAPI: YAML, or JSON when the Accept header asks for it."""

    policies = reads(None)
    throttle_scopes = READING


class DocsView(StrictQuery, SpectacularSwaggerView):
    """The API to read and to try."""

    template_name = "docs/swagger.html"

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Any:
        """Return the page as closed to others as any: nobody logs in by a window of another site here."""
        del response["Cross-Origin-Opener-Policy"]
        return super().finalize_response(request, response, *args, **kwargs)

    policies = reads(None)
    throttle_scopes = READING
