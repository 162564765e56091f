"""What the answers look like, for the schema alone: the answers themselves are plain dicts."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from catalog.api.serializers import ProductRow
from core.api.serializers import Reference
from core.text import MAX_LENGTH
from recommendations.api.requests import DEEPEST, DEFAULT, MOST, MOST_NAMED
from recommendations.engine.reasons import ReasonKind, exhaustive
from recommendations.explainers.base import Source

Row = serializers.Serializer[Any]


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "integer"}]})
class ReasonValue(serializers.Field):  # type: ignore[type-arg]
    """What the reason speaks of."""


_VALUES = exhaustive(
    ReasonKind,
    {
        ReasonKind.CATEGORY: "its name",
        ReasonKind.TAG: "its name",
        ReasonKind.POPULAR: "the number of interactions",
        ReasonKind.TRENDING: "the number of recent ones",
        ReasonKind.BECAUSE: "the id of a product that the shopper met",
        ReasonKind.SIMILAR: "the id of the product asked about",
        ReasonKind.TOGETHER: "the number of baskets that held both products",
        ReasonKind.LIFT: "how many times as often as by chance, in thousandths",
        ReasonKind.BOUGHT: "the number of days on which the shopper bought it",
        ReasonKind.DUE: "days since the last time, in thousandths of the usual gap",
        ReasonKind.REST: "how many other things counted, for or against, that are not named; what they come "
        "to together may be below 0",
    },
)
_MEANINGS = f"By kind: {'; '.join(f'`{kind}`: {meaning}' for kind, meaning in _VALUES.items())}."


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
    explanation_url = serializers.CharField(
        required=False,
        help_text="Where to wait for a model's words; only while workers write them.",
    )
    user_behavior_summary = serializers.CharField()
    strategy = serializers.CharField()
    fallback = serializers.ChoiceField(
        choices=["popular", "trending"],
        allow_null=True,
        help_text="What filled the list where the strategy itself found nothing, else null.",
    )


@extend_schema_serializer(many=False)
class PlacementRow(Row):
    placement = serializers.ChoiceField(
        choices=["trending", "session", "similar", "bought-together", "buy-again"]
    )
    recommended_products = RecommendedProductRow(many=True, help_text="Best first; possibly none.")
    strategy = serializers.CharField(
        allow_null=True, help_text="The strategy from the settings that had a part in it, null for none."
    )
    fallback = serializers.ChoiceField(
        choices=["popular", "trending"],
        allow_null=True,
        help_text="What filled the list where the placement itself found nothing, else null.",
    )


class PopularReasonRow(Row):
    kind = serializers.ChoiceField(choices=["popular"])
    value = serializers.IntegerField(help_text="The number of interactions.")
    points = serializers.FloatField(help_text="0: it says nothing of whoever asks.")


class PopularRow(ProductRow):
    interaction_count = serializers.IntegerField(help_text="Dismissals are not counted.")
    score = serializers.FloatField(help_text="0, the sum of the reasons' points.")
    reasons = PopularReasonRow(many=True)


@extend_schema_serializer(many=False)
class PopularList(Row):
    count = serializers.IntegerField()
    products = PopularRow(many=True)


class SessionInput(Row):
    """What an anonymous visitor has met."""

    product_ids = serializers.ListField(
        child=Reference(),
        min_length=1,
        max_length=MOST_NAMED,
        help_text="The products in the session or the cart, newest last.",
    )
    top_n = serializers.IntegerField(required=False, default=DEFAULT, min_value=1, max_value=MOST)
    offset = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=DEEPEST - 1, help_text="As in `/recommend`."
    )
    strategy = serializers.CharField(
        required=False, allow_null=True, help_text="Its name; the default strategy when not given."
    )
    diversity = serializers.FloatField(required=False, default=0, min_value=0, max_value=1)
    category = serializers.ListField(
        child=serializers.CharField(max_length=MAX_LENGTH),
        required=False,
        max_length=MOST_NAMED,
        help_text="Names of categories, any of which will do.",
    )
    min_price = serializers.FloatField(required=False, allow_null=True, min_value=0)
    max_price = serializers.FloatField(required=False, allow_null=True, min_value=0)
    exclude = serializers.ListField(
        child=Reference(), required=False, max_length=MOST_NAMED, help_text="Products that are not wanted."
    )
