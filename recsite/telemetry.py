"""Error reports to Sentry and traces to an OpenTelemetry collector, if the settings name them.

The packages (requirements-observe.txt) are imported only then; `validation.py` checks that they are there.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from observe import request_id
from observe.redaction import Redact

UNTRACED = "health/.*,metrics"  # requested every few seconds by machines


def report_errors(dsn: str, *, version: str, secrets: list[str]) -> None:
    """Report logged and uncaught errors to Sentry, tagged with the id of the request.

    Reports contain no bodies, cookies, client addresses, local variables or secrets.
    """
    import sentry_sdk  # noqa: PLC0415
    from sentry_sdk.integrations.celery import CeleryIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.django import DjangoIntegration  # noqa: PLC0415

    redact = Redact(secrets)

    def without_secrets(event: Any, hint: Mapping[str, Any]) -> Any:
        return {name: redact.value("", value) for name, value in _tagged(event).items()}

    sentry_sdk.init(
        dsn=dsn,
        release=version,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=without_secrets,
        # Only these: others would import packages that are not used, such as OpenAI's client.
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration(), CeleryIntegration()],
    )


def _tagged(event: dict[str, Any]) -> dict[str, Any]:
    current = request_id.current()
    return {**event, "tags": {**event.get("tags", {}), "request_id": current}} if current else event


def trace(endpoint: str, *, version: str) -> None:
    """Trace each request and task as a span. A background thread sends spans to the collector in batches.

    endpoint: the URL of OTLP over HTTP, without the path
    OpenTelemetry reads OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER and its other variables from the environment.
    """
    from opentelemetry import trace as api  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.instrumentation.celery import CeleryInstrumentor  # noqa: PLC0415
    from opentelemetry.instrumentation.django import DjangoInstrumentor  # noqa: PLC0415
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    defaults = Resource.create({"service.name": "shop-recommendations", "service.version": version})
    provider = TracerProvider(resource=defaults.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"))
    )
    api.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(response_hook=_name_request, excluded_urls=UNTRACED)
    CeleryInstrumentor().instrument()


def _name_request(span: Any, request: HttpRequest, response: HttpResponse) -> None:
    if header := response.headers.get(request_id.HEADER):
        span.set_attribute("request_id", header)
