"""The OpenAPI schema and Swagger UI, without files from other hosts."""

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from access.policies import reads
from access.throttle_scopes import READING
from core.api.viewsets import StrictQuery


class SchemaView(StrictQuery, SpectacularAPIView):
    """The OpenAPI schema: YAML, or JSON if the Accept header asks for it."""

    policies = reads(None)
    throttle_scopes = READING


class DocsView(StrictQuery, SpectacularSwaggerView):
    """Swagger UI."""

    template_name = "docs/swagger.html"

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Any:
        """Remove drf-spectacular's relaxed Cross-Origin-Opener-Policy: no login uses another site's popup."""
        del response["Cross-Origin-Opener-Policy"]
        return super().finalize_response(request, response, *args, **kwargs)

    policies = reads(None)
    throttle_scopes = READING
