"""Words the evidence with sentences of our own: always there, always true, never slow."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Self

from recommendations.engine.reasons import ReasonKind, exhaustive
from recommendations.explainers.base import Evidence, Explanation, Source, Suggestion
from recommendations.explainers.list_notes import list_note

NAMES_SHOWN = 3
INTERESTS_SHOWN = 5
ORIGINS_SHOWN = 3
INTERESTS = (ReasonKind.CATEGORY, ReasonKind.TAG)


class _Topic(IntEnum):
    """What a sentence is about, in the order in which they are said."""

    INTEREST = 0
    BECAUSE = 1
    TOGETHER = 2
    SIMILAR = 3
    AGAIN = 4
    TRENDING = 5
    POPULAR = 6


# None for a kind that names nothing: no sentence is about it.
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


class TemplateExplainer:
    """The explainer that needs nothing, and what every other one falls back to."""

    source = Source.TEMPLATE
    concurrency = 1
    identity = "template"

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        """Return the explainer. Raises ValueError when given any option, for it has none."""
        if options:
            raise ValueError(f"the template explainer takes no options; it was given {', '.join(options)}.")
        return cls()

    def explain(self, evidence: Evidence) -> Explanation:
        """Return a greeting and a sentence on each topic of the evidence; nothing else is claimed."""
        name = evidence.user_name.strip()
        greeting = f"Hi {name}!" if name else "Hi!"
        return Explanation(" ".join([greeting, *_sentences(evidence)]), self.source)


def _sentences(evidence: Evidence) -> list[str]:
    note = list_note(evidence)
    if not evidence.suggestions:
        return [f"{note}."]
    about = _by_topic(evidence.suggestions)
    said = _of_matches(about)
    trending, popular = about[_Topic.TRENDING], about[_Topic.POPULAR]
    if said or not note:
        if trending:
            said.append(f"Trending now: {_names(trending)}.")
        if popular:
            said.append(f"Popular with other shoppers: {_names(popular)}.")
        return said or [f"Here is something from our range: {_names(evidence.suggestions)}."]
    if trending:
        return [f"{note}, so here is what is trending now: {_names(trending)}."]
    if popular:
        return [f"{note}, so here is what is popular with other shoppers: {_names(popular)}."]
    return [f"{note}, so here is something from our range: {_names(evidence.suggestions)}."]


def _of_matches(about: Mapping[_Topic, Sequence[Suggestion]]) -> list[str]:
    """Return the sentences about products that something speaks for besides what everybody does."""
    said = []
    if matched := about[_Topic.INTEREST]:
        interests = _listed(_interests(matched)[:INTERESTS_SHOWN])
        said.append(f"Based on your interest in {interests}, we picked {_names(matched)} for you.")
    if because := about[_Topic.BECAUSE]:
        met = _listed(_origins(because, ReasonKind.BECAUSE))
        said.append(f"Shoppers who met {met}, as you did, also chose {_names(because)}.")
    if together := about[_Topic.TOGETHER]:
        said.append(f"Often bought together with what was in your basket last: {_names(together)}.")
    if similar := about[_Topic.SIMILAR]:
        said.append(f"Similar to {_listed(_origins(similar, ReasonKind.SIMILAR))}: {_names(similar)}.")
    if again := about[_Topic.AGAIN]:
        said.append(f"You have bought before: {_names(again)}.")
    return said


def _by_topic(suggestions: Sequence[Suggestion]) -> Mapping[_Topic, list[Suggestion]]:
    """Return the suggestions by what is to be said of each: the topic of the reason that has most points.

    Of reasons that have as many, the topic that comes first.
    """
    about: dict[_Topic, list[Suggestion]] = {topic: [] for topic in _Topic}
    for suggestion in suggestions:
        weighed = [
            (reason.points, -topic)
            for reason in suggestion.reasons
            if (topic := _TOPICS[reason.kind]) is not None and reason.is_sayable
        ]
        if weighed:
            _, place = max(weighed)
            about[_Topic(-place)].append(suggestion)
    return about


def _origins(suggestions: Sequence[Suggestion], kind: ReasonKind) -> list[str]:
    """Return the names of the products that reasons of the kind speak of, those with most points first."""
    return _heaviest(
        (reason.name or "", reason.points)
        for suggestion in suggestions
        for reason in suggestion.reasons
        if reason.kind is kind and reason.is_sayable
    )[:ORIGINS_SHOWN]


def _interests(suggestions: Sequence[Suggestion]) -> list[str]:
    """Return the categories, then the tags, that the reasons name: of each kind those with most points in
    all first, which are the commonest where each gives as many; each word once.
    """
    words: dict[str, str] = {}
    for kind in INTERESTS:
        found = _heaviest(
            (str(reason.value), reason.points)
            for suggestion in suggestions
            for reason in suggestion.reasons
            if reason.kind is kind and reason.points > 0
        )
        for word in found:
            words.setdefault(word.casefold(), word)
    return list(words.values())


def _heaviest(points: Iterable[tuple[str, int]]) -> list[str]:
    """Return the distinct words, that with the highest sum of points first; ties as they came."""
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
