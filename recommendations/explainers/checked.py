"""Texts of language models, checked against the evidence before anybody sees them."""

from recommendations.checker.check import VERSION, Checked, accepted
from recommendations.checker.facts import Facts, Recommended
from recommendations.checker.names import key_of
from recommendations.checker.speakable import person_name, shop_name
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.explainers.base import Evidence, Suggestion

LANGUAGE = "en"  # of all texts
CHECKED = f"checked {VERSION}"  # in the identity of explainers whose texts are checked

_TERMS = frozenset({ReasonKind.CATEGORY, ReasonKind.TAG})


def check_answer(text: str, evidence: Evidence) -> Checked:
    """Return the sentences of a model's answer that hold by the evidence, and why others do not."""
    return accepted(text, facts_of(evidence), LANGUAGE)


def facts_of(evidence: Evidence) -> Facts:
    """Return the facts of the evidence. Names that no text may repeat are not among them."""
    behaviour = evidence.behaviour
    reasons = [reason for suggestion in evidence.suggestions for reason in suggestion.reasons if reason.is_explainable]
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
            tuple(
                part
                for reason in reasons
                if reason.kind is ReasonKind.CATEGORY
                for part in str(reason.value).split(" > ")
            )
        ),
        finding=evidence.finding.value,
    )


def _recommended(suggestion: Suggestion) -> Recommended:
    reasons = [reason for reason in suggestion.reasons if reason.is_explainable]
    return Recommended(
        name=shop_name(suggestion.name),
        categories=_speakable(tuple((suggestion.category or "").split(" > "))),
        terms=frozenset(
            key_of(part)
            for reason in reasons
            if reason.kind in _TERMS
            for part in (str(reason.value).split(" > ") if reason.kind is ReasonKind.CATEGORY else [str(reason.value)])
        ),
        because=_origins(reasons, ReasonKind.BECAUSE),
        similar=_origins(reasons, ReasonKind.SIMILAR),
        kinds=frozenset(reason.kind for reason in reasons),
        days=next((int(reason.value) for reason in reasons if reason.kind is ReasonKind.BOUGHT), 0),
    )


def _origins(reasons: list[Reason], kind: ReasonKind) -> frozenset[str]:
    return frozenset(filter(None, (shop_name(reason.name or "") for reason in reasons if reason.kind is kind)))


def _speakable(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, map(shop_name, names)))
