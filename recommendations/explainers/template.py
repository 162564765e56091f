"""Words the evidence with sentences of our own: always there, always true, never slow."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Self

from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.explainers.base import Evidence, Explanation, Source, Suggestion

NAMES_SHOWN = 3
INTERESTS_SHOWN = 5
ORIGINS_SHOWN = 3
INTERESTS = (ReasonKind.CATEGORY, ReasonKind.TAG)
# What a sentence can be about, each of its own.
KINDS = (INTERESTS, (ReasonKind.BECAUSE,), (ReasonKind.LIFT,), (ReasonKind.TRENDING,), (ReasonKind.POPULAR,))
_PLACE = {kind: place for place, kinds in enumerate(KINDS) for kind in kinds}
_NUMBERED = frozenset({ReasonKind.TRENDING, ReasonKind.POPULAR})
PERSONAL = frozenset({*INTERESTS, ReasonKind.BECAUSE, ReasonKind.LIFT})


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
        """Return a greeting and one to five sentences that claim nothing but the evidence."""
        name = evidence.user_name.strip()
        greeting = f"Hi {name}!" if name else "Hi!"
        return Explanation(" ".join([greeting, *_sentences(evidence)]), self.source)


def _sentences(evidence: Evidence) -> list[str]:
    if not evidence.suggestions:
        return ["There is nothing new that we could recommend to you just now."]
    matched, because, together, trending, popular = found = _sorted(evidence.suggestions)
    said = []
    if matched:
        interests = _listed(_interests(matched)[:INTERESTS_SHOWN])
        said.append(f"Based on your interest in {interests}, we picked {_names(matched)} for you.")
    if because:
        met = _listed(_origins(because)[:ORIGINS_SHOWN])
        said.append(f"Shoppers who met {met}, as you did, also chose {_names(because)}.")
    if together:
        said.append(f"Often bought together with what was in your basket last: {_names(together)}.")
    if said or any(_is_personal(suggestion) for kind in found for suggestion in kind):
        if trending:
            said.append(f"Trending now: {_names(trending)}.")
        if popular:
            said.append(f"Popular with other shoppers: {_names(popular)}.")
        return said
    if not evidence.has_history:
        known = "We do not know your taste yet"
    else:
        known = "Nothing that is new to you matches your favourites yet"
    if trending:
        return [f"{known}, so here is what is trending now: {_names(trending)}."]
    if popular:
        return [f"{known}, so here is what is popular with other shoppers: {_names(popular)}."]
    return [f"{known}, so here is something from our range: {_names(evidence.suggestions)}."]


def _sorted(suggestions: Sequence[Suggestion]) -> tuple[list[Suggestion], ...]:
    """Return the suggestions by what is to be said of each: the kind of the reason that has most points.

    Of reasons that have as many, the kind that `KINDS` has first.
    """
    found: tuple[list[Suggestion], ...] = tuple([] for _ in KINDS)
    for suggestion in suggestions:
        weighed = [
            (reason.points, -_PLACE[reason.kind])
            for reason in suggestion.reasons
            if reason.kind in _PLACE and _counts(reason)
        ]
        if weighed:
            _, place = max(weighed)
            found[-place].append(suggestion)
    return found


def _is_personal(suggestion: Suggestion) -> bool:
    """Return whether anything that the shopper did speaks for it, be it not the most."""
    return any(reason.kind in PERSONAL and _counts(reason) for reason in suggestion.reasons)


def _counts(reason: Reason) -> bool:
    """Return whether the reason speaks for its product: fillers have no points, but perhaps a number."""
    if reason.kind in _NUMBERED:
        return reason.points >= 0 and bool(reason.value)
    if reason.kind is ReasonKind.BECAUSE:
        return reason.points > 0 and bool(reason.name)
    return reason.points > 0


def _origins(suggestions: Sequence[Suggestion]) -> list[str]:
    """Return the names of the products that the reasons lead back to, those with most points first."""
    return _heaviest(
        (reason.name or "", reason.points)
        for suggestion in suggestions
        for reason in suggestion.reasons
        if reason.kind is ReasonKind.BECAUSE and _counts(reason)
    )


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
