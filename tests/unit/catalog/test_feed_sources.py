"""Tests of the readers of feeds: items in XML, tables, and files made to do harm."""

import gzip
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.importing.feeds.rows import SourceRow
from catalog.importing.feeds.sources import XmlRows
from catalog.importing.feeds.xml import MAX_ITEM_BYTES
from tests.feeds import FEEDS
from tests.notebook import Notebook

RSS = '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'
ITEM = "<item><g:id>1</g:id><title>Mug</title></item>"
END = "</channel></rss>"


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def read(tmp_path: Path, notebook: Notebook) -> Callable[..., list[SourceRow]]:
    def read(content: str | bytes, name: str = "feed.xml") -> list[SourceRow]:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return list(XmlRows(tmp_path / name, notebook))

    return read


def resident_bytes() -> int:
    """Return the memory of this process, with what C libraries hold."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class TestXmlRows:
    def test_reads_items_of_rss_with_their_lines(self, notebook):
        rows = list(XmlRows(FEEDS / "google_rss.xml", notebook))

        assert [(row.line, row.text("id")) for row in rows] == [(7, "TEE-RED-M"), (30, "MUG"), (40, "LAMP")]
        assert notebook.told == []

    def test_reads_entries_of_atom(self, notebook):
        (row,) = XmlRows(FEEDS / "google_atom.xml", notebook)

        assert (row.text("id"), row.text("title")) == ("MUG", "Stoneware mug")
        assert row.text("link") == "https://shop.example/mug"

    def test_takes_the_first_of_several_elements_of_a_name(self, read):
        (row,) = read(
            f"{RSS}<item><g:product_type>A</g:product_type><g:product_type>B</g:product_type></item>{END}"
        )

        assert row.text("product type") == "A"

    def test_reads_a_prefix_that_is_not_declared(self, read):
        (row,) = read("<rss><channel><item><g:id>1</g:id></item></channel></rss>")

        assert row.text("id") == "1"

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
    def test_reads_every_declared_encoding(self, read, encoding):
        declared = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16"}.get(encoding, "windows-1252")
        text = f'<?xml version="1.0" encoding="{declared}"?>{RSS}<item><title>Bügel</title></item>{END}'

        (row,) = read(text.encode(encoding))

        assert row.text("title") == "Bügel"

    def test_reads_a_packed_file_of_one_line(self, read, notebook):
        rows = read(gzip.compress(f"{RSS}{ITEM * 20_000}{END}".encode()), "feed.xml.gz")

        assert (len(rows), notebook.told) == (20_000, [])

    def test_says_where_it_is_not_well_formed_and_keeps_what_precedes(self, read, notebook):
        rows = read(f"{RSS}\n{ITEM}\n<item><title>Salt & Pepper</title></item>{END}")

        assert len(rows) == 1
        (problem,) = notebook.told
        assert problem.startswith("feed.xml, line 3: is not well-formed XML:")
        assert problem.endswith("; the rest is not read")

    @pytest.mark.parametrize("content", ["<rss/>", "<feed></feed>"])
    def test_says_that_there_are_no_items(self, read, notebook, content):
        assert read(content) == []
        assert notebook.told == ["feed.xml: has no <item> and no <entry>; it is no product feed"]

    def test_says_that_a_packed_file_is_truncated(self, read, notebook):
        read(gzip.compress(f"{RSS}{ITEM}{END}".encode())[:-9], "feed.xml.gz")

        assert "truncated" in notebook.told[0]


class TestHostileXml:
    @pytest.mark.parametrize(
        "declared",
        [
            '<!ENTITY x SYSTEM "file:///etc/passwd">',
            '<!ENTITY x SYSTEM "http://127.0.0.1:9/x">',
            '<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;',
            '<!ENTITY x "ha">',
        ],
    )
    def test_reads_no_file_with_a_document_type(self, read, notebook, declared):
        rows = read(f"<!DOCTYPE rss [{declared}]>{RSS}<item><title>a</title></item>{END}")

        assert rows == []
        assert notebook.told == ["feed.xml: has a <!DOCTYPE>, which no feed needs; remove it"]

    def test_expands_no_entities(self, read, notebook):
        laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
        items = '<rss a="&l11;"><item><title>&l11;</title></item></rss>'
        document = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}]>{items}'
        before = resident_bytes()

        rows = read(document)

        assert rows == []
        assert resident_bytes() - before < 20_000_000

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (
                f"{RSS}<item><title>{'x' * (MAX_ITEM_BYTES + 100_000)}</title></item>{END}",
                "without the end of an item",
            ),
            (f"{RSS}{'<junk/>' * 700_000}{ITEM}{END}", "without the end of an item"),
            ("<a>" * 100_000, "not well-formed XML: Excessive depth"),
            (f"<rss {'a' * 1_000}='{'x' * 11_000_000}'/>", "feed.xml"),
        ],
        ids=["field", "junk", "depth", "attribute"],
    )
    def test_stops_at_what_is_too_large(self, read, notebook, content, message):
        assert read(content) == []
        assert message in notebook.told[0]

    def test_forgets_what_it_has_read(self, tmp_path, notebook):
        path = tmp_path / "feed.xml"
        item = f"</channel><channel><item><title>{'M' * 20_000}</title></item>"
        path.write_text(f"{RSS}{item * 3_000}{END}")
        before = resident_bytes()

        held = [resident_bytes() for n, _ in enumerate(XmlRows(path, notebook)) if n % 100 == 0]

        assert len(held) == 30
        assert max(held) - before < 30_000_000  # the file has 60 MB

    def test_stops_at_a_gzip_bomb(self, tmp_path, notebook):
        path = tmp_path / "feed.xml.gz"
        with gzip.open(path, "wb") as file:
            for _ in range(80):
                file.write(f"{RSS if not file.tell() else ''}{ITEM * 20}{' ' * 999_000}".encode())

        n_rows = sum(1 for _ in XmlRows(path, notebook))

        assert 0 < n_rows < 1_600
        assert "expands to more than" in notebook.told[0]
