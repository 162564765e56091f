"""Names in a text: found word by word, whatever their case and accents."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

WORD = re.compile(r"\d+(?:[.,]\d+)*(?!\w)|[^\W_]+|[\ue000-\uf8ff]")
# Characters that no sentence has outside names: a name with one of them is looked for as it is.
_ODD = re.compile(r"[^\w\s'’,.&()!?:;/\-–]|_|%|\.\S|[.!?:;]\s")
_SHORTEST = 3  # letters of a word that may stand for the name that it ends
_FIRST_MARK = 0xE000


class Role(IntEnum):
    """What a name names."""

    PRODUCT = 0
    TERM = 1  # a category or a tag
    USER = 2


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """Return the text without case and accents."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def words_of(text: str) -> tuple[str, ...]:
    """Return the folded words of a text."""
    return tuple(folded(word) for word in WORD.findall(text))


def key_of(name: str) -> str:
    """Return what two spellings of a name have in common."""
    return " ".join(words_of(name)) or folded(name.strip())


@dataclass(frozen=True, slots=True)
class Name:
    """A name that was found. keys: of all names that it may stand for; is_whole: not only the end of one"""

    role: Role
    keys: frozenset[str]
    is_whole: bool


class NamePhrases:
    """The names that a text may contain, and the ends of products' names, by their first word."""

    def __init__(self, names: Iterable[tuple[Role, str]]) -> None:
        whole: dict[tuple[str, ...], tuple[Role, set[str]]] = {}
        short: dict[tuple[str, ...], set[str]] = {}
        self.marks: list[tuple[str, str]] = []
        for role, name in dict.fromkeys(names):
            words, key = words_of(name), key_of(name)
            if not key:
                continue
            if _ODD.search(name) or not words:
                mark = chr(_FIRST_MARK + len(self.marks))
                self.marks.append((name.strip(), mark))
                whole.setdefault((mark,), (role, set()))[1].add(key)
            if words:
                whole.setdefault(words, (role, set()))[1].add(key)
            if role is Role.PRODUCT:
                for start in range(1, len(words)):
                    if len(words[start]) >= _SHORTEST and words[start].isalpha():
                        short.setdefault(words[start:], set()).add(key)
            elif role is Role.USER:
                for word in words:
                    whole.setdefault((word,), (role, set()))[1].add(key)
        self.marks.sort(key=lambda mark: -len(mark[0]))
        self._by_first: dict[str, list[tuple[tuple[str, ...], Name]]] = {}
        for words, (role, keys) in whole.items():
            self._add(words, Name(role, frozenset(keys), True))
        for words, keys in short.items():
            if words not in whole:
                self._add(words, Name(Role.PRODUCT, frozenset(keys), False))
        for found in self._by_first.values():
            found.sort(key=lambda entry: -len(entry[0]))

    def masked(self, text: str) -> str:
        """Return the text with one private character for each name that no sentence could contain."""
        for name, mark in self.marks:
            text = text.replace(name, mark)
        return text

    def at(self, words: Sequence[str], start: int) -> tuple[int, Name] | None:
        """Return the number of words and the name of the longest name that begins there."""
        for first in _forms(words[start]):
            for phrase, name in self._by_first.get(first, ()):
                length = len(phrase)
                if tuple(words[start + 1 : start + length - 1]) != phrase[1:-1]:
                    continue
                if length == 1 or (
                    start + length <= len(words) and phrase[-1] in _forms(words[start + length - 1])
                ):
                    if length == 1 and first != words[start] and len(first) < _SHORTEST:
                        continue
                    return length, name
        return None

    def _add(self, words: tuple[str, ...], name: Name) -> None:
        self._by_first.setdefault(words[0], []).append((words, name))


def _forms(word: str) -> tuple[str, ...]:
    """Return the word, and its other number: "mugs" for "mug" and the reverse."""
    return (word, word[:-1]) if word.endswith("s") else (word, f"{word}s")
