"""Fixed sentences: notes on lists, and explanations limited to the evidence."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Self

from recommendations.engine.reasons import ReasonKind, exhaustive
from recommendations.explainers.base import (
    Evidence,
    Explanation,
    Finding,
    Source,
    Suggestion,
    may_mention,
)
from recommendations.explainers.behaviour import last_name
from recommendations.explainers.checked import spoken

NAMES_SHOWN = 3
INTERESTS_SHOWN = 5
ORIGINS_SHOWN = 3
INTERESTS = (ReasonKind.CATEGORY, ReasonKind.TAG)


class _Topic(IntEnum):
    """Topics of sentences, in the order of the text."""

    INTEREST = 0
    BECAUSE = 1
    TOGETHER = 2
    SIMILAR = 3
    AGAIN = 4
    TRENDING = 5
    POPULAR = 6


# The topic of each kind of reason; None for a kind without a sentence.
_TOPICS = exhaustive(
    ReasonKind,
    {
        ReasonKind.CATEGORY: _Topic.INTEREST,
        ReasonKind.TAG: _Topic.INTEREST,
        ReasonKind.BECAUSE: _Topic.BECAUSE,
        ReasonKind.TOGETHER: _Topic.TOGETHER,
        ReasonKind.LIFT: _Topic.TOGETHER,
        ReasonKind.SIMILAR: _Topic.SIMILAR,
        ReasonKind.BOUGHT: _Topic.AGAIN,
        ReasonKind.DUE: _Topic.AGAIN,
        ReasonKind.TRENDING: _Topic.TRENDING,
        ReasonKind.POPULAR: _Topic.POPULAR,
        ReasonKind.REST: None,
    },
)

_PLACE = " in this selection"
# {place} is filled in when filters limit the request to a part of the shop.
_NOTES = exhaustive(
    Finding,
    {
        Finding.FOUND: "",
        Finding.NO_MODEL: "We cannot match products to your taste just now",
        Finding.NO_HISTORY: "We do not know your taste yet",
        Finding.NOTHING_POPULAR: "Nothing{place} that is new to you is popular yet",
        Finding.NOTHING_TRENDING: "Nothing{place} that is new to you is trending now",
        Finding.NO_FAVOURITES: "Nothing{place} that is new to you matches your favourites yet",
        Finding.NOTHING_RELATED: "We have no personal picks for you{place} yet",
    },
)


class TemplateExplainer:
    """Explainer without options or servers, and the fallback of all other explainers."""

    source = Source.TEMPLATE
    concurrency = 1
    identity = "template"
    is_resting = False

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        """Return the explainer. Raises ValueError if any option is given."""
        if options:
            raise ValueError(f"the template explainer takes no options; it was given {', '.join(options)}.")
        return cls()

    def explain(self, evidence: Evidence) -> Explanation:
        """Return a greeting and one sentence for each topic of the evidence.

        A name that no text may repeat is left out, and a product with one is called by its category.
        """
        evidence = spoken(evidence)
        name = evidence.user_name
        greeting = f"Hi {name}!" if name else "Hi!"
        return Explanation(" ".join([greeting, *_sentences(evidence)]), self.source)


def list_note(evidence: Evidence) -> str:
    """Return why the fallback filled the list, or why it is empty, as a sentence without its full stop.

    "" if the strategy found products.
    """
    place = _PLACE if evidence.is_narrowed else ""
    if evidence.suggestions:
        return _NOTES[evidence.finding].format(place=place)
    new = "more" if evidence.is_continued else "new"
    return f"We have nothing {new}{place} to recommend to you right now"


def _sentences(evidence: Evidence) -> list[str]:
    note = list_note(evidence)
    if not evidence.suggestions:
        return [f"{note}."]
    about = _by_topic(evidence.suggestions)
    sentences = _personal_sentences(about)
    trending, popular = about[_Topic.TRENDING], about[_Topic.POPULAR]
    if sentences or not note:
        if trending:
            sentences.append(f"Trending now: {_names(trending)}.")
        if popular:
            sentences.append(f"Popular with other shoppers: {_names(popular)}.")
        return sentences or [f"Here is something from our range: {_names(evidence.suggestions)}."]
    if trending:
        return [f"{note}, so here is what is trending now: {_names(trending)}."]
    if popular:
        return [f"{note}, so here is what is popular with other shoppers: {_names(popular)}."]
    return [f"{note}, so here is something from our range: {_names(evidence.suggestions)}."]


def _personal_sentences(about: Mapping[_Topic, Sequence[Suggestion]]) -> list[str]:
    """Return the sentences about products with a personal reason, neither popularity nor trend."""
    sentences = []
    if matched := about[_Topic.INTEREST]:
        interests = _interests(matched)[:INTERESTS_SHOWN]
        picked = [suggestion for suggestion in matched if _words(suggestion) & set(interests)]
        sentences.append(
            f"Based on your interest in {_listed(interests)}, we picked {_names(picked or matched)} for you."
        )
    if because := about[_Topic.BECAUSE]:
        origins, chosen = _origins(because, ReasonKind.BECAUSE)
        sentences.append(
            f"Shoppers who viewed or bought {_listed(origins)}, as you did, also chose {_names(chosen)}."
        )
    if together := about[_Topic.TOGETHER]:
        sentences.append(f"Often bought together with products in your last basket: {_names(together)}.")
    if similar := about[_Topic.SIMILAR]:
        origins, alike = _origins(similar, ReasonKind.SIMILAR)
        sentences.append(f"Similar to {_listed(origins)}: {_names(alike)}.")
    if again := about[_Topic.AGAIN]:
        sentences.append(f"From your past purchases: {_names(again)}.")
    return sentences


def _by_topic(suggestions: Sequence[Suggestion]) -> Mapping[_Topic, list[Suggestion]]:
    """Return the suggestions by topic. Each belongs to the topic of its reason with the most points.

    Ties go to the topic that comes first.
    """
    about: dict[_Topic, list[Suggestion]] = {topic: [] for topic in _Topic}
    for suggestion in suggestions:
        weighed = [
            (reason.points, -topic)
            for reason in suggestion.reasons
            if (topic := _TOPICS[reason.kind]) is not None and may_mention(reason)
        ]
        if weighed:
            _, place = max(weighed)
            about[_Topic(-place)].append(suggestion)
    return about


def _origins(suggestions: Sequence[Suggestion], kind: ReasonKind) -> tuple[list[str], list[Suggestion]]:
    """Return the names that reasons of the kind refer to, most points first, and the suggestions with one."""
    origins = _heaviest(
        (reason.name or "", reason.points)
        for suggestion in suggestions
        for reason in suggestion.reasons
        if reason.kind is kind and may_mention(reason)
    )[:ORIGINS_SHOWN]
    found = [
        suggestion
        for suggestion in suggestions
        if any(reason.kind is kind and reason.name in origins for reason in suggestion.reasons)
    ]
    return origins, found


def _words(suggestion: Suggestion) -> set[str]:
    """Return the categories and tags that are reasons for it."""
    return {
        last_name(str(reason.value)) if reason.kind is ReasonKind.CATEGORY else str(reason.value)
        for reason in suggestion.reasons
        if reason.kind in INTERESTS and reason.points > 0
    }


def _interests(suggestions: Sequence[Suggestion]) -> list[str]:
    """Return the categories, then the tags, that the reasons name, each word once.

    Within each kind, those with the highest sum of points come first: with equal points, the most frequent.
    """
    words: dict[str, str] = {}
    for kind in INTERESTS:
        found = _heaviest(
            (
                last_name(str(reason.value)) if kind is ReasonKind.CATEGORY else str(reason.value),
                reason.points,
            )
            for suggestion in suggestions
            for reason in suggestion.reasons
            if reason.kind is kind and reason.points > 0
        )
        for word in found:
            words.setdefault(word.casefold(), word)
    return list(words.values())


def _heaviest(points: Iterable[tuple[str, int]]) -> list[str]:
    """Return the distinct words by their sums of points, highest first; ties in the given order."""
    sums: Counter[str] = Counter()
    for word, n in points:
        sums[word] += n
    return [word for word, _ in sums.most_common()]


def _names(suggestions: Sequence[Suggestion]) -> str:
    shown = [suggestion.name for suggestion in suggestions[:NAMES_SHOWN]]
    rest = len(suggestions) - len(shown)
    return _listed([*shown, f"{rest} more"] if rest else shown)


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
