"""Sends errors to Sentry and traces to a collector of OpenTelemetry, where settings name them.

Their packages (requirements-observe.txt) are imported only then; `env.py` refuses to start without them.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from observe import request_id
from observe.redaction import Redact

INSIDE = "health/.*,metrics"  # asked every few seconds by machines: not worth a trace


def report_errors(dsn: str, *, version: str, secrets: list[str]) -> None:
    """Every error that is logged or not caught reaches Sentry from here on, under the id of its request.

    Without bodies, cookies, addresses of callers, values of variables, or secrets.
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
        # Only these: others would import what is not used, such as OpenAI's client.
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration(), CeleryIntegration()],
    )


def _tagged(event: dict[str, Any]) -> dict[str, Any]:
    own = request_id.current()
    return {**event, "tags": {**event.get("tags", {}), "request_id": own}} if own else event


def trace(endpoint: str, *, version: str) -> None:
    """Each request and task is a span from here on, sent to the collector in batches by a thread of its own.

    endpoint: of OTLP over HTTP, without the path. OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER and other variables
    of the process's environment mean what they usually mean.
    """
    from opentelemetry import trace as api  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.instrumentation.celery import CeleryInstrumentor  # noqa: PLC0415
    from opentelemetry.instrumentation.django import DjangoInstrumentor  # noqa: PLC0415
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    usual = Resource.create({"service.name": "shop-recommendations", "service.version": version})
    provider = TracerProvider(resource=usual.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"))
    )
    api.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(response_hook=_name_request, excluded_urls=INSIDE)
    CeleryInstrumentor().instrument()


def _name_request(span: Any, request: HttpRequest, response: HttpResponse) -> None:
    if own := response.headers.get(request_id.HEADER):
        span.set_attribute("request_id", own)
