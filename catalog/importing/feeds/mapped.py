"""Tables of any shop, whose columns the file of `--map` names."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from catalog.importing.feeds.feed_map import KINDS, FeedMap, InvalidFeedMap
from catalog.importing.feeds.rows import MappedRow, Rows, column_key
from core.text import cut

# Without them a row says nothing.
_NEEDED = {
    "products": ("id", "name", "price"),
    "users": ("id",),
    "interactions": ("user_id", "product_id", "action_type", "created_at"),
}


def check_columns(feed_map: FeedMap, header: Sequence[str]) -> None:
    """Raise InvalidFeedMap if the map names a column that is not there, or a needed one is not given."""
    keys = {column_key(name): name for name in header}
    for ours, name in feed_map.columns.items():
        if column_key(name) not in keys:
            near = get_close_matches(column_key(name), keys, n=1)
            hint = f"did you mean {keys[near[0]]!r}?" if near else f"its columns are {', '.join(header[:30])}"
            raise InvalidFeedMap(
                f"The feed has no column {cut(name)!r}, which the map gives for {ours}; {hint}"
            )
    for ours in _NEEDED.get(feed_map.kind or "", ()):
        if not (ours in feed_map.columns or ours in feed_map.constants or column_key(ours) in keys):
            raise InvalidFeedMap(
                f'The map gives no {ours}: write {ours} = "…" below [columns], with a column of the feed, '
                f"or below [constants]; its columns are {', '.join(header[:30])}."
            )


def mapped(rows: Rows, feed_map: FeedMap) -> Iterator[MappedRow]:
    """Yield the rows with the columns that the map names, and those that have our own names."""
    columns = set(rows.columns)
    keys = {name: column_key(name) for name in KINDS[feed_map.kind or "products"]} | dict(feed_map.keys)
    origin = {name: key for name, key in keys.items() if key in columns}
    for row in rows:
        cells = {name: feed_map.cell(name, row.text(key)) for name, key in origin.items()}
        yield MappedRow(row.line, cells, origin)
