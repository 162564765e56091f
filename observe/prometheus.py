"""The recorder for Prometheus, which can share its counts among the processes of a server through files.

The children of each combination of labels are looked up once, not on every call.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MutexValue, ValueClass

from observe.metrics import AnswerLabels, Recorder
from observe.metrics_folder import remove_stale_gauges

_REQUEST_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_MODEL_BUCKETS = (0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30)
_SNAPSHOT = "shop_catalogue_snapshot_timestamp_seconds"


class PrometheusRecorder(Recorder):
    """A recorder with its own registry.

    folder: shared by the processes of a server; only used if PROMETHEUS_MULTIPROC_DIR was set at start
    """

    is_on = True

    def __init__(self, folder: str = "") -> None:
        self._shared = folder if ValueClass is not MutexValue else ""
        self._registry = registry = CollectorRegistry()
        self._seconds = Histogram(
            "shop_request_seconds",
            "Duration of requests in seconds by route and strategy.",
            ["route", "strategy"],
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self._responses = Counter(
            "shop_responses", "Requests by route and status.", ["route", "status"], registry=registry
        )
        self._answers = Counter(
            "shop_answers",
            "Recommendation responses by strategy and origin: live, stored or kept (cached).",
            ["strategy", "origin"],
            registry=registry,
        )
        self._fallbacks = Counter(
            "shop_fallbacks",
            "Recommendation responses filled up by a fallback, with the reason.",
            ["strategy", "filled_with", "reason"],
            registry=registry,
        )
        self._caches = Counter(
            "shop_cache_requests",
            "Cache lookups by cache and result.",
            ["cache", "result"],
            registry=registry,
        )
        self._counted = Counter(
            "shop_throttle_counts",
            "Requests counted against a rate limit, in Redis (together) or in one process (alone).",
            ["by"],
            registry=registry,
        )
        self._throttled = Counter(
            "shop_throttled",
            "Requests refused by a rate limit, by scope and kind of caller.",
            ["scope", "asker"],
            registry=registry,
        )
        self._llm_calls = Counter(
            "shop_llm_calls",
            "Calls of a language model by outcome.",
            ["outcome"],
            registry=registry,
        )
        self._llm_seconds = Histogram(
            "shop_llm_seconds",
            "Duration of language model calls in seconds.",
            buckets=_MODEL_BUCKETS,
            registry=registry,
        )
        self._llm_tokens = Counter(
            "shop_llm_tokens", "Tokens of language model calls by kind.", ["kind"], registry=registry
        )
        self._llm_cost = Counter(
            "shop_llm_cost", "Cost of language model calls by the prices in settings.", registry=registry
        )
        self._llm_resting = Gauge(
            "shop_llm_resting",
            "1 if a process leaves the language model alone after failures, else 0.",
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._words_refused = Counter(
            "shop_llm_words_refused",
            "Sentences of a language model that the checker refused.",
            ["check"],
            registry=registry,
        )
        self._keys_refused = Counter(
            "shop_llm_keys_refused",
            "API keys refused by the language model's server.",
            ["key"],
            registry=registry,
        )
        self._shared_caches = Counter(
            "shop_redis_calls",
            "Calls of the Redis cache: done, failed, skipped during an outage; hits and misses.",
            ["outcome"],
            registry=registry,
        )
        self._by_cache_outcome: dict[str, Callable[[], None]] = {}
        self._by_request: dict[tuple[str, str, int], tuple[Callable[[float], None], Callable[[], None]]] = {}
        self._by_answer: dict[tuple[AnswerLabels, str], tuple[Callable[[], None], ...]] = {}
        self._by_cache: dict[tuple[str, str], Callable[[], None]] = {}
        self._by_count: dict[str, Callable[[], None]] = {}

    @cached_property
    def _snapshot(self) -> Gauge:
        """The gauge, created when it is first set: in a process without a catalogue it would be 1970."""
        return Gauge(
            _SNAPSHOT,
            "Time of the oldest catalogue snapshot of a process, in seconds since 1970.",
            multiprocess_mode="livemin",
            registry=self._registry,
        )

    def request(self, route: str, strategy: str, status: int, seconds: float) -> None:
        found = self._by_request.get((route, strategy, status))
        if found is None:
            counter = self._responses.labels(route, str(status))
            found = self._seconds.labels(route, strategy).observe, counter.inc
            self._by_request[route, strategy, status] = found
        observe, count = found
        observe(seconds)
        count()

    def answered(self, labels: AnswerLabels, origin: str) -> None:
        found = self._by_answer.get((labels, origin))
        if found is None:
            found = (self._answers.labels(labels.strategy, origin).inc,)
            if labels.filled_with:
                found = (*found, self._fallbacks.labels(labels.strategy, labels.filled_with, labels.why).inc)
            self._by_answer[labels, origin] = found
        for count in found:
            count()

    def cache(self, name: str, result: str) -> None:
        found = self._by_cache.get((name, result))
        if found is None:
            found = self._by_cache[name, result] = self._caches.labels(name, result).inc
        found()

    def counted_for_throttling(self, by: str) -> None:
        found = self._by_count.get(by)
        if found is None:
            found = self._by_count[by] = self._counted.labels(by).inc
        found()

    def throttled(self, scope: str, asker: str) -> None:
        self._throttled.labels(scope, asker).inc()

    def model_called(self, outcome: str, seconds: float | None) -> None:
        self._llm_calls.labels(outcome).inc()
        if seconds is not None:
            self._llm_seconds.observe(seconds)

    def words_refused(self, check: str) -> None:
        self._words_refused.labels(check).inc()

    def model_resting(self, is_resting: bool) -> None:
        self._llm_resting.set(is_resting)

    def key_refused(self, key: str) -> None:
        self._keys_refused.labels(key).inc()

    def shared_cache(self, outcome: str) -> None:
        found = self._by_cache_outcome.get(outcome)
        if found is None:
            found = self._by_cache_outcome[outcome] = self._shared_caches.labels(outcome).inc
        found()

    def tokens(self, prompt: int, completion: int, cost: float) -> None:
        self._llm_tokens.labels("prompt").inc(prompt)
        self._llm_tokens.labels("completion").inc(completion)
        self._llm_cost.inc(cost)

    def snapshot_read(self, at: float) -> None:
        self._snapshot.set(at)

    def families(self, now: float) -> Iterator[Metric]:
        """Yield the metric families of all processes that share the folder. now: seconds since 1970"""
        for family in self._collect_shared() if self._shared else self._registry.collect():
            yield family
            if family.name == _SNAPSHOT:
                for sample in family.samples:
                    if sample.value:
                        yield GaugeMetricFamily(
                            "shop_catalogue_snapshot_age_seconds",
                            "Age of the oldest catalogue snapshot of a process, in seconds.",
                            now - sample.value,
                        )

    def _collect_shared(self) -> Iterable[Metric]:
        remove_stale_gauges(self._shared)
        source: Any = MultiProcessCollector(None, path=self._shared)  # type: ignore[no-untyped-call]
        found: Iterable[Metric] = source.collect()
        return found
