"""Counts what is reported, for Prometheus; in files that the processes of a server share, if there are any.

Labels are put together once for each combination, not for each report.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MutexValue, ValueClass

from observe.folder import bury
from observe.metrics import AnswerLabels, Recorder

_QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW = (0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30)
_SNAPSHOT = "shop_catalogue_snapshot_timestamp_seconds"


class PrometheusRecorder(Recorder):
    """Counts in a registry of its own.

    folder: where the processes of a server count together; not used unless this process began with it
    """

    is_on = True

    def __init__(self, folder: str = "") -> None:
        self._shared = folder if ValueClass is not MutexValue else ""
        self._own = own = CollectorRegistry()
        self._seconds = Histogram(
            "shop_request_seconds",
            "How long requests took, by route and strategy.",
            ["route", "strategy"],
            buckets=_QUICK,
            registry=own,
        )
        self._responses = Counter(
            "shop_responses", "Requests by route and status.", ["route", "status"], registry=own
        )
        self._answers = Counter(
            "shop_answers",
            "Shoppers' lists by strategy, and whether they were computed live, stored ahead or kept.",
            ["strategy", "origin"],
            registry=own,
        )
        self._fallbacks = Counter(
            "shop_fallbacks",
            "Lists that were filled up, with what and why.",
            ["strategy", "filled_with", "reason"],
            registry=own,
        )
        self._caches = Counter(
            "shop_cache_requests", "Caches by name and result.", ["cache", "result"], registry=own
        )
        self._counted = Counter(
            "shop_throttle_counts",
            "Requests that counted against a limit: by all processes together, or by one alone.",
            ["by"],
            registry=own,
        )
        self._throttled = Counter(
            "shop_throttled",
            "Requests that were refused because somebody asked too often.",
            ["scope", "asker"],
            registry=own,
        )
        self._llm_calls = Counter(
            "shop_llm_calls",
            "Texts asked of a language model: written, or why not.",
            ["outcome"],
            registry=own,
        )
        self._llm_seconds = Histogram(
            "shop_llm_seconds", "How long a language model took.", buckets=_SLOW, registry=own
        )
        self._llm_tokens = Counter(
            "shop_llm_tokens", "Tokens of prompts and completions.", ["kind"], registry=own
        )
        self._llm_cost = Counter("shop_llm_cost", "What these cost, by the prices in settings.", registry=own)
        self._keys_refused = Counter(
            "shop_llm_keys_refused", "Keys that a language model's server refused.", ["key"], registry=own
        )
        self._shared_caches = Counter(
            "shop_redis_calls",
            "Calls to the cache of all servers: done, failed, skipped while it is away; and hits and misses.",
            ["outcome"],
            registry=own,
        )
        self._of_shared_cache: dict[str, Callable[[], None]] = {}
        self._of_request: dict[tuple[str, str, int], tuple[Callable[[float], None], Callable[[], None]]] = {}
        self._of_answer: dict[tuple[AnswerLabels, str], tuple[Callable[[], None], ...]] = {}
        self._of_cache: dict[tuple[str, str], Callable[[], None]] = {}
        self._of_count: dict[str, Callable[[], None]] = {}

    @cached_property
    def _snapshot(self) -> Gauge:
        """Made when it is first set: in a process without a catalogue it would say 1970."""
        return Gauge(
            _SNAPSHOT,
            "When the oldest catalogue in a process's memory was read, in seconds since 1970.",
            multiprocess_mode="livemin",
            registry=self._own,
        )

    def request(self, route: str, strategy: str, status: int, seconds: float) -> None:
        found = self._of_request.get((route, strategy, status))
        if found is None:
            counter = self._responses.labels(route, str(status))
            found = self._seconds.labels(route, strategy).observe, counter.inc
            self._of_request[route, strategy, status] = found
        observe, count = found
        observe(seconds)
        count()

    def answered(self, tally: AnswerLabels, origin: str) -> None:
        found = self._of_answer.get((tally, origin))
        if found is None:
            found = (self._answers.labels(tally.strategy, origin).inc,)
            if tally.filled_with:
                found = (*found, self._fallbacks.labels(tally.strategy, tally.filled_with, tally.why).inc)
            self._of_answer[tally, origin] = found
        for count in found:
            count()

    def cache(self, name: str, result: str) -> None:
        found = self._of_cache.get((name, result))
        if found is None:
            found = self._of_cache[name, result] = self._caches.labels(name, result).inc
        found()

    def counted_for_throttling(self, by: str) -> None:
        found = self._of_count.get(by)
        if found is None:
            found = self._of_count[by] = self._counted.labels(by).inc
        found()

    def throttled(self, scope: str, asker: str) -> None:
        self._throttled.labels(scope, asker).inc()

    def model_called(self, outcome: str, seconds: float) -> None:
        self._llm_calls.labels(outcome).inc()
        self._llm_seconds.observe(seconds)

    def key_refused(self, key: str) -> None:
        self._keys_refused.labels(key).inc()

    def shared_cache(self, outcome: str) -> None:
        found = self._of_shared_cache.get(outcome)
        if found is None:
            found = self._of_shared_cache[outcome] = self._shared_caches.labels(outcome).inc
        found()

    def tokens(self, prompt: int, completion: int, cost: float) -> None:
        self._llm_tokens.labels("prompt").inc(prompt)
        self._llm_tokens.labels("completion").inc(completion)
        self._llm_cost.inc(cost)

    def snapshot_read(self, at: float) -> None:
        self._snapshot.set(at)

    def families(self, now: float) -> Iterator[Metric]:
        """Yield what was counted, by all processes that share a directory. now: seconds since 1970"""
        for family in self._together() if self._shared else self._own.collect():
            yield family
            if family.name == _SNAPSHOT:
                for sample in family.samples:
                    if sample.value:
                        age = "How old the oldest catalogue in a process's memory is."
                        yield GaugeMetricFamily(
                            "shop_catalogue_snapshot_age_seconds", age, now - sample.value
                        )

    def _together(self) -> Iterable[Metric]:
        bury(self._shared)
        source: Any = MultiProcessCollector(None, path=self._shared)  # type: ignore[no-untyped-call]
        found: Iterable[Metric] = source.collect()
        return found
