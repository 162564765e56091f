"""The items of a Google Merchant feed in XML (RSS 2.0 or Atom), read as a stream."""

from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from catalog.importing.feeds.rows import SourceRow, column_key
from catalog.importing.lines import MIB, LimitExceeded

# Of one item, and of anything else before the next item; it is also the most that is held in memory.
MAX_ITEM_BYTES = 4 * MIB
_GOOGLE = "base.google.com/ns/"
_ITEMS = ("{*}item", "{*}entry")


class DoctypeFound(Exception):
    """The file has a document type, which can define entities and name other files; feeds have none."""

    def __init__(self) -> None:
        super().__init__("has a <!DOCTYPE>, which no feed needs; remove it")


class _Counted:
    """A stream that counts the bytes read since the last item."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.n_bytes = 0

    def read(self, size: int = -1) -> bytes:
        if self.n_bytes > MAX_ITEM_BYTES:
            raise LimitExceeded(f"more than {MAX_ITEM_BYTES:,} bytes without the end of an item")
        chunk = self._stream.read(size)
        self.n_bytes += len(chunk)
        return chunk


def items(stream: IO[bytes]) -> Iterator[SourceRow]:
    """Yield each <item> or <entry> with the texts of its elements, in order.

    An element in Google's namespace counts before one of the same name without it, and the first of several
    before the others. Entities of the file, other files and the network are not read.
    Raises etree.XMLSyntaxError, LimitExceeded and DoctypeFound. Holds one item in memory.
    """
    counted = _Counted(stream)
    found = etree.iterparse(
        counted, tag=_ITEMS, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    is_checked = False
    for _, element in found:
        if not is_checked and element.getroottree().docinfo.doctype:
            raise DoctypeFound
        is_checked = True
        yield SourceRow(element.sourceline, _texts(element))
        _forget(element)
        counted.n_bytes = 0
    if not is_checked and found.root is not None and found.root.getroottree().docinfo.doctype:
        raise DoctypeFound


def _texts(item: Any) -> dict[str, str]:
    plain: dict[str, str] = {}
    google: dict[str, str] = {}
    for element in item.iterchildren(tag=etree.Element):
        namespace, _, local = element.tag.rpartition("}")
        prefix, _, name = local.rpartition(":")  # of a namespace that is not declared
        texts = google if _GOOGLE in namespace or prefix == "g" else plain
        text = element.text if len(element) == 0 else "".join(element.itertext())
        if text is None and name == "link":  # of Atom
            text = element.get("href")
        if text and text.strip():
            texts.setdefault(column_key(name), text)
    return plain | google


def _forget(item: Any) -> None:
    """Drop the item, and what precedes it and the elements that it is in."""
    item.clear()
    for element in (item, *item.iterancestors()):
        parent = element.getparent()
        while parent is not None and parent[0] is not element:
            del parent[0]
