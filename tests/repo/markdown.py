"""Markdown files of the repository: their links, and the anchors of their headings."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?^ {0,3}\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$", re.MULTILINE
)
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


def pages() -> list[Path]:
    """Return every Markdown file that is part of the project."""
    folders = ("docs", "data", ".github")
    return sorted([*ROOT.glob("*.md"), *(page for name in folders for page in (ROOT / name).rglob("*.md"))])


def links(text: str) -> Iterator[str]:
    """Yield the target of every link to a file or an anchor; links to other hosts are left out."""
    prose = _CODE.sub("", _without_blocks(text))
    for match in _LINK.finditer(prose):
        target = match[1] or match[2]
        if not _EXTERNAL.match(target):
            yield target


def anchors(text: str) -> set[str]:
    """Return the anchor of every heading, as GitHub makes them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in _HEADING.findall(_without_blocks(text)):
        shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def broken_links(page: Path, text: str) -> list[str]:
    """Return the links of the page that lead to no file of the project, or to no heading of it."""
    return [link for link in links(text) if not _leads_somewhere(page, text, link)]


def _leads_somewhere(page: Path, text: str, link: str) -> bool:
    path, _, anchor = link.partition("#")
    if not path:
        return anchor in anchors(text)
    target = (page.parent / path).resolve()
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target.read_text()))


def _without_blocks(text: str) -> str:
    return _COMMENT.sub("", _FENCE.sub("", text))
