"""Words the evidence with sentences of our own: always there, always true, never slow."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.explainers.base import Evidence, Explanation, Source, Suggestion

NAMES_SHOWN = 3
INTERESTS_SHOWN = 5
ORIGINS_SHOWN = 3
INTERESTS = (ReasonKind.CATEGORY, ReasonKind.TAG)


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
    matched, because, together, trending, popular = _sorted(evidence.suggestions)
    said = []
    if matched:
        interests = _listed(_interests(matched)[:INTERESTS_SHOWN])
        said.append(f"Based on your interest in {interests}, we picked {_names(matched)} for you.")
    if because:
        met = _listed(_origins(because)[:ORIGINS_SHOWN])
        said.append(f"Shoppers who met {met}, as you did, also chose {_names(because)}.")
    if together:
        said.append(f"Often bought together with what you bought last: {_names(together)}.")
    if said:
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
    """Return the suggestions by what is to be said of each, as `kinds` has it."""
    kinds = (
        INTERESTS,
        (ReasonKind.BECAUSE,),
        (ReasonKind.LIFT,),
        (ReasonKind.TRENDING,),
        (ReasonKind.POPULAR,),
    )
    found: tuple[list[Suggestion], ...] = tuple([] for _ in kinds)
    for suggestion in suggestions:
        for place, wanted in enumerate(kinds):
            if any(reason.kind in wanted and _counts(reason) for reason in suggestion.reasons):
                found[place].append(suggestion)
                break
    return found


def _counts(reason: Reason) -> bool:
    """Return whether the reason speaks for its product: fillers have no points, but perhaps a number."""
    if reason.kind in (ReasonKind.TRENDING, ReasonKind.POPULAR):
        return reason.points >= 0 and bool(reason.value)
    if reason.kind is ReasonKind.BECAUSE:
        return reason.points > 0 and bool(reason.name)
    return reason.points > 0


def _origins(suggestions: Sequence[Suggestion]) -> list[str]:
    """Return the names of the products that the reasons lead back to, the commonest first."""
    found = Counter(
        reason.name
        for suggestion in suggestions
        for reason in suggestion.reasons
        if reason.kind is ReasonKind.BECAUSE and _counts(reason)
    )
    return [name for name, _ in found.most_common() if name]


def _interests(suggestions: Sequence[Suggestion]) -> list[str]:
    """Return the categories, then the tags, that the reasons name: the commonest first, each word once."""
    words: dict[str, str] = {}
    for kind in INTERESTS:
        found = Counter(
            str(reason.value)
            for suggestion in suggestions
            for reason in suggestion.reasons
            if reason.kind is kind and reason.points > 0
        )
        for word, _ in found.most_common():
            words.setdefault(word.casefold(), word)
    return list(words.values())


def _names(suggestions: Sequence[Suggestion]) -> str:
    shown = [suggestion.name for suggestion in suggestions[:NAMES_SHOWN]]
    rest = len(suggestions) - len(shown)
    return _listed([*shown, f"{rest} more"] if rest else shown)


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
