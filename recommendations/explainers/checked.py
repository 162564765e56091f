"""Texts of language models, checked against the evidence before anybody sees them."""

from dataclasses import replace

from recommendations.checker.check import VERSION, Checked, accepted
from recommendations.checker.facts import Facts, Recommended
from recommendations.checker.names import key_of
from recommendations.checker.speakable import person_name, shop_name
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.explainers.base import Evidence, Suggestion, may_mention
from recommendations.explainers.behaviour import Behaviour, last_name

LANGUAGE = "en"  # of all texts
CHECKED = f"checked {VERSION}"  # in the identity of explainers whose texts are checked

_TERMS = frozenset({ReasonKind.CATEGORY, ReasonKind.TAG})


def check_answer(text: str, evidence: Evidence) -> Checked:
    """Return the sentences of a model's answer that hold by the evidence, and why others do not."""
    return accepted(text, facts_of(evidence), LANGUAGE)


def facts_of(evidence: Evidence) -> Facts:
    """Return the facts of the evidence, with names as texts may repeat them."""
    evidence = spoken(evidence)
    behaviour = evidence.behaviour
    reasons = [
        reason for suggestion in evidence.suggestions for reason in suggestion.reasons if may_mention(reason)
    ]
    return Facts(
        user_name=person_name(evidence.user_name),
        bought=_speakable(behaviour.purchased),
        viewed=_speakable(behaviour.viewed),
        interests=_speakable(behaviour.interests),
        products=tuple(
            _recommended(suggestion) for suggestion in evidence.suggestions if shop_name(suggestion.name)
        ),
        tags=_speakable(tuple(str(reason.value) for reason in reasons if reason.kind is ReasonKind.TAG)),
        categories=_speakable(
            tuple(part for reason in reasons if reason.kind is ReasonKind.CATEGORY for part in _parts(reason))
        ),
        finding=evidence.finding.value,
    )


def spoken(evidence: Evidence) -> Evidence:
    """Return the evidence with names as a text may repeat them.

    A product whose name no text may repeat is called by its category. A shopper's name of that kind is left
    out, and so are such categories, tags and origins.
    """
    behaviour = evidence.behaviour
    return replace(
        evidence,
        user_name=person_name(evidence.user_name),
        behaviour=Behaviour(
            _speakable(behaviour.purchased), _speakable(behaviour.viewed), _speakable(behaviour.interests)
        ),
        suggestions=tuple([_spoken(suggestion) for suggestion in evidence.suggestions]),
    )


def _spoken(suggestion: Suggestion) -> Suggestion:
    category = _spoken_path(suggestion.category or "")
    name = shop_name(suggestion.name)
    if not name:
        name = f"a product from {last_name(category)}" if category else "a product"
    return Suggestion(name, category or None, tuple(filter(None, map(_spoken_reason, suggestion.reasons))))


def _spoken_path(path: str) -> str:
    """Return the path without the categories that no text may repeat."""
    return " > ".join(filter(None, map(shop_name, path.split(" > "))))


def _spoken_reason(reason: Reason) -> Reason | None:
    """Return the reason with a name that a text may repeat, None if there is none."""
    if reason.kind in _TERMS:
        value = (_spoken_path if reason.kind is ReasonKind.CATEGORY else shop_name)(str(reason.value))
        return (reason if value == reason.value else replace(reason, value=value)) if value else None
    if reason.name:
        name = shop_name(reason.name)
        return reason if name == reason.name else replace(reason, name=name or None)
    return reason


def _recommended(suggestion: Suggestion) -> Recommended:
    reasons = [reason for reason in suggestion.reasons if may_mention(reason)]
    return Recommended(
        name=shop_name(suggestion.name),
        categories=_speakable(tuple((suggestion.category or "").split(" > "))),
        terms=frozenset(
            key_of(part) for reason in reasons if reason.kind in _TERMS for part in _parts(reason)
        ),
        because=_origins(reasons, ReasonKind.BECAUSE),
        similar=_origins(reasons, ReasonKind.SIMILAR),
        kinds=frozenset(reason.kind for reason in reasons),
        days=next((int(reason.value) for reason in reasons if reason.kind is ReasonKind.BOUGHT), 0),
    )


def _origins(reasons: list[Reason], kind: ReasonKind) -> frozenset[str]:
    names = (shop_name(reason.name or "") for reason in reasons if reason.kind is kind)
    return frozenset(filter(None, names))


def _parts(reason: Reason) -> list[str]:
    """Return the tag, or the categories of the path, that the reason names."""
    value = str(reason.value)
    return value.split(" > ") if reason.kind is ReasonKind.CATEGORY else [value]


def _speakable(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, map(shop_name, names)))
