"""Words the evidence with sentences of our own: always there, always true, never slow."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

from recommendations.engine.reasons import ReasonKind
from recommendations.explainers.base import Evidence, Explanation, Source, Suggestion

NAMES_SHOWN = 3
INTERESTS_SHOWN = 5
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
        """Return a greeting and one to three sentences that claim nothing but the evidence."""
        name = evidence.user_name.strip()
        greeting = f"Hi {name}!" if name else "Hi!"
        return Explanation(" ".join([greeting, *_sentences(evidence)]), self.source)


def _sentences(evidence: Evidence) -> list[str]:
    matched = [suggestion for suggestion in evidence.suggestions if _interests([suggestion])]
    popular = [suggestion for suggestion in evidence.suggestions if _is_popular(suggestion)]
    if not evidence.suggestions:
        return ["There is nothing new that we could recommend to you just now."]
    if matched:
        interests = _listed(_interests(matched)[:INTERESTS_SHOWN])
        sentence = f"Based on your interest in {interests}, we picked {_names(matched)} for you."
        return [sentence, f"Popular with other shoppers: {_names(popular)}."] if popular else [sentence]
    if not evidence.has_history:
        known = "We do not know your taste yet"
    else:
        known = "Nothing that is new to you matches your favourites yet"
    if popular:
        return [f"{known}, so here is what is popular with other shoppers: {_names(popular)}."]
    return [f"{known}, so here is something from our range: {_names(evidence.suggestions)}."]


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


def _is_popular(suggestion: Suggestion) -> bool:
    """Return whether it was picked for its popularity, and has any: fillers without an event have none."""
    return any(reason.kind is ReasonKind.POPULAR and reason.value for reason in suggestion.reasons)


def _names(suggestions: Sequence[Suggestion]) -> str:
    shown = [suggestion.name for suggestion in suggestions[:NAMES_SHOWN]]
    rest = len(suggestions) - len(shown)
    return _listed([*shown, f"{rest} more"] if rest else shown)


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
