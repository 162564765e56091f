"""Order exports: a line is a purchase; the order's own values may be on its first line only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

from catalog.importing.feeds.rows import LeftOut, MappedRow, Rows, SourceRow

NOT_SOLD = "lines of orders that are cancelled, refunded or not paid"
NOTHING_LEFT = "lines that were returned, or have a quantity of 0"
NO_CUSTOMER = "lines of orders without a customer"
NO_PRODUCT = "lines without a SKU"
# What WooCommerce has as the id of a guest, and of a product that was deleted.
_NOBODY = "0"

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderExport:
    """The columns of an order export; of several that a line fills, the first counts.

    shop:        begins the ids of the events
    product:     keys of the product, if there is no SKU: "id:7" for 7
    returned:    how many of the quantity were given back
    cancelled:   when the order was
    not_sold:    values of `status`
    """

    shop: str
    order: Names
    status: Names
    user: Names
    user_name: Names
    at: Names
    sku: Names
    quantity: Names
    product: Names = ()
    returned: Names = ()
    cancelled: Names = ()
    not_sold: frozenset[str] = frozenset()

    @property
    def needed(self) -> tuple[Names, ...]:
        """The columns that tell such an export: one of each."""
        return (self.order, self.status, self.user, self.sku + self.product, self.quantity)

    def with_columns(self, columns: Mapping[str, str]) -> Self:
        """Return the export with these columns of the feed, by ours: user_id, product_id and created_at."""
        given = {ours: (column,) for ours, column in columns.items()}
        return replace(
            self,
            user=given.get("user_id", self.user),
            sku=given.get("product_id", self.sku),
            at=given.get("created_at", self.at),
        )

    def purchases(self, rows: Rows) -> Iterator[MappedRow | LeftOut]:
        """Yield a purchase for each line that was sold to a customer. An order's lines follow one another."""
        order = next((name for name in self.order if name in rows.columns), self.order[0])
        first, number = None, 0
        for row in rows:
            if first is None or row.text(order) != first.text(order):
                first, number = row, 0
            number += 1
            line = _Line(row, first)
            yield self._left_out(line) or self._purchase(line, f"{self.shop}:{row.text(order)}:{number}")

    def _left_out(self, line: "_Line") -> LeftOut | None:
        status = line.text(self.status).casefold().removeprefix("wc-").replace("_", " ")
        left_out = {
            NOT_SOLD: status in self.not_sold or line.text(self.cancelled),
            NOTHING_LEFT: _is_nothing(line.own(self.quantity), line.own(self.returned)),
            NO_CUSTOMER: line.text(self.user) in ("", _NOBODY),
            NO_PRODUCT: not self._product(line),
        }
        return next((LeftOut(line.row.line, why) for why, is_so in left_out.items() if is_so), None)

    def _purchase(self, line: "_Line", event_id: str) -> MappedRow:
        cells = {
            "user_id": line.text(self.user).lower(),
            "product_id": self._product(line),
            "action_type": "purchase",
            "created_at": line.text(self.at),
            "event_id": event_id,
            "user_name": " ".join(filter(None, (line.text((name,)) for name in self.user_name))),
        }
        origin = {
            "user_id": line.named(self.user),
            "product_id": line.named(self.sku + self.product),
            "created_at": line.named(self.at),
            "event_id": self.order[0],
        }
        return MappedRow(line.row.line, cells, origin)

    def _product(self, line: "_Line") -> str:
        if sku := line.own(self.sku):
            return sku
        key = next((key for name in self.product if (key := line.row.text(name)) not in ("", _NOBODY)), "")
        return key and f"id:{key}"


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of an order, and the first line of the order."""

    row: SourceRow
    first: SourceRow

    def text(self, names: Names) -> str:
        """Return the value of the order, from this line or the first one."""
        return self.own(names) or next((text for name in names if (text := self.first.text(name))), "")

    def own(self, names: Names) -> str:
        return next((text for name in names if (text := self.row.text(name))), "")

    def named(self, names: Names) -> str:
        """Return the column that has the value; if none does, the first."""
        return next((name for name in names if self.row.text(name) or self.first.text(name)), names[0])


def _is_nothing(quantity: str, returned: str) -> bool:
    """Whether nothing is left of the quantity. A quantity that is no number, or missing, counts as some."""
    try:
        return float(quantity or 1) - abs(float(returned or 0)) <= 0
    except ValueError:
        return False
