"""The query parameters of recommendations and placements in the OpenAPI schema."""

from drf_spectacular.utils import OpenApiParameter

from recommendations.api.requests import DEFAULT_TOP_N, MAX_DEPTH, MAX_TOP_N
from recommendations.serving.results import PRODUCT_FIELDS

TOP_N = OpenApiParameter(
    "top_n",
    {"type": "integer", "minimum": 1, "maximum": MAX_TOP_N, "default": DEFAULT_TOP_N},
    description="The number of products.",
)
OFFSET = OpenApiParameter(
    "offset",
    {"type": "integer", "minimum": 0, "maximum": MAX_DEPTH - 1, "default": 0},
    description=f"How many of the best products to skip. `offset` + `top_n` must not exceed {MAX_DEPTH}.",
)
DIVERSITY = OpenApiParameter(
    "diversity",
    {"type": "number", "minimum": 0, "maximum": 1, "default": 0},
    description="From 0, the best products, to 1, products that differ most in category and tags.",
)
STRATEGY = OpenApiParameter(
    "strategy", str, description="The strategy's name in settings. Without it, the default strategy."
)
CATEGORY = OpenApiParameter(
    "category",
    str,
    many=True,
    description="The exact path of a category, such as `Home > Kitchen`: products in it or in one below it. "
    "Repeat it to allow several categories.",
)
GROUP = OpenApiParameter(
    "group",
    str,
    many=True,
    description="The exact name of a group. Repeat it to allow several; a list has one product of each.",
)
TAG = OpenApiParameter(
    "tag", str, many=True, description="The exact name of a tag. Repeat it to allow several."
)
ATTRIBUTE = OpenApiParameter(
    "attr.NAME",
    str,
    many=True,
    description="A value of the attribute called NAME, such as `attr.colour=red`. Repeat it to allow several "
    "values. With several names, all must fit.",
)
MIN_PRICE = OpenApiParameter(
    "min_price", {"type": "number", "minimum": 0}, description="The minimum price, inclusive."
)
MAX_PRICE = OpenApiParameter(
    "max_price", {"type": "number", "minimum": 0}, description="The maximum price, inclusive."
)
EXCLUDE = OpenApiParameter(
    "exclude",
    {"type": "array", "items": {"$ref": "#/components/schemas/Id"}},
    description="A product to leave out: a number, or `ext:<external id>`. Repeat it for several products. "
    "Numbers may also be separated by commas. Those that do not exist are named in `ignored`.",
)
FIELDS = OpenApiParameter(
    "fields",
    {"type": "array", "items": {"type": "string"}},
    style="form",
    explode=False,
    description="What to show of each product, separated by commas, such as `id,name,price`; without it, "
    f"everything: {', '.join(PRODUCT_FIELDS)}.",
)
FILTERS = [CATEGORY, GROUP, TAG, ATTRIBUTE, MIN_PRICE, MAX_PRICE, EXCLUDE]
PAGE = [TOP_N, OFFSET]
ALL = [*PAGE, *FILTERS, DIVERSITY, STRATEGY, FIELDS]
