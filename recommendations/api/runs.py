"""GET /runs/{id}: the progress and result of a run of generate_recommendations."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from access.policies import Policy
from access.throttle_scopes import READING
from core.api.views import StrictQuery
from core.text import cut
from recommendations.batch import runs
from recommendations.models import GenerationRun, RunState


class RunRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(
        choices=RunState.choices, help_text="`lost`: the run has stopped reporting progress."
    )
    strategy = serializers.CharField()
    version = serializers.CharField(allow_null=True, help_text="The version of the strategy's model.")
    top_n = serializers.IntegerField()
    started_by = serializers.CharField()
    started_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField(help_text="When the run last reported progress.")
    ended_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField()
    total = serializers.IntegerField(help_text="The number of shoppers when the run began.")
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    fallbacks = serializers.IntegerField(help_text="Lists in which the strategy itself found nothing.")
    shards = serializers.IntegerField(
        help_text="The number of shards for workers; 0 if a command does the run itself."
    )
    shards_done = serializers.IntegerField()
    error = serializers.CharField(allow_null=True)


class RunViewSet(StrictQuery, ViewSet):
    """Runs of generate_recommendations."""

    tags = ["service"]
    operation_ids = {"retrieve": "get_run"}
    example_ids = {"": "1"}
    policies = {"GET": Policy(None, keys=False)}
    throttle_scopes = READING
    lookup_url_kwarg = "id"
    lookup_value_regex = "[^/]+"
    id_in_path = "The run's number."

    @extend_schema(responses=RunRow)
    def retrieve(self, request: Request, id: str) -> Response:
        """Return the progress and the result of the run."""
        number = int(id) if id.isascii() and id.isdigit() and len(id) <= 18 else 0
        run = runs.run(number)
        if run is None:
            raise NotFound(f"There is no run {cut(id)!r}.")
        return Response(_payload(run))


def _payload(run: GenerationRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "state": run.state_at(timezone.now()).value,
        "strategy": run.strategy,
        "version": run.version or None,
        "top_n": run.top_n,
        "started_by": run.started_by,
        "started_at": run.started_at,
        "seen_at": run.seen_at,
        "ended_at": run.ended_at,
        "seconds": round(run.seconds, 3),
        "total": run.n_total,
        "done": run.n_done,
        "failed": run.n_failed,
        "fallbacks": run.n_fallbacks,
        "shards": run.n_shards,
        "shards_done": run.n_shards_done,
        "error": run.error or None,
    }
