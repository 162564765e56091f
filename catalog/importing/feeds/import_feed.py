"""Import of a feed: a file, or an https address, in the format of another program."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from catalog.cells import format_cell
from catalog.columns import EVENT_ID, EVENTS, PRODUCTS
from catalog.importing.feeds.download import Limits, download, is_address, shown_address
from catalog.importing.feeds.feed_map import FeedMap
from catalog.importing.feeds.formats import FeedFile, recognized
from catalog.importing.feeds.shop import FeedShop
from catalog.importing.import_shop import ImportOptions, ImportSummary, check, import_files
from catalog.importing.presence import raise_if_another
from catalog.importing.report import ImportObserver, NullObserver
from catalog.importing.rows import EventRecord, ProductRecord, UserRecord

N_PREVIEWED = 5


@dataclass(frozen=True, slots=True)
class Source:
    """What to read, and how.

    place:  a file, or an https address
    family: of formats; see `recognized`
    """

    place: str
    family: str
    feed_map: FeedMap
    limits: Limits
    currency: str

    @property
    def shown(self) -> str:
        return shown_address(self.place) if is_address(self.place) else self.place


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would read.

    rows:     the first rows of what the feed is about, each by our columns
    counts:   numbers of all valid rows: products, users and interactions
    left_out: how many rows are none of them, by the reason
    """

    rows: list[Mapping[str, str]]
    counts: Mapping[str, int]
    n_problems: int
    left_out: Mapping[str, int]


def import_feed(
    source: Source, *, now: datetime, observer: ImportObserver, options: ImportOptions
) -> ImportSummary:
    """Store the valid rows and return a summary.

    Importing the same feed again changes nothing. Raises the errors of `import_shop`, and UnknownFormat,
    InvalidFeedMap and DownloadFailed.
    """
    with _read(source, observer) as feed:
        if not options.into_existing:
            unreported = FeedShop(feed, source.feed_map, NullObserver(), currency=source.currency, now=now)
            raise_if_another(unreported, source.shown)
        shop = FeedShop(feed, source.feed_map, observer, currency=source.currency, now=now)
        return import_files(shop, now=now, options=options)


def preview(source: Source, *, now: datetime, observer: ImportObserver, options: ImportOptions) -> Preview:
    """Return what `import_feed` would read, after reading all of it and storing nothing."""
    rows: list[Mapping[str, str]] = []
    counts = {"products": 0, "users": 0, "interactions": 0}
    with _read(source, observer) as feed:
        shop = FeedShop(feed, source.feed_map, observer, currency=source.currency, now=now)
        for row in check(shop, options):
            what, cells = _cells(row)
            counts[what] += 1
            if what == feed.format.kind and len(rows) < N_PREVIEWED:
                rows.append(cells)
    return Preview(rows, counts, shop.n_problems, shop.left_out)


@contextmanager
def _read(source: Source, observer: ImportObserver) -> Iterator[FeedFile]:
    """Return the feed with its format, and say which one it is. A download is deleted afterwards."""
    with ExitStack() as stack:
        path = Path(source.place)
        if is_address(source.place):
            directory = stack.enter_context(TemporaryDirectory(prefix="feed-"))
            path = download(source.place, Path(directory), source.limits)
        feed = recognized(path, source.family, source.feed_map)
        observer.noted(feed.name, f"recognized as {feed.title}")
        yield feed


def _cells(row: ProductRecord | UserRecord | EventRecord) -> tuple[str, dict[str, str]]:
    """Return what a row is, and its cells by our columns."""
    if isinstance(row, UserRecord):
        return "users", {"id": row.external_id, "name": row.name or ""}
    if isinstance(row, EventRecord):
        values = (row.user, row.product, row.action_type, format_cell(row.occurred_at), row.event_id or "")
        return "interactions", dict(zip((*EVENTS, EVENT_ID), values, strict=True))
    values_by_key: Mapping[str, object] = {**row}
    known = [column for column in PRODUCTS if column.key in values_by_key]
    return "products", {column.name: format_cell(values_by_key[column.key]) for column in known}
