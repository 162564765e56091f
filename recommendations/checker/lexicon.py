"""The words that a sentence may contain, by what they say, for each language."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from recommendations.checker.names import words_of

LANGUAGES = ("en", "de", "fr", "es")
_FOLDER = Path(__file__).parent / "words"
# Words of these classes are refused, by the check of that name.
REFUSED = ("claims", "instructions", "personal")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The vocabulary of a language. phrases: by first word, longest first, with classes; numbers: words"""

    phrases: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]]
    numbers: dict[str, int]

    def at(self, words: Sequence[str], start: int) -> tuple[int, frozenset[str]] | None:
        """Return the number of words and the classes of the longest phrase that begins there."""
        for phrase, classes in self.phrases.get(words[start], ()):
            if tuple(words[start : start + len(phrase)]) == phrase:
                return len(phrase), classes
        return None

    def has(self, word: str) -> bool:
        """Return whether the word alone is in the vocabulary."""
        return any(len(phrase) == 1 for phrase, _ in self.phrases.get(word, ()))


@cache
def lexicon(language: str) -> Lexicon:
    """Return the vocabulary. Raises ValueError for a language without one.

    Each line of its file holds a class and phrases: "buy: bought, picked up". A line may go on in the next
    one, indented. Lines that begin with # are comments.
    """
    if language not in LANGUAGES:
        raise ValueError(f"There is no vocabulary of {language!r}; there is one of {', '.join(LANGUAGES)}.")
    classes: dict[tuple[str, ...], set[str]] = {}
    numbers: dict[str, int] = {}
    lines = (_FOLDER / f"{language}.txt").read_text(encoding="utf-8").replace("\n ", " ").splitlines()
    for line in lines:
        if not line or line.startswith("#"):
            continue
        name, _, phrases = line.partition(":")
        for phrase in filter(None, (part.strip() for part in phrases.split(","))):
            if name == "numbers":
                word, _, value = phrase.partition("=")
                numbers[words_of(word)[0]] = int(value)
            else:
                classes.setdefault(words_of(phrase), set()).add(name)
    phrases_by_first: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]] = {}
    for words, names in classes.items():
        phrases_by_first.setdefault(words[0], []).append((words, frozenset(names)))
    for found in phrases_by_first.values():
        found.sort(key=lambda entry: -len(entry[0]))
    return Lexicon(phrases_by_first, numbers)
