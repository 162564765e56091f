"""The OpenAPI schema, and Swagger UI on top of it, served from here: no other host is asked."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from access.needs import reads
from access.paces import READING
from catalog.api.viewsets import StrictQuery


class SchemaView(StrictQuery, SpectacularAPIView):
    """The API in OpenAPI: YAML, or JSON when the Accept header asks for it."""

    needs = reads(None)
    paces = READING


class DocsView(StrictQuery, SpectacularSwaggerView):
    """The API to read and to try."""

    needs = reads(None)
    paces = READING
