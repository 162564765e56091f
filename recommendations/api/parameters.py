"""The query parameters of placements, as the schema tells them."""

from drf_spectacular.utils import OpenApiParameter

from recommendations.api.requests import DEEPEST, DEFAULT, MOST

TOP_N = OpenApiParameter(
    "top_n",
    {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT},
    description="How many products.",
)
OFFSET = OpenApiParameter(
    "offset",
    {"type": "integer", "minimum": 0, "maximum": DEEPEST - 1, "default": 0},
    description=f"How many of the best to leave out; offset + top_n is at most {DEEPEST}.",
)
DIVERSITY = OpenApiParameter(
    "diversity",
    {"type": "number", "minimum": 0, "maximum": 1, "default": 0},
    description="From 0, the best, to 1, the most different in category and tags.",
)
STRATEGY = OpenApiParameter(
    "strategy", str, description="The strategy's name in settings; the default strategy when not given."
)
CATEGORY = OpenApiParameter(
    "category", str, many=True, description="A category's exact name; repeated, products of any of them."
)
MIN_PRICE = OpenApiParameter(
    "min_price", {"type": "number", "minimum": 0}, description="The lowest price, inclusive."
)
MAX_PRICE = OpenApiParameter(
    "max_price", {"type": "number", "minimum": 0}, description="The highest price, inclusive."
)
EXCLUDE = OpenApiParameter(
    "exclude",
    str,
    many=True,
    description="A product that is not wanted: a number, or `ext:<external id>`; repeated for several. "
    "Numbers alone may also be parted by commas.",
)
NARROWING = [CATEGORY, MIN_PRICE, MAX_PRICE, EXCLUDE]
PAGE = [TOP_N, OFFSET]
EVERY = [*PAGE, *NARROWING, DIVERSITY, STRATEGY]
