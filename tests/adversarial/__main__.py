"""A lying model over real shoppers: how many of its lies are served, and how many true sentences are not.

    python -m tests.adversarial [--shoppers 400]

Shoppers, products and events are those of data/online_retail. Each list has reasons of all
kinds; true answers come from sentences of many forms, lies from true ones with one thing changed.
"""

import argparse
import csv
import gzip
import random
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator

from recommendations.checker.check import check
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.explainers.base import Evidence, Finding, Suggestion, may_mention
from recommendations.explainers.behaviour import Behaviour
from recommendations.explainers.checked import facts_of
from recommendations.explainers.template import TemplateExplainer
from tests.adversarial.cases import HERE, refusal, rows

FOLDER = HERE.parents[1] / "data/online_retail"
ANSWERS = 2_000
TRUE = {
    "category": [
        "Based on your interest in {term}, we picked {p} for you.",
        "As you like {term}, we suggest {p}.",
        "{p} matches your interest in {term}.",
        "You seem to enjoy {term}, so we thought of {p}.",
        "{p} comes from {term}, one of your favourite categories.",
        "For your love of {term}: {p}.",
    ],
    "because": [
        "Shoppers who viewed or bought {o}, as you did, also chose {p}.",
        "Because you {did} {o}, we recommend {p}.",
        "You {did} {o}, so {p} might interest you.",
        "Others who were interested in {o} also went for {p}.",
        "Since you {did} {o}: {p}.",
    ],
    "similar": ["{p} is similar to {o}, which you {did}.", "Similar to {o}: {p}."],
    "together": [
        "{p} is often bought together with products in your last basket.",
        "Other shoppers often buy {p} together with items from your last basket.",
    ],
    "bought": ["You have bought {p} before.", "From your past purchases: {p}."],
    "trending": ["{p} is trending with other shoppers.", "Trending now: {p}."],
    "popular": [
        "{p} is popular with other shoppers.",
        "Many shoppers like {p}.",
        "Popular with other customers: {p}.",
    ],
}
ADDED = [
    " It is on sale.",
    " Only 3 left!",
    " It is the best in our shop.",
    " It ships today.",
    " You never bought it.",
    " Customers give it 5 stars.",
    " It is free.",
    " See www.shop.example.",
    " It costs 3 pounds.",
    " It is new.",
]


def shop() -> tuple[list[dict[str, str]], dict[str, list[tuple[str, str]]], dict[str, str]]:
    """Return the products, each user's latest events (product's id, type), and the users' names."""
    with (FOLDER / "products.csv").open(encoding="utf-8") as file:
        products = list(csv.DictReader(file))
    with (FOLDER / "users.csv").open(encoding="utf-8") as file:
        names = {row["id"]: row.get("name", "") for row in csv.DictReader(file)}
    events: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with gzip.open(FOLDER / "interactions.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            events[row["user_id"]].append((row["product_id"], row["action_type"]))
    return products, events, names


def evidences(n: int, draw: random.Random) -> Iterator[Evidence]:
    """Yield the evidence of n shoppers: five products with reasons of all kinds."""
    products, events, names = shop()
    by_id = {product["id"]: product for product in products}
    for user in draw.sample(sorted(events), min(n, len(events))):
        # The shop has purchases only: some of them are taken for views here.
        met = [(by_id[key], draw.choice([kind, kind, "view"])) for key, kind in events[user] if key in by_id][
            -30:
        ]
        bought = tuple(dict.fromkeys(product["name"] for product, kind in met if kind == "purchase"))[:3]
        names_viewed = dict.fromkeys(product["name"] for product, kind in met if kind != "purchase")
        viewed = tuple(name for name in names_viewed if name not in bought)[:3]
        liked = [name for name, _ in Counter(product["category"] for product, _ in met).most_common(3)]
        origins = [*bought, *viewed]
        suggestions = []
        for product in draw.sample(products, 5):
            kind = draw.choice(list(TRUE))
            points = 0 if kind in ("popular", "trending") else 3_000
            value: str | int = draw.randrange(2, 40)
            if kind == "category":
                value = product["category"]
            reason = Reason(
                ReasonKind(kind),
                value,
                points,
                draw.choice(origins) if kind in ("because", "similar") and origins else None,
            )
            suggestions.append(Suggestion(product["name"], product["category"], (reason,)))
        yield Evidence(
            names.get(user, ""), Behaviour(bought, viewed, tuple(liked)), Finding.FOUND, tuple(suggestions)
        )


def truth(evidence: Evidence, suggestion: Suggestion, draw: random.Random) -> str:
    """Return a true sentence about the suggestion, "" if there is none."""
    [reason] = suggestion.reasons
    if not may_mention(reason):
        return ""
    did = "bought" if reason.name in evidence.behaviour.purchased else "viewed"
    return draw.choice(TRUE[reason.kind]).format(p=suggestion.name, term=reason.value, o=reason.name, did=did)


def lie(evidence: Evidence, suggestion: Suggestion, names: list[str], draw: random.Random) -> tuple[str, str]:
    """Return the kind of a lie and its text: a true sentence with one thing changed; "" if it stays true."""
    [reason] = suggestion.reasons
    true = truth(evidence, suggestion, draw)
    kind = draw.choice(["product", "number", "verb", "reason", "claim"])
    behaviour = evidence.behaviour
    if kind == "product":
        known = {*behaviour.purchased, *behaviour.viewed, *(one.name for one in evidence.suggestions)}
        other = draw.choice(names)
        return kind, true.replace(suggestion.name, other) if other not in known else ""
    if kind == "number":
        return (
            kind,
            f"Here are {draw.choice([4, 6, 7, 9, 'six', 'twelve'])} products for you: {suggestion.name}.",
        )
    if kind == "verb":
        wrong = [name for name in behaviour.viewed if name not in behaviour.purchased]
        wrong += [
            one.name
            for one in evidence.suggestions
            if one.name not in behaviour.purchased and one.reasons[0].kind is not ReasonKind.BOUGHT
        ]
        return kind, draw.choice(
            ["You bought {}.", "As you bought {}, here is something for you.", "You already own {}."]
        ).format(draw.choice(wrong)) if wrong else ""
    if kind == "reason":
        others = [name for name in TRUE if name not in (reason.kind, "similar", "because")]
        chosen = draw.choice(others)
        if chosen == "bought" and suggestion.name in behaviour.purchased:
            return kind, ""
        term = draw.choice([name for name in behaviour.interests if name != suggestion.category] or [""])
        if chosen == "category" and not term:
            return kind, ""
        return kind, draw.choice(TRUE[chosen]).format(p=suggestion.name, term=term)
    return kind, true + draw.choice(ADDED) if true else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shoppers", type=int, default=1_000)
    draw = random.Random(1)  # the same answers at each run
    names = [product["name"] for product in shop()[0]]
    lies: Counter[str] = Counter()
    served: list[tuple[str, str]] = []
    seconds: list[float] = []
    true = refused_true = templates = refused_templates = 0
    for evidence in evidences(parser.parse_args().shoppers, draw):
        facts = facts_of(evidence)
        text = TemplateExplainer().explain(evidence).text
        templates += 1
        if found := check(text, facts, "en"):
            refused_templates += 1
            if refused_templates <= 5:
                print("the template's:", found, text)
        for suggestion in evidence.suggestions:
            if sentence := truth(evidence, suggestion, draw):
                answer = f"Hi {evidence.user_name}! {sentence}" if facts.user_name else sentence
                began = time.perf_counter()
                found = check(answer, facts_of(evidence), "en")
                seconds.append(time.perf_counter() - began)
                true += 1
                refused_true += found is not None
                if found and refused_true <= 5:
                    print("true:", found, answer)
            kind, sentence = lie(evidence, suggestion, names, draw)
            if sentence and sum(lies.values()) < ANSWERS:
                lies[kind] += 1
                if check(sentence, facts, "en") is None:
                    served.append((kind, f"{sentence} {suggestion.reasons[0]} {evidence.behaviour}"))
    written = [row for row in rows("lies") if refusal(row["text"], row["context"], row["language"]) is None]
    for kind, sentence in served[:20]:
        print("served:", kind, sentence)
    print(f"attacks served: {len(written)} of {len(rows('lies'))} written")
    print(f"lies served: {len(served)} of {sum(lies.values())} generated")
    n_true, n_served = true - refused_true, len(served)
    precision = 100 * n_true / (n_true + n_served)
    print(f"statement precision: {precision:.2f} % of {n_true + n_served} statements served")
    print(f"true sentences passed: {100 * n_true / true:.1f} % of {true}")
    print(f"the template's texts passed: {templates - refused_templates} of {templates}")
    for language in ("en", "de", "fr", "es"):
        mine = [row for row in rows("honest") if row["language"] == language]
        passed = sum(refusal(row["text"], row["context"], language) is None for row in mine)
        print(f"honest answers passed ({language}): {100 * passed / len(mine):.1f} % of {len(mine)}")
    median, p99 = 1_000 * statistics.median(seconds), 1_000 * statistics.quantiles(seconds, n=100)[98]
    print(f"checking one answer: {median:.2f} ms (median of {len(seconds)}), {p99:.2f} ms (p99)")
    return 1 if written or served else 0


if __name__ == "__main__":
    sys.exit(main())
