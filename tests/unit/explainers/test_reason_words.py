"""Every kind of reason and every finding has its own true wording in all texts."""

import runpy
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest

from recommendations.admin import lines
from recommendations.admin.lines import format_fallback, stored_lines
from recommendations.api import serializers
from recommendations.engine import reasons
from recommendations.engine.reasons import PRODUCT_KINDS, Reason, ReasonKind, exhaustive
from recommendations.explainers import base, prompt, template
from recommendations.explainers.base import COUNT_KINDS, Evidence, Finding, Suggestion
from recommendations.pipeline import Pick
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.results import RecommendationList
from recommendations.strategies.base import Basis
from tests.contracts.explainer import evidence
from tests.unit.explainers.test_prompt import data_in

API_PAGE = Path(__file__).parents[3] / "docs" / "api.md"

# The template's sentence for each kind of reason; None for a kind that it does not mention.
SENTENCES = {
    ReasonKind.CATEGORY: "Based on your interest in Home, we picked Amp for you.",
    ReasonKind.TAG: "Based on your interest in Home, we picked Amp for you.",
    ReasonKind.BECAUSE: "Shoppers who viewed or bought Radio, as you did, also chose Amp.",
    ReasonKind.SIMILAR: "Similar to Radio: Amp.",
    ReasonKind.TOGETHER: "Often bought together with products in your last basket: Amp.",
    ReasonKind.LIFT: "Often bought together with products in your last basket: Amp.",
    ReasonKind.BOUGHT: "From your past purchases: Amp.",
    ReasonKind.DUE: "From your past purchases: Amp.",
    ReasonKind.TRENDING: "Trending now: Amp.",
    ReasonKind.POPULAR: "Popular with other shoppers: Amp.",
    ReasonKind.REST: None,
}
RANGE = "Here is something from our range: Amp."
LINES = {
    ReasonKind.CATEGORY: "category Home",
    ReasonKind.TAG: "tag Home",
    ReasonKind.BECAUSE: "because Radio",
    ReasonKind.SIMILAR: "similar Radio",
    ReasonKind.TOGETHER: "together: 1,500 baskets",
    ReasonKind.LIFT: "lift: 1.5 times as often as by chance",
    ReasonKind.BOUGHT: "bought: 1,500 days",
    ReasonKind.DUE: "due: 1.5 times the usual gap",
    ReasonKind.TRENDING: "trending: 1,500 recent interactions, a shopper's repeats counted once",
    ReasonKind.POPULAR: "popular: 1,500 interactions, a shopper's repeats counted once",
    ReasonKind.REST: "everything else (1,500 not named)",
}
NOT_TOLD_TO_MODELS = {ReasonKind.LIFT, ReasonKind.DUE, ReasonKind.REST}


def reason(kind: ReasonKind, points: int = 1_000) -> Reason:
    value: str | int = "Home" if kind in (ReasonKind.CATEGORY, ReasonKind.TAG) else 1_500
    return Reason(kind, value, points, "Radio" if kind in PRODUCT_KINDS else None)


def amp(*why: Reason) -> Suggestion:
    return Suggestion("Amp", None, why)


def text(given: Evidence) -> str:
    return template.TemplateExplainer().explain(given).text.removeprefix("Hi Alice! ")


@pytest.mark.parametrize("kind", ReasonKind)
class TestEveryKind:
    def test_has_its_sentence(self, kind: ReasonKind):
        assert text(evidence(amp(reason(kind)))) == (SENTENCES[kind] or RANGE)

    def test_is_not_spoken_of_where_it_speaks_against_the_product(self, kind: ReasonKind):
        assert text(evidence(amp(reason(kind, points=-1_000)))) == RANGE

    def test_without_the_name_or_number_that_it_needs_is_not_spoken_of(self, kind: ReasonKind):
        bare = replace(reason(kind), name=None, value=0)
        is_spoken_of = kind not in PRODUCT_KINDS | COUNT_KINDS and SENTENCES[kind] is not None

        assert (text(evidence(amp(bare))) != RANGE) is is_spoken_of

    def test_is_explained_to_models_or_not_told(self, kind: ReasonKind):
        asked = prompt.prompt(evidence(amp(reason(kind)))).user

        (shown,) = data_in(asked)["recommended_products"]
        reported = [why["kind"] for why in shown["why_recommended"]]
        assert reported == ([] if kind in NOT_TOLD_TO_MODELS else [kind])
        assert (f'"{kind}": ' in asked.partition("</shop_data>")[2]) is bool(reported)

    def test_has_its_words_for_staff(self, kind: ReasonKind):
        (line,) = stored_lines([Pick(1, 1_000, (replace(reason(kind), name=None),))], {})
        ((_, words),) = line.reasons

        assert words == LINES[kind].replace("Radio", "1500")

    def test_has_its_meaning_in_the_schema(self, kind: ReasonKind):
        assert f"`{kind}`: " in str(serializers.ReasonRow().fields["value"].help_text)

    def test_has_its_row_in_the_reference(self, kind: ReasonKind):
        table = API_PAGE.read_text(encoding="utf-8").partition("| kind | value | points |")[2]
        first_column = [row.split("|")[1] for row in table.partition("\n\n")[0].splitlines() if row]

        assert any(f"`{kind}`" in cell for cell in first_column)


class TestNewKind:
    """Modules with wordings fail on import if a kind or finding has no entry."""

    @pytest.mark.parametrize(
        "module", [template, prompt, lines, serializers], ids=lambda module: str(module.__name__)
    )
    def test_of_reason_is_missed_by_name(self, module: ModuleType, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(reasons, "ReasonKind", longer(ReasonKind))

        with pytest.raises(ValueError, match=r"no entry for ReasonKind\.NEW\."):
            runpy.run_path(str(module.__file__))

    @pytest.mark.parametrize("module", [template, lines], ids=lambda module: module.__name__)
    def test_of_finding_is_missed_by_name(self, module: ModuleType, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(base, "Finding", longer(Finding))

        with pytest.raises(ValueError, match=r"no entry for Finding\.NEW\."):
            runpy.run_path(str(module.__file__))

    def test_names_all_that_is_missing(self):
        with pytest.raises(ValueError, match=r"Basis\.TREND, Basis\.HISTORY"):
            exhaustive(Basis, {Basis.POPULARITY: 1, Basis.FAVOURITES: 2})


def longer(kinds: type[StrEnum]) -> type[StrEnum]:
    """Return the enum with one more member."""
    return StrEnum(kinds.__name__, [*((kind.name, kind.value) for kind in kinds), ("NEW", "new")])


TRENDING = amp(Reason(ReasonKind.TRENDING, 7, 0))
POPULAR = amp(Reason(ReasonKind.POPULAR, 7, 0))
UNSEEN = amp(Reason(ReasonKind.POPULAR, 0, 0))
# Claims that only this finding permits.
CLAIMS = {
    Finding.NO_MODEL: "cannot match products to your taste",
    Finding.NO_HISTORY: "do not know your taste",
    Finding.NOTHING_POPULAR: "is popular yet",
    Finding.NOTHING_TRENDING: "new to you is trending now",
    Finding.NO_FAVOURITES: "matches your favourites",
    Finding.NOTHING_RELATED: "personal picks",
}
OF_THE_SHOP = {
    Finding.NOTHING_POPULAR,
    Finding.NOTHING_TRENDING,
    Finding.NO_FAVOURITES,
    Finding.NOTHING_RELATED,
}


def cases() -> Iterator[Evidence]:
    """Yield every finding with every kind of list that can occur with it."""
    lists = ((), (TRENDING,), (POPULAR,), (UNSEEN,), (TRENDING, POPULAR))
    for finding, shown, is_narrowed, is_continued in product(Finding, lists, (False, True), (False, True)):
        yield evidence(*shown, finding=finding, is_narrowed=is_narrowed, is_continued=is_continued)


def claims_in(output: str) -> set[str]:
    return {claim for claim in CLAIMS.values() if claim in output}


class TestEveryFinding:
    def test_allows_its_own_claim_alone(self):
        for given in cases():
            may = {CLAIMS[given.finding]} if given.suggestions and given.finding in CLAIMS else set()

            assert claims_in(text(given)) == may, given

    def test_of_a_part_of_the_shop_is_claimed_of_that_part_alone(self):
        for given in cases():
            speaks_of_shop = not given.suggestions or given.finding in OF_THE_SHOP

            assert ("in this selection" in text(given)) is (given.is_narrowed and speaks_of_shop), given

    def test_with_an_empty_list_says_whether_there_was_something_before(self):
        assert {text(given) for given in cases() if not given.suggestions} == {
            f"We have nothing {new}{place} to recommend to you right now."
            for new, place in product(("new", "more"), ("", " in this selection"))
        }

    def test_is_noted_to_models_in_the_same_words(self):
        for given in cases():
            note = data_in(prompt.prompt(given).user).get("note", "")

            assert claims_in(note) == claims_in(text(given)), given
            assert text(given).startswith(note.removesuffix("."))

    def test_is_told_to_staff_each_in_its_own_words(self):
        shelves = [shelf(*case) for case in product([None, *Basis], [None, "popular"], [True, False])]

        output = {(made.finding, format_fallback(made)) for made in shelves}

        assert {finding for finding, _ in output} == set(Finding)
        assert len({words for _, words in output}) == len(output) == len(Finding)


def shelf(basis: Basis | None, fallback: str | None, has_history: bool) -> RecommendationList:
    return RecommendationList(Shopper(7, "Alice"), (), "", "any", fallback, has_history, basis)


class TestFinding:
    @pytest.mark.parametrize("has_history", [True, False])
    @pytest.mark.parametrize("basis", [None, *Basis])
    def test_is_there_where_nothing_else_filled_the_list(self, basis: Basis | None, has_history: bool):
        assert shelf(basis, None, has_history).finding is Finding.FOUND

    @pytest.mark.parametrize(
        ("basis", "with_history", "without"),
        [
            (None, Finding.NO_MODEL, Finding.NO_HISTORY),
            (Basis.POPULARITY, Finding.NOTHING_POPULAR, Finding.NOTHING_POPULAR),
            (Basis.TREND, Finding.NOTHING_TRENDING, Finding.NOTHING_TRENDING),
            (Basis.FAVOURITES, Finding.NO_FAVOURITES, Finding.NO_HISTORY),
            (Basis.HISTORY, Finding.NOTHING_RELATED, Finding.NO_HISTORY),
        ],
    )
    def test_is_what_the_strategy_looked_for(
        self, basis: Basis | None, with_history: Finding, without: Finding
    ):
        found = [shelf(basis, "popular", has_history).finding for has_history in (True, False)]

        assert found == [with_history, without]
