"""Columns of the shop's CSV files; those of products are also the fields that the API and the admin write."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from catalog import cells
from catalog.models.attributes import MAX_ATTRIBUTES, MAX_VALUES, Attributes
from catalog.models.product import MAX_STOCK
from core.text import MAX_LENGTH, MAX_LEVELS, MAX_PATH_LENGTH


class ProductFields(TypedDict, total=False):
    """Values of a product except its key; a missing one is not changed."""

    name: str
    category: str | None
    price: Decimal
    description: str
    tags: Iterable[str]
    stock: int | None
    brand: str
    group: str
    sale_price: Decimal | None
    sale_from: datetime | None
    sale_until: datetime | None
    attributes: Attributes
    url: str
    image_url: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a CSV file.

    name:        as in the header
    parse:       returns the value of a cell; raises ValidationError
    holds:       description of a cell's content in Markdown, as in docs/import.md
    key:         key of the value in a row; defaults to the name
    is_optional: whether a file may lack the column; the stored values are then not changed
    """

    name: str
    parse: Callable[[str], object]
    holds: str
    key: str = ""
    is_optional: bool = False

    def __post_init__(self) -> None:
        if not self.key:
            object.__setattr__(self, "key", self.name)


# The keys are those of ProductFields and the names of the model's fields.
PRODUCTS = (
    Column(
        "id",
        cells.external_id,
        "your own key of the product: 1 to 255 characters, no slash, once in the file",
        key="external_id",
    ),
    Column("name", cells.name, "1 to 255 characters"),
    Column(
        "category",
        cells.category,
        f"a name, or a path such as `Home > Kitchen > Cups`: at most {MAX_LEVELS} levels of up to "
        f"{MAX_LENGTH} characters, {MAX_PATH_LENGTH} in all; may be empty",
    ),
    Column(
        "price",
        cells.price,
        "a number such as 1234.50, zero or more, at most two decimals (and zeros after them)",
    ),
    Column("description", cells.description, "any text; may be empty"),
    Column("tags", cells.tags, r"names with `\|` between them; may be empty"),
    Column(
        "stock",
        cells.stock,
        f"how many are left, a whole number from 0 to {MAX_STOCK}; 0, or less, is sold out; "
        "empty: not tracked",
        is_optional=True,
    ),
    Column("brand", cells.line, "up to 255 characters; may be empty", is_optional=True),
    Column(
        "group",
        cells.line,
        "the same text for all variants of one article, up to 255 characters; may be empty",
        is_optional=True,
    ),
    Column(
        "sale_price",
        cells.sale_price,
        "counts instead of the price while the sale lasts: as `price`, and not above it; empty: no sale",
        is_optional=True,
    ),
    Column(
        "sale_from",
        cells.time,
        "when the sale begins, ISO 8601; without an offset it is UTC; empty: it has begun",
        is_optional=True,
    ),
    Column(
        "sale_until",
        cells.time,
        "when the sale is over, ISO 8601; not before `sale_from`; empty: it has no end",
        is_optional=True,
    ),
    Column(
        "attributes",
        cells.attributes,
        f"a JSON object of up to {MAX_ATTRIBUTES} names, each with a list of up to {MAX_VALUES} texts: "
        '`{"colour": ["red", "blue"], "size": ["M"]}`; may be empty',
        is_optional=True,
    ),
    Column("url", cells.url, "the product's page: http or https, up to 2,000 characters", is_optional=True),
    Column(
        "image_url",
        cells.url,
        "the product's picture: http or https, up to 2,000 characters",
        is_optional=True,
    ),
    Column(
        "is_active",
        cells.flag,
        "`true` or `false` (or 1, 0, yes, no); false: only staff see the product",
        is_optional=True,
    ),
)
USERS = (
    Column(
        "id",
        cells.external_id,
        "your own key of the customer: 1 to 255 characters, no slash, once in the file",
        key="external_id",
    ),
    Column(
        "name",
        cells.user_name,
        "up to 255 characters; empty: the stored name is kept, and a new user gets the `id` as name",
        is_optional=True,
    ),
)
# Only the names: there are millions of events, so `event_rows` has faster code of its own.
EVENTS = ("user_id", "product_id", "action_type", "created_at")
EVENT_ID = "event_id"  # the optional column of events
