"""GET /explanations/{id}: the explanation that a response's `explanation_url` refers to."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from access.permissions import is_for_another
from access.policies import reads
from access.scopes import Scope
from access.throttle_scopes import RECOMMENDING
from core.api.views import StrictQuery
from core.text import cut
from recommendations.explainers.base import Source
from recommendations.selectors.explanations import written_text


class ExplanationRow(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(choices=["pending", "done"])
    text = serializers.CharField(help_text="The template's text while the explanation is pending.")
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=[source.value for source in Source]
    )


class ExplanationViewSet(StrictQuery, ViewSet):
    """Explanations that workers write."""

    tags = ["recommendations"]
    operation_ids = {"retrieve": "get_explanation"}
    example_ids = {"": "0123456789abcdef0123456789abcdef"}
    policies = reads(Scope.RECOMMEND_READ, shoppers=True)
    throttle_scopes = RECOMMENDING
    lookup_url_kwarg = "id"
    lookup_value_regex = "[^/]+"
    id_in_path = "The last part of a response's `explanation_url`."

    @extend_schema(responses=ExplanationRow)
    def retrieve(self, request: Request, id: str) -> Response:
        """Return the explanation, and whether it is done. It is kept for `EXPLANATION_TTL`.

        If the model fails, the template's text is used for a minute, with the status `done`. After that, the
        next request for recommendations asks the model again.
        """
        found = written_text(id)
        if found is None or is_for_another(request, found.user_id):
            raise NotFound(f"There is no explanation {cut(id)!r}.")
        return Response(
            {
                "id": found.digest,
                "status": "done" if found.is_done else "pending",
                "text": found.text,
                "source": found.source,
            }
        )
