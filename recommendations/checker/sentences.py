"""Sentences as lists of parts: names, words with what they say, numbers and punctuation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from recommendations.checker.facts import Facts
from recommendations.checker.lexicon import Lexicon
from recommendations.checker.names import WORD, Name, Role, folded

# Abbreviations whose full stops end no sentence, without these.
_ABBREVIATIONS = re.compile(
    r"\b(?:z\. ?B|d\. ?h|u\. ?a|e\.g|i\.e|p\. ?ex|p\. ?ej|etc|usw|bzw|vs|Mr|Mrs|Ms|Dr|Sr|Sra)\.",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?…\n]")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a sentence.

    text:    as it was written, for staff
    name:    the name that it is, None for other parts
    classes: what the words of the vocabulary say, empty for unknown words
    number:  its value if it is a number
    mark:    punctuation, "" for words
    """

    text: str
    name: Name | None = None
    classes: frozenset[str] = frozenset()
    number: float | None = None
    mark: str = ""

    @property
    def is_product(self) -> bool:
        return self.name is not None and self.name.role is Role.PRODUCT

    @property
    def is_term(self) -> bool:
        return self.name is not None and self.name.role is Role.TERM

    @property
    def is_known(self) -> bool:
        """Whether it is anything else than an unknown word."""
        return bool(self.name is not None or self.classes or self.number is not None or self.mark)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence. text: as it was written; masked: with its names left out"""

    text: str
    masked: str
    parts: tuple[Part, ...]
    is_ended: bool


def sentences(text: str, facts: Facts, words: Lexicon) -> Iterator[Sentence]:
    """Yield the sentences of a text. Full stops within names and abbreviations end none."""
    names = facts.names
    plain = names.masked(text)
    if plain == text:
        source, original = text, None
    else:
        source, original = plain, {mark: name for name, mark in names.marks}
    found = list(WORD.finditer(source))
    tokens = [folded(match[0]) for match in found]
    n = len(tokens)
    parts: list[Part] = []
    masked: list[str] = []
    begin = last_end = 0
    i = 0
    while i < n:
        yielded, begin = _gap(source, last_end, found[i].start(), begin, parts, masked, original)
        if yielded is not None:
            yield yielded
            parts, masked = [], []
        length, part, shown = _part(source, found, tokens, i, facts, words, not parts)
        parts.append(part)
        masked.append(shown)
        last_end = found[i + length - 1].end()
        i += length
    yielded, begin = _gap(source, last_end, len(source), begin, parts, masked, original)
    if yielded is not None:
        yield yielded
        parts, masked = [], []
    if parts or "".join(masked).strip():
        yield Sentence(_shown(source[begin:], original), "".join(masked), tuple(parts), False)


def _shown(text: str, original: dict[str, str] | None) -> str:
    if original is not None:
        text = "".join(original.get(char, char) for char in text)
    return text.strip()


def _gap(
    source: str,
    start: int,
    end: int,
    begin: int,
    parts: list[Part],
    masked: list[str],
    original: dict[str, str] | None,
) -> tuple[Sentence | None, int]:
    """Add the punctuation between two words. Return the sentence that it ends, and where the next begins."""
    gap = source[start:end]
    if gap in (" ", "", "-", "'", "’"):
        masked.append(gap)
        return None, begin
    ended = None
    for found in _END.finditer(gap):
        ended = found
    abbreviated = (
        ended is not None
        and gap[: ended.end()] == "."
        and _ABBREVIATIONS.search(source[max(0, start - 6) : start + 1])
    )
    # A full stop without a space is no end: it may be an address.
    if ended is not None and not abbreviated and (end == len(source) or gap[ended.end() :][:1] in _AFTER_END):
        closing = ended.end()
        while closing < len(gap) and gap[closing] in "\"'”’»)":
            closing += 1
        masked.append(gap[:closing])
        parts.append(Part(gap[:closing], mark="."))
        cut = start + closing
        sentence = Sentence(_shown(source[begin:cut], original), "".join(masked), tuple(parts), True)
        masked.clear()
        masked.append(gap[closing:])
        if len(parts) == 1:  # only punctuation
            return sentence if sentence.masked.strip() and sentence.text.strip(".!?… \n") else None, cut
        return sentence, cut
    masked.append(gap)
    mark = next((char for char in gap if char in ":;,–—-(.?!"), "")
    if (mark and mark != "-") or " - " in gap:
        parts.append(Part(gap.strip(), mark=":" if mark in "–—-.?!" else mark))
    return None, begin


_AFTER_END = ("", " ", "\n", '"', "'", "”", "’", "»", ")", "\u00a0", "\u202f", "¡", "¿")


def _part(
    source: str,
    found: list[re.Match[str]],
    tokens: list[str],
    i: int,
    facts: Facts,
    words: Lexicon,
    is_first: bool,
) -> tuple[int, Part, str]:
    """Return the number of words, the part, and what is left of it without names."""
    name = facts.names.at(tokens, i)
    known = words.at(tokens, i)
    if (
        name is not None
        and (known is None or known[0] <= name[0])
        and not _is_common(name[1], known, found[i][0], is_first)
    ):
        length, entry = name
        classes = known[1] if known and known[0] == length and entry.role is Role.TERM else frozenset()
        return length, Part(source[found[i].start() : found[i + length - 1].end()], entry, classes), "\u25a1"
    text = found[i][0]
    if known is not None:
        length, classes = known
        text = source[found[i].start() : found[i + length - 1].end()]
        return (
            length,
            Part(text, classes=classes, number=words.numbers.get(tokens[i]) if length == 1 else None),
            text,
        )
    if tokens[i] in words.numbers:
        return 1, Part(text, number=float(words.numbers[tokens[i]])), text
    if tokens[i][0].isdigit():
        try:
            return 1, Part(text, number=float(tokens[i].replace(",", "."))), text
        except ValueError:
            return 1, Part(text, number=-1.0), text
    return 1, Part(text), text


def _is_common(name: Name, known: tuple[int, frozenset[str]] | None, written: str, is_first: bool) -> bool:
    """Return whether a tag or the end of a name is an ordinary word here: "love", "matches"."""
    if known is None or (name.is_whole and name.role is not Role.TERM):
        return False
    return not written[:1].isupper() or (is_first and not name.is_whole)
