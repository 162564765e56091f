"""The Grafana dashboard asks for what is exported, and sums it over processes and servers."""

import json
import re

import pytest

from observe import metrics
from observe.metrics import CACHED, HIT, LOCAL, AnswerLabels
from observe.prometheus import PrometheusRecorder
from recsite.config.env import ROOT

DASHBOARD = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text())
ALERTS = re.findall(r"expr: (.+)", (ROOT / "deploy/prometheus-alerts.yml").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
# Looked up when Prometheus asks, whatever was counted.
LOOKED_UP = {
    "shop_model_age_seconds": {"strategy"},
    "shop_queue_length": {"queue"},
    "shop_llm_model_available": {"model"},
}
OF_PROMETHEUS = {"le", "instance"}


def exported() -> dict[str, set[str]]:
    """Return the labels of every sample that the service exports, by its name."""
    counting = PrometheusRecorder()
    counting.request("root", "content", 200, 0.1)
    counting.answered(AnswerLabels("content", "popular", "no history"), CACHED)
    counting.cache("answers", HIT)
    counting.counted_for_throttling(LOCAL)
    counting.throttled("read", "address")
    counting.model_called("written", 1)
    counting.tokens(1, 1, 1)
    counting.key_refused("first")
    counting.model_resting(True)
    counting.words_refused("claims")
    counting.shared_cache("hit")
    counting.snapshot_read(1)
    samples = [sample for family in counting.families(2) for sample in family.samples]
    return {sample.name: set(sample.labels) for sample in samples} | LOOKED_UP


class TestDashboard:
    def test_has_queries(self):
        assert len(QUERIES) > 10
        assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])

    @pytest.mark.parametrize("query", QUERIES)
    def test_names_only_what_is_exported(self, query: str):
        names = set(re.findall(r"\bshop_\w+", query))

        assert names
        assert names <= exported().keys()

    @pytest.mark.parametrize("query", QUERIES)
    def test_groups_and_filters_by_labels_that_are_there(self, query: str):
        grouped = {label for found in re.findall(r"by \(([^)]*)\)", query) for label in found.split(", ")}
        filtered = set(re.findall(r'(\w+)="', query))
        [labels] = {frozenset(exported()[name]) for name in re.findall(r"\bshop_\w+", query)}

        assert grouped | filtered <= labels | OF_PROMETHEUS

    @pytest.mark.parametrize("query", QUERIES)
    def test_aggregates_over_servers(self, query: str):
        for name in re.findall(r"\bshop_\w+", query):
            counts = name.endswith(("_total", "_bucket"))
            before = query[: query.index(name)]

            assert re.search(r"\b(sum|max)( by \([^)]*\))? ?\((rate\(|increase\()?$", before), name
            assert before.endswith(("rate(", "increase(")) == counts, name

    @pytest.mark.parametrize("query", ALERTS)
    def test_alerts_name_only_what_is_exported(self, query: str):
        names = set(re.findall(r"\bshop_\w+", query))

        assert names
        assert names <= exported().keys()

    def test_shows_every_metric(self):
        shown = {name for query in QUERIES for name in re.findall(r"\bshop_\w+", query)}
        families = {re.sub("_(total|bucket|sum|count|created)$", "", name) for name in exported()}

        assert families - {re.sub("_(total|bucket)$", "", name) for name in shown} == {
            "shop_catalogue_snapshot_timestamp_seconds"
        }

    def test_knows_every_report(self):
        reports = {
            name
            for name in vars(metrics.Recorder)
            if not name.startswith("_") and name not in ("is_on", "families")
        }

        assert reports == {
            *("answered", "cache", "counted_for_throttling", "model_called", "request", "snapshot_read"),
            *("throttled", "tokens"),
            *("key_refused", "model_resting", "shared_cache", "words_refused"),
        }
