"""The checker: what may be said of a shopper's recommendations, by the facts."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from recommendations.checker.claims import false_claim
from recommendations.checker.facts import Facts
from recommendations.checker.lexicon import LANGUAGES, REFUSED, Lexicon, lexicon
from recommendations.checker.sentences import Sentence, sentences

VERSION = 1  # part of the identity of checked texts: raise it with each change of what is accepted
MOST_CHARACTERS = 1_000  # without names
MOST_CHARACTERS_WITH_NAMES = 6_000
MOST_SENTENCES = 8
# A text in which one of these fails is refused as a whole: its writer followed others, or made an offer up.
WHOLE = frozenset({"empty", "too_long", "unprintable", "markup", "instructions", "claims", "personal"})

_EMOJI = "👋😊🙂😀😃😄😁😉🎉✨🎧🛒🎁💡👍🌟❤💛💚💙🧡🤗🙌☕📚🏠👀\ufe0f"
_PUNCTUATION = " \n\u00a0\u202f.,;:!?¡¿'’‘\"“”„«»()-–—…&\u25a1"
_CODE = re.compile(
    r"\bwww\.|\w\.[^\W\d_]{2,}|[:.]//|^\s*[-–—•]\s|\s--|\(\)|\w:\w|&\w+;|\d\)|\w_\w", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first check that failed, and the words at fault."""

    check: str
    words: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a text. text: of the accepted sentences, "" if they explain nothing"""

    text: str
    refusals: tuple[Refusal, ...]


def check(text: str, facts: Facts, language: str) -> Refusal | None:
    """Return the first refusal, None for a text of which every sentence is accepted and that explains."""
    checked = accepted(text, facts, language)
    if checked.refusals:
        return checked.refusals[0]
    return None if checked.text else Refusal("empty", text[:80])


def accepted(text: str, facts: Facts, language: str) -> Checked:
    """Return the sentences that hold, in order. Some refusals concern the whole text (WHOLE)."""
    words = lexicon(language)
    if refusal := _whole(text):
        return Checked("", (refusal,))
    found = list(sentences(text, facts, words))
    n_characters = sum(len(sentence.masked) for sentence in found)
    if len(found) > MOST_SENTENCES or n_characters > MOST_CHARACTERS:
        return Checked("", (Refusal("too_long", f"{len(found)} sentences, {n_characters} characters"),))
    refusals: list[Refusal] = []
    kept: list[Sentence] = []
    previous: Sentence | None = None
    for sentence in found:
        refusal = _printable(sentence) or _sentence(sentence, previous, facts, words, language)
        if refusal is None and refusals and previous is None and _refers(sentence):
            refusal = Refusal("reasons", sentence.parts[0].text)
        if refusal is None:
            kept.append(sentence)
            previous = sentence
            continue
        refusals.append(refusal)
        previous = None
        if refusal.check in WHOLE:
            return Checked("", tuple(refusals))
    if not any(_explains(sentence) for sentence in kept):
        return Checked("", tuple(refusals) or (Refusal("empty", text[:80]),))
    return Checked(
        " ".join(sentence.text for sentence in kept) if refusals else text.strip(), tuple(refusals)
    )


def _whole(text: str) -> Refusal | None:
    if not text.strip():
        return Refusal("empty", "")
    if len(text) > MOST_CHARACTERS_WITH_NAMES:
        return Refusal("too_long", f"{len(text)} characters")
    hidden = [
        char
        for char in text
        if char > "\x7f" and char not in "\u200d\ufe0f" and unicodedata.category(char) in _HIDDEN
    ]
    if hidden:
        return Refusal("unprintable", " ".join(f"U+{ord(char):04X}" for char in hidden[:5]))
    if control := [char for char in text if (char < " " and char != "\n") or char == "\x7f"]:
        return Refusal("unprintable", " ".join(f"U+{ord(char):04X}" for char in control[:5]))
    return None


_HIDDEN = frozenset({"Cf", "Cc", "Co", "Cs", "Cn", "Zl", "Zp"})


def _printable(sentence: Sentence) -> Refusal | None:
    """Return a refusal of what is neither a letter, a digit nor the punctuation of a sentence."""
    masked = sentence.masked
    if found := _CODE.search(masked):
        return Refusal("markup", found[0].strip())
    for char in masked:
        if (char.isascii() and char.isalnum()) or char in _PUNCTUATION:
            continue
        if char.isalpha():
            if unicodedata.normalize("NFKC", char) != char:
                return Refusal("unprintable", char)
        elif char not in _EMOJI and not unicodedata.combining(char):
            return Refusal("markup", char)
    if sum(char in _EMOJI for char in masked) > 4:
        return Refusal("markup", "emoji")
    return None


def _sentence(
    sentence: Sentence, previous: Sentence | None, facts: Facts, words: Lexicon, language: str
) -> Refusal | None:
    for classes in REFUSED:
        if wrong := [part.text for part in sentence.parts if classes in part.classes]:
            return Refusal(classes, ", ".join(wrong[:5]))
    unknown = [part.text for part in sentence.parts if not part.is_known]
    if mixed := [word for word in unknown if _scripts(word) > 1]:
        return Refusal("unprintable", mixed[0])
    if unknown:
        return Refusal(_kind_of(sentence, unknown, words, language), ", ".join(unknown[:5]))
    if not sentence.is_ended and not _may_end(sentence):
        return Refusal("unfinished", sentence.text[-40:])
    for check, at_fault in _claims(sentence, previous, facts):
        return Refusal(check, at_fault)
    return None


def _claims(sentence: Sentence, previous: Sentence | None, facts: Facts) -> Iterator[tuple[str, str]]:
    for place, (one, other) in enumerate(pairwise(sentence.parts)):
        if one.is_product and other.is_product:
            yield "names", f"{one.text} {other.text}"
        # The end of a name after another capital may be the name of another product.
        is_short = other.is_product and other.name is not None and not other.name.is_whole
        is_capital = (
            place and not one.mark and one.name is None and one.text[:1].isupper() and one.text != "I"
        )
        if is_short and is_capital and other.text[:1].isupper():
            yield "names", f"{one.text} {other.text}"
    if found := false_claim(sentence.parts, previous.parts if previous else (), facts):
        yield found


def _kind_of(sentence: Sentence, unknown: Sequence[str], words: Lexicon, language: str) -> str:
    """Return the name of the check that unknown words fail."""
    for one, other in pairwise(sentence.parts):
        if "greet" in one.classes and not other.is_known and other.text[:1].isupper():
            return "personal"
        near_name = (one.is_product and not other.is_known) or (other.is_product and not one.is_known)
        if near_name and (other if one.is_product else one).text[:1].isupper():
            return "names"
    known = sum(bool(part.classes) for part in sentence.parts)
    for other_language in LANGUAGES:
        if other_language != language:
            theirs = sum(lexicon(other_language).has(word.casefold()) for word in unknown)
            if theirs > len(unknown) / 2 and len(unknown) > known / 2:
                return "language"
    if any(word[:1].isupper() for word in unknown[1:]):
        return "names"
    return "vocabulary"


def _scripts(word: str) -> int:
    """Return in how many alphabets a word is written."""
    return len({unicodedata.name(char, "?").split(" ")[0] for char in word if char.isalpha()})


def _may_end(sentence: Sentence) -> bool:
    """Return whether a sentence without a full stop is whole: it ends with a whole name or an emoji."""
    last = sentence.parts[-1] if sentence.parts else None
    if last is None or sentence.masked.rstrip()[-1:] in _EMOJI:
        return True
    if last.mark:
        return last.text.endswith((")", '"', "”", "»"))
    return last.name is not None and last.name.is_whole and not last.is_term


def _refers(sentence: Sentence) -> bool:
    """Return whether a sentence begins with "it" or "that is why", so that it needs the one before it."""
    return any(
        part.classes & {"it", "so", "these"} and not part.classes & {"plain", "greet"}
        for part in sentence.parts[:2]
    )


def _explains(sentence: Sentence) -> bool:
    """Return whether a sentence says something of the list: more than a greeting."""
    said = {"show", "these", "taste", "popular", "trending", "together", "similar", "again"}
    return any(part.is_product or part.is_term or part.classes & said for part in sentence.parts)
