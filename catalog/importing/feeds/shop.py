"""A feed as a shop to import: its rows become the records that the files of import_shop give."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from catalog.cells import strip_blanks
from catalog.importing.directory import Shop, user_ids
from catalog.importing.feeds.feed_map import FeedMap
from catalog.importing.feeds.formats import FeedFile
from catalog.importing.feeds.rows import LeftOut, MappedRow
from catalog.importing.hints import ProductHints
from catalog.importing.report import ImportObserver, NullObserver, Problem
from catalog.importing.rows import (
    EventRecord,
    KnownIds,
    ProductRecord,
    Refused,
    UserRecord,
    event_rows,
    product_rows,
    user_rows,
)
from catalog.importing.text_files import TextFile

Unreadable = Callable[[int, str | None], object]


class FeedShop(Shop):
    """The products, users or events of a feed."""

    without_products = "the feed has no products"

    def __init__(
        self, feed: FeedFile, feed_map: FeedMap, observer: ImportObserver, *, currency: str, now: datetime
    ) -> None:
        super().__init__(observer, now=now)
        self._feed = feed
        self._map = feed_map
        self._currency = currency
        self._by_origin = _ByOrigin(self)
        self._row = MappedRow(0, {}, {})
        self.products_name = feed.name if feed.format.kind == "products" else None
        self.events_name = feed.name

    def products(self) -> Iterator[ProductRecord]:
        if self._feed.format.kind != "products":
            return
        self.refused_products = Refused()
        self._announce()
        hints = ProductHints()
        rows = product_rows(self._feed.file, self._by_origin, self.refused_products, read=self._records)
        for row in rows:
            hints.add(row)
            yield row
        if self._map.kind:
            for note in hints.notes():
                self.noted(self._feed.name, note)

    def users(self) -> Iterator[UserRecord]:
        if self._feed.format.kind == "products":
            return
        self.refused_users = Refused()
        if self._feed.format.kind == "users":
            self._announce()
            yield from user_rows(self._feed.file, self._by_origin, self.refused_users, read=self._records)
        elif self._feed.format.has_customers:
            yield from user_rows(self._feed.file, self._by_origin, self.refused_users, read=self._customers)

    def events(self, users: Container[str], products: Container[str]) -> Iterator[EventRecord]:
        if self._feed.format.kind == "interactions":
            self._announce()
        return self._events(self._by_origin, users, products)

    def unreported_events(self, users: Container[str], products: Container[str]) -> Iterator[EventRecord]:
        return self._events(NullObserver(), users, products)

    def _events(
        self, observer: ImportObserver, users: Container[str], products: Container[str]
    ) -> Iterator[EventRecord]:
        if self._feed.format.kind != "interactions":
            return iter(())
        name = self._feed.name
        known = KnownIds(
            users,
            products,
            files=(name,),
            refused_users=self.refused_users.lines,
            users_file=name if self._feed.format.has_customers else "",
            products_file="",
        )
        return event_rows(self._feed.file, observer, known, latest=self.latest, read=self._records)

    def _announce(self) -> None:
        self.reading(f"{self.activity} {self._feed.name}", self._feed.file.n_lines)

    def origin(self, column: str | None) -> str | None:
        """Return the feed's own name of the column that has the value of ours in the current row."""
        key = self._row.origin.get(column or "")
        return column if key is None else self._feed.own_name(key)

    def _records(
        self,
        file: TextFile,
        columns: Sequence[str],
        observer: ImportObserver,
        *,
        optional: Sequence[str] = (),
        unreadable: Unreadable = lambda line, key: None,
    ) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yield the rows as `csv_reader.records` does, without those with faults, which it reports."""
        reader = self if observer is self._by_origin else observer
        for row in self._mapped(reader, unreadable):
            for fault in row.faults:
                name = self._feed.own_name(fault.column)
                reader.found(Problem(file.name, row.line, name, fault.value, fault.message))
            if row.faults:
                unreadable(row.line, row.cells.get(columns[0]))
            else:
                yield row.line, tuple(row.cells.get(name) for name in (*columns, *optional))

    def _customers(
        self,
        file: TextFile,
        columns: Sequence[str],
        observer: ImportObserver,
        *,
        optional: Sequence[str] = (),
        unreadable: Unreadable = lambda line, key: None,
    ) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yield the customers of the orders once each, except those that exist: they keep their names.

        What cannot be read is reported when the events are read.
        """
        known = set(user_ids())
        for row in self._mapped(NullObserver(), unreadable):
            key = strip_blanks(row.cells["user_id"])
            if key not in known:
                known.add(key)
                cells = {"id": key, "name": row.cells["user_name"] or None}
                yield row.line, tuple(cells.get(name) for name in (*columns, *optional))

    def _mapped(self, reader: ImportObserver, unreadable: Unreadable) -> Iterator[MappedRow]:
        """Yield the rows of the format with what the map says. Counts those that are left out."""
        rows = self._feed.rows(reader, unreadable)
        self.left_out.clear()
        for row in self._feed.format.map(rows, self._map, self._currency):
            if isinstance(row, LeftOut):
                self.left_out[row.why] += 1
                continue
            if self._map.kind is None and self._feed.format.kind == "products":
                cells = {name: self._map.cell(name, rows.current.text(key)) for name, key in self._map.keys}
                row.cells |= cells
                row.origin = {**row.origin, **dict(self._map.keys)}
            self._map.convert(row)
            row.cells |= self._map.constants
            self._row = row
            yield row


@dataclass(frozen=True, slots=True)
class _ByOrigin:
    """Observer that tells the shop the problems of our columns by the names that the feed has for them."""

    shop: FeedShop

    def reading(self, title: str, n_lines: int) -> None:
        self.shop.reading(title, n_lines)

    def advanced(self, n_lines: int) -> None:
        self.shop.advanced(n_lines)

    def noted(self, file: str, note: str) -> None:
        self.shop.noted(file, note)

    def found(self, problem: Problem) -> None:
        self.shop.found(replace(problem, column=self.shop.origin(problem.column)))
