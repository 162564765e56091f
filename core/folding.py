"""Folding: the form of a text in which search compares it, without case and accents."""

import re
import unicodedata

from core.text import normalized

# Letters that Unicode does not decompose, though people take the stroke or the missing dot for an accent.
_PLAIN = {
    "ı": "i",
    "ø": "o",
    "đ": "d",
    "ł": "l",
    "ħ": "h",
    "ŧ": "t",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
}
# Combining classes of marks that search ignores: overlays, nukta, the points of Hebrew, Arabic and Syriac,
# and everything attached to, above or below a letter. Vowel signs, viramas and tone marks of Indic scripts
# and of Thai, and the voicing marks of kana, make another letter; they stay.
_ACCENTS = frozenset([1, 7, *range(10, 37), *range(200, 241)])
# Invisible, though not of the category of format characters: fillers, variation selectors, tags.
_FILLERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)


def fold(text: str) -> str:
    """Return the text as search compares it; folding a folded text changes nothing.

    - compatibility forms become plain: `ﬁ` is `fi`, `²` is `2`, full-width letters are ASCII (NFKD)
    - accents go, and strokes: `é` is `e`, `ё` is `е`, `й` is `и`, `ł` is `l`, `أ` is `ا`
    - case goes: `ß` is `ss`, `ς` is `σ`, `İ` and `ı` are `i`
    - invisible characters go, and white space of any kind and length becomes one space
    - Hangul, kana with their voicing marks, and vowel signs of Indic scripts and Thai stay as they are (NFC)
    """
    if not text.isascii():
        text = normalized("NFKD", normalized("NFKD", text).casefold())
        text = normalized("NFC", text.translate(_folded))
    else:
        text = text.lower().translate(_folded)
    return " ".join(text.split())


class _Folded(dict[int, str | int | None]):
    """The folded form of each character met so far, None for those that go; for `str.translate`."""

    def __missing__(self, code: int) -> str | int | None:
        self[code] = found = self._of(chr(code))
        return found

    def _of(self, character: str) -> str | int | None:
        if unicodedata.combining(character) in _ACCENTS or _FILLERS.match(character):
            return None
        category = unicodedata.category(character)
        if category in ("Cf", "Cs") or (category == "Cc" and not character.isspace()):
            return None
        return _PLAIN.get(character, ord(character))


_folded = _Folded()
