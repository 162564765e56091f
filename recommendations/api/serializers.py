"""Serializers for the OpenAPI schema only: the responses themselves are built as plain dicts."""

from typing import Any, get_type_hints

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from catalog.api.serializers import CURRENCY, CURRENT_PRICE, AttributesRow, ProductRow
from core.api.serializers import Reference, TypedRow
from core.text import MAX_LENGTH, MAX_PATH_LENGTH
from recommendations.api.requests import DEFAULT_TOP_N, MAX_DEPTH, MAX_NAMED, MAX_TOP_N, MAX_USERS
from recommendations.engine.reasons import ReasonKind, exhaustive
from recommendations.explainers.base import Source
from recommendations.selectors.products import Details
from recommendations.serving.results import SHOWN

Row = serializers.Serializer[Any]


@extend_schema_field({"example": "Kitchen"})
class ReasonValue(serializers.Field):  # type: ignore[type-arg]
    """The value of a reason, a text or a number; its kind says what it means.

    Of no type in the schema, since generated clients lose the values of a union.
    """


_VALUES = exhaustive(
    ReasonKind,
    {
        ReasonKind.CATEGORY: "its name",
        ReasonKind.TAG: "its name",
        ReasonKind.POPULAR: "the number of interactions; what a shopper repeats counts once",
        ReasonKind.TRENDING: "the number of recent interactions; what a shopper repeats counts once",
        ReasonKind.BECAUSE: "the id of a product that the shopper interacted with",
        ReasonKind.SIMILAR: "the id of the product in the request",
        ReasonKind.TOGETHER: "the number of baskets that held both products",
        ReasonKind.LIFT: "how many times as often as by chance both are bought together, in thousandths",
        ReasonKind.BOUGHT: "the number of days on which the shopper bought it",
        ReasonKind.DUE: "the days since the last purchase, in thousandths of the usual gap",
        ReasonKind.REST: "the number of further reasons that are not listed, for or against the product; "
        "their points together may be negative",
    },
)
_MEANINGS = f"By kind: {'; '.join(f'`{kind}`: {meaning}' for kind, meaning in _VALUES.items())}."


class ReasonRow(Row):
    kind = serializers.ChoiceField(choices=[(kind.value, kind.name) for kind in ReasonKind])
    value = ReasonValue(help_text=_MEANINGS)
    points = serializers.FloatField(help_text="The points of all reasons add up to the score.")
    name = serializers.CharField(
        required=False, help_text="The name of the product, if the value is a product's id."
    )


class RecommendedProductRow(TypedRow):
    types = {name: kind for name, kind in get_type_hints(Details).items() if name in SHOWN}
    current_price = serializers.FloatField(help_text=CURRENT_PRICE)
    currency = serializers.CharField(help_text=CURRENCY)
    attributes = AttributesRow()
    score = serializers.FloatField()
    reasons = ReasonRow(many=True)


def _fallback(what: str) -> serializers.CharField:
    # Not an enum: of one that may be null, some generators make one that may not.
    return serializers.CharField(
        allow_null=True,
        help_text=f"If the {what} found nothing, what filled the list: `popular` or `trending`. Else null.",
    )


def _ignored() -> serializers.ListField:
    return serializers.ListField(
        child=Reference(),
        required=False,
        help_text="The products of the request that do not exist, or are inactive. Present only if it names "
        "products.",
    )


class RecommendationRow(Row):
    user_id = serializers.IntegerField()
    user_name = serializers.CharField()
    recommended_products = RecommendedProductRow(many=True, help_text="Best first.")
    llm_explanation = serializers.CharField(help_text="Why these products are recommended, as text.")
    explanation_source = serializers.ChoiceField(choices=[source.value for source in Source])
    explanation_url = serializers.CharField(
        required=False,
        help_text="Where to get the language model's text. Present only while a worker writes it.",
    )
    user_behavior_summary = serializers.CharField()
    strategy = serializers.CharField()
    untrained = serializers.BooleanField(
        required=False,
        help_text="True if the strategy's model is not trained, or cannot be loaded; else left out.",
    )
    fallback = _fallback("strategy")
    ignored = _ignored()


@extend_schema_serializer(many=False)
class PlacementRow(Row):
    placement = serializers.ChoiceField(
        choices=["trending", "session", "similar", "bought-together", "buy-again"]
    )
    recommended_products = RecommendedProductRow(many=True, help_text="Best first; may be empty.")
    strategy = serializers.CharField(
        allow_null=True, help_text="The configured strategy that took part in the list; null if none did."
    )
    untrained = serializers.BooleanField(
        required=False,
        help_text="True if the strategy's model is not trained, or cannot be loaded; else left out.",
    )
    fallback = _fallback("placement")
    ignored = _ignored()


class PopularRow(ProductRow):
    interaction_count = serializers.IntegerField(
        help_text="Views, clicks, carts and purchases. What a shopper repeats counts once, unless the "
        "setting POPULARITY is `interactions`."
    )
    score = serializers.FloatField(help_text="Always 0, the sum of the reasons' points.")
    reasons = ReasonRow(
        many=True, help_text="One, `popular`. Its points are 0: popularity does not depend on the shopper."
    )


@extend_schema_serializer(many=False)
class PopularList(Row):
    count = serializers.IntegerField()
    products = PopularRow(many=True)


class SessionInput(Row):
    """The session of an anonymous visitor."""

    product_ids = serializers.ListField(
        child=Reference(),
        min_length=1,
        max_length=MAX_NAMED,
        help_text="The products in the session or the cart, newest last. Those that do not exist are named "
        "in `ignored`.",
    )
    top_n = serializers.IntegerField(required=False, default=DEFAULT_TOP_N, min_value=1, max_value=MAX_TOP_N)
    offset = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=MAX_DEPTH - 1, help_text="As in `/recommend`."
    )
    strategy = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="The strategy's name in settings. Without it, the default strategy.",
    )
    diversity = serializers.FloatField(required=False, default=0, min_value=0, max_value=1)
    category = serializers.ListField(
        child=serializers.CharField(max_length=MAX_PATH_LENGTH),
        required=False,
        max_length=MAX_NAMED,
        help_text="Paths of the allowed categories, whose products may also be in one below.",
    )
    group = serializers.ListField(
        child=serializers.CharField(max_length=MAX_LENGTH),
        required=False,
        max_length=MAX_NAMED,
        help_text="Names of the allowed groups.",
    )
    tag = serializers.ListField(
        child=serializers.CharField(max_length=MAX_LENGTH),
        required=False,
        max_length=MAX_NAMED,
        help_text="Names of tags, of which a product must have one.",
    )
    attributes = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=MAX_LENGTH), max_length=MAX_NAMED),
        required=False,
        help_text="Allowed values of attributes: any of one name, and of all names.",
    )
    min_price = serializers.FloatField(required=False, allow_null=True, min_value=0)
    max_price = serializers.FloatField(required=False, allow_null=True, min_value=0)
    exclude = serializers.ListField(
        child=Reference(), required=False, max_length=MAX_NAMED, help_text="Products to leave out."
    )
    fields = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(),
        required=False,
        min_length=1,
        help_text="What to show of each product, as in `/recommend`.",
    )


class BatchInput(SessionInput):
    """Many shoppers, and what to recommend to each."""

    product_ids = None  # type: ignore[assignment]
    user_ids = serializers.ListField(
        child=Reference(), min_length=1, max_length=MAX_USERS, help_text="The shoppers."
    )


class BatchResult(Row):
    status = serializers.IntegerField(
        min_value=200, max_value=404, help_text="200, or 404 for a shopper who does not exist."
    )
    recommendations = RecommendationRow(required=False, help_text="Left out for 404.")
    detail = serializers.CharField(required=False, help_text="Why there is no list; only for 404.")


@extend_schema_serializer(many=False)
class BatchList(Row):
    count = serializers.IntegerField(help_text="The number of shoppers.")
    unknown = serializers.IntegerField(help_text="How many of them do not exist.")
    results = BatchResult(many=True, help_text="In the order of the request.")
