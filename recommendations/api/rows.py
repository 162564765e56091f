"""What the answers look like, for the schema alone: the answers themselves are plain dicts."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from recommendations.engine.reasons import ReasonKind
from recommendations.explainers.base import Source

Row = serializers.Serializer[Any]


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "integer"}]})
class ReasonValue(serializers.Field):  # type: ignore[type-arg]
    """What the reason speaks of."""


_MEANINGS = (
    "By kind: `category`, `tag`: its name; `popular`: the number of interactions; `trending`: the number of "
    "recent ones; `because`: the id of a product that the shopper met; `similar`: the id of the product "
    "asked about; `together`: the number of baskets that held both products; `lift`: how many times as often "
    "as by chance, in thousandths; `bought`: the number of days on which the shopper bought it; `due`: days "
    "since the last time, in thousandths of the usual gap; `rest`: the number of smaller reasons."
)


class ReasonRow(Row):
    kind = serializers.ChoiceField(choices=[kind.value for kind in ReasonKind])
    value = ReasonValue(help_text=_MEANINGS)
    points = serializers.FloatField(help_text="The points of all reasons add up to the score.")
    name = serializers.CharField(required=False, help_text="Of the product, where the value is one's id.")


class RecommendedProductRow(Row):
    id = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    category = serializers.CharField(allow_null=True)
    price = serializers.FloatField()
    description = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    score = serializers.FloatField()
    reasons = ReasonRow(many=True)


class RecommendationRow(Row):
    user_id = serializers.IntegerField()
    user_name = serializers.CharField()
    recommended_products = RecommendedProductRow(many=True, help_text="Best first.")
    llm_explanation = serializers.CharField(help_text="In words, why these products.")
    explanation_source = serializers.ChoiceField(choices=[source.value for source in Source])
    user_behavior_summary = serializers.CharField()
    strategy = serializers.CharField()
    fallback = serializers.ChoiceField(
        choices=["popular", "trending"],
        allow_null=True,
        help_text="What filled the list where the strategy itself found nothing, else null.",
    )
