"""Tables of any shop, whose columns the file of `--map` names."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from catalog.importing.feeds.feed_map import KINDS, FeedMap, InvalidFeedMap
from catalog.importing.feeds.rows import MappedRow, Rows, column_key, joined
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
    named = {
        name: column_key(feed_map.columns.get(name, name)) for name in KINDS[feed_map.kind or "products"]
    }
    origin = {name: column for name, column in named.items() if column in columns}
    for row in rows:
        cells = {name: row.text(column) for name, column in origin.items()}
        if "tags" in cells:
            tags = cells["tags"].split(feed_map.tag_separator)
            cells["tags"] = joined([tag for part in tags if (tag := part.strip())])
        if "category" in cells:
            levels = cells["category"].split(feed_map.category_separator)
            cells["category"] = " > ".join(level.strip() for level in levels)
        yield MappedRow(row.line, cells, origin)
