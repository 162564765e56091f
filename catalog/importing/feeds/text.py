"""Plain text from the HTML of product descriptions."""

import html
import threading

from lxml import etree

# What a browser does not show as text.
_HIDDEN = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "title"})
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "caption",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tr",
        "ul",
    ]
)


class _Text:
    """Receiver of the parser's events, for one text after another. A block begins a new line and ends it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._n_hidden = 0

    def start(self, tag: str, _: object) -> None:
        if tag in _HIDDEN:
            self._n_hidden += 1
        self._separate(tag)

    def end(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._n_hidden -= 1
        self._separate(tag)

    def _separate(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._parts.append("\n")
        elif tag in ("td", "th"):
            self._parts.append(" ")

    def data(self, text: str) -> None:
        if not self._n_hidden:
            self._parts.append(text)

    def close(self) -> str:
        parts, self._parts, self._n_hidden = self._parts, [], 0
        lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
        return "\n".join(line for line in lines if line)


class _Parser(threading.local):
    """The parser of a thread. Making one takes longer than reading a description."""

    def __init__(self) -> None:
        # Events instead of a tree: nothing is lost that is nested deeply, or long.
        self.html = etree.HTMLParser(target=_Text(), encoding="utf-8", huge_tree=True, no_network=True)


_parser = _Parser()


def text_of(markup: str) -> str:
    """Return the text of some HTML: a line for each block, entities decoded, without scripts and styles.

    Text without markup stays as it is.
    """
    if "<" not in markup and "&" not in markup:
        return markup.strip()
    _parser.html.feed(markup.encode("utf-8", "replace"))
    text: str = _parser.html.close()
    return text


def line_of(text: str) -> str:
    """Return a name with its entities decoded: "Salt & Pepper" for "Salt &amp; Pepper"."""
    return " ".join(html.unescape(text).split()) if "&" in text else text.strip()


def url_of(text: str) -> str:
    """Return the URL with https where it begins with // only, and with its spaces encoded."""
    text = text.strip().replace(" ", "%20")
    return f"https:{text}" if text.startswith("//") else text
