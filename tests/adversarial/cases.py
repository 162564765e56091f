"""The facts of the contexts that attacks and honest answers are tried against."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from recommendations.checker.check import Refusal, check
from recommendations.checker.facts import Facts
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.explainers.base import Evidence, Finding, Suggestion
from recommendations.explainers.behaviour import Behaviour
from recommendations.explainers.checked import facts_of

HERE = Path(__file__).parent


@cache
def rows(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


@cache
def contexts() -> dict[str, Evidence]:
    given = rows("attacks")["contexts"] | rows("contexts")
    return {name: _evidence(context) for name, context in given.items()}


@cache
def facts(context: str) -> Facts:
    return facts_of(contexts()[context])


def refusal(text: str, context: str, language: str = "en") -> Refusal | None:
    return check(text, facts(context), language)


def with_payload(context: str, field: str, payload: str) -> Evidence:
    """Return the evidence in which a field of the shop or of the shopper holds the payload."""
    evidence = contexts()[context]
    first, *rest = evidence.suggestions
    match field:
        case "user.name":
            return replace(evidence, user_name=payload)
        case "product.name":
            return replace(evidence, suggestions=(replace(first, name=payload), *rest))
        case "category.name":
            changed = replace(
                first, category=payload, reasons=(Reason(ReasonKind.CATEGORY, payload, 10_000),)
            )
            return replace(evidence, suggestions=(changed, *rest))
        case "tag.name":
            changed = replace(first, reasons=(*first.reasons, Reason(ReasonKind.TAG, payload, 3_000)))
            return replace(evidence, suggestions=(changed, *rest))
    return evidence


def _evidence(context: dict[str, Any]) -> Evidence:
    behaviour = (
        Behaviour(tuple(context["bought"]), tuple(context["viewed"]), tuple(context["interests"]))
        if "bought" in context
        else _parsed(context["summary"])
    )
    finding = context.get("finding") or ("found" if context["has_history"] else "no history")
    return Evidence(
        context["user_name"],
        behaviour,
        Finding(finding),
        tuple(
            Suggestion(
                one["name"],
                one["category"],
                tuple(
                    Reason(
                        ReasonKind(each["kind"]), each["value"], round(each["points"] * 1000), each["name"]
                    )
                    for each in one["reasons"]
                ),
            )
            for one in context["suggestions"]
        ),
    )


def _parsed(summary: str) -> Behaviour:
    """Return what a summary of these files tells: their names hold neither full stops nor commas."""
    found = {"Recently purchased": (), "Recently viewed": (), "Interested in": ()}
    for part in summary.removesuffix(".").split(". "):
        title, _, names = part.partition(": ")
        if title in found:
            found[title] = tuple(names.split(", "))
    return Behaviour(*found.values())
