"""The OpenAPI schema and Swagger UI, without files from other hosts."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from django.urls import get_script_prefix
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from access.policies import reads
from access.throttle_scopes import READING
from core.api.responses import OrjsonRenderer
from core.api.views import SingleRendererNegotiation, StrictQuery
from core.text import cut

_FORMS = {"json": OpenApiJsonRenderer2, "yaml": OpenApiYamlRenderer2}


class PageOfYaml(OpenApiYamlRenderer2):
    """YAML as a browser shows it; it would save a type that it does not know."""

    media_type = "text/plain"
    charset = "utf-8"


class SchemaNegotiation(SingleRendererNegotiation):
    """Chooses by the address, then by `format`, then by the Accept header; browsers get what they show."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """Return the renderer and the media type. Raises NotAcceptable, and ValidationError for a format."""
        accepted = request._request.META.get("HTTP_ACCEPT", "*/*")
        is_browser = "text/html" in accepted
        form = (request.parser_context or {})["kwargs"].get("form") or request.query_params.get("format")
        if form is None and not is_browser:
            return super().select_renderer(request, renderers, format_suffix)
        if (form or "json") not in _FORMS:
            message = f"Must be {' or '.join(_FORMS)}, not {cut(str(form))!r}."
            raise ValidationError({"format": [message]})
        chosen: BaseRenderer = _FORMS[form or "json"]()
        if is_browser and form == "yaml":
            chosen = PageOfYaml()
        return chosen, chosen.media_type


class _Described(StrictQuery):
    """View without JSON, except in the answer to OPTIONS."""

    policies = reads(None)
    throttle_scopes = READING

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        if request.method == "OPTIONS":
            return OrjsonRenderer(), OrjsonRenderer.media_type
        return super().perform_content_negotiation(request, force)


class SchemaView(_Described, SpectacularAPIView):
    """The OpenAPI schema: YAML, or JSON if the address, `format` or the Accept header asks for it."""

    content_negotiation_class = SchemaNegotiation

    def known_parameters(self) -> set[str]:
        return set() if "form" in self.kwargs else {"format"}

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the schema."""
        renderer: Any = request.accepted_renderer
        kind: Any = type(renderer)
        return HttpResponse(
            _rendered(kind, get_script_prefix()),
            content_type=renderer.media_type + (f"; charset={renderer.charset}" if renderer.charset else ""),
            headers={"Content-Disposition": f'inline; filename="openapi.{renderer.format}"'},
        )


class DocsView(_Described, SpectacularSwaggerView):
    """Swagger UI."""

    template_name = "docs/swagger.html"

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Any:
        """Remove drf-spectacular's relaxed Cross-Origin-Opener-Policy: no login uses another site's popup."""
        del response["Cross-Origin-Opener-Policy"]
        return super().finalize_response(request, response, *args, **kwargs)


@lru_cache(maxsize=16)
def _rendered(renderer: Any, script_prefix: str) -> bytes:
    """Return the schema as bytes. It takes a second or two to make, and names the server by its prefix."""
    generator: Any = SchemaGenerator
    body = renderer().render(generator().get_schema(request=None, public=True), renderer_context={})
    return bytes(body)
