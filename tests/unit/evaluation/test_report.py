"""The HTML page of an evaluation is complete, self-contained and escaped."""

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest

from recommendations.evaluation.evaluate import Evaluation
from recommendations.evaluation.measure import StrategyMetrics
from recommendations.evaluation.report import METRICS, groups, page

VOID = {"meta"}
MEASURED = StrategyMetrics(
    means={metric: 0.1234 + n for n, metric in enumerate(METRICS)},
    ci95={metric: (0.1111 + n, 0.2222 + n) for n, metric in enumerate(METRICS) if metric != "coverage@10"},
    ndcg=np.array([0.0, 0.5, 1.0]),
    fit_seconds=1.257,
    ms_per_user=0.38,
    peak_mb=101.6,
)
FOUND = Evaluation(
    cutoff=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    train_events=12_345,
    users=3,
    new_products_per_user=2.25,
    n_past=np.array([1, 3, 250]),
    strategies={"content": MEASURED, "hybrid": replace(MEASURED, means={**MEASURED.means, "ndcg@10": 0.3})},
)


class Page(HTMLParser):
    """The elements, texts and attributes of a page. Fails on elements that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.texts.append(" ".join(data.split()))


class TestPage:
    def test_holds_the_split_and_every_value_with_its_interval(self):
        texts = Page(page(FOUND)).texts

        assert {"2026-03-01 09:30 UTC", "12,345", "2.3"} <= set(texts)
        assert {"0.1234", "1.1234", "1.111–1.222", "0.3000", "1.26", "0.38", "102"} <= set(texts)
        assert "4.1234" in texts  # coverage
        assert "4.111–4.222" not in texts

    def test_draws_three_plots_that_say_their_values(self):
        shown = Page(page(FOUND))

        assert shown.elements.count("svg") == 3
        assert {"hybrid: 0.300 (0.111 to 0.222)", "100 or more"} <= set(shown.texts)
        assert "content: catalogue coverage@10 4.123, recall@20 1.123" in shown.texts
        assert ("role", "img") in shown.attributes

    def test_needs_nothing_from_elsewhere(self):
        html = page(FOUND)

        shown = Page(html)

        assert not {"script", "link", "img", "iframe"} & set(shown.elements)
        assert not {"src", "href", "xlink:href"} & {name for name, _ in shown.attributes}
        assert "url(" not in html
        assert "@import" not in html

    def test_is_light_or_dark_as_the_reader_likes(self):
        assert "@media (prefers-color-scheme: dark)" in page(FOUND)

    def test_escapes_the_names_of_strategies(self):
        name = '<script>alert("x")</script>&'

        html = page(replace(FOUND, strategies={name: MEASURED}))

        assert "<script" not in html
        assert name in Page(html).texts

    def test_says_nothing_where_there_is_nothing_to_say(self):
        nothing = {metric: float("nan") for metric in METRICS}
        unsaid = replace(MEASURED, means=nothing, ci95={m: (float("nan"), float("nan")) for m in METRICS})

        shown = Page(page(replace(FOUND, strategies={"content": unsaid})))

        assert "–" in shown.texts
        assert not any("nan" in text.lower() for text in shown.texts)
        assert not any("nan" in (value or "") for _, value in shown.attributes)


class TestGroups:
    def test_puts_each_user_into_one_group(self):
        n_past = np.arange(1, 1000)

        found = groups(n_past)

        assert sum(group.users.astype(int) for group in found).tolist() == [1] * 999
        assert [group.label for group in found] == [
            "1",
            "2–4",
            "5–9",
            "10–19",
            "20–49",
            "50–99",
            "100 or more",
        ]

    @pytest.mark.parametrize(
        ("n", "label"), [(1, "1"), (2, "2–4"), (4, "2–4"), (5, "5–9"), (100, "100 or more")]
    )
    def test_leaves_out_groups_without_users(self, n: int, label: str):
        assert [group.label for group in groups(np.array([n]))] == [label]
