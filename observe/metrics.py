"""The metrics, recorded through `metrics.recorder`, which does nothing until it is turned on."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class AnswerLabels(NamedTuple):
    """The labels of an answer: its strategy, the fallback that filled it up and why ("" for none)."""

    strategy: str
    filled_with: str = ""
    why: str = ""


NO_LABELS = AnswerLabels("")
LIVE, STORED, CACHED = "live", "stored", "kept"  # "kept" is from a response cache
HIT, MISS, STALE, FAILED = "hit", "miss", "stale", "failed"
SHARED, LOCAL = "together", "alone"


class Recorder:
    """A recorder that does nothing. `observe.prometheus.PrometheusRecorder` is the one that counts."""

    is_on = False

    def answered(self, labels: AnswerLabels, origin: str) -> None:
        """Count a response with a shopper's recommendations. origin: LIVE, STORED or CACHED"""

    def cache(self, name: str, result: str) -> None:
        """Count a cache lookup. result: HIT, MISS, STALE for an outdated entry, FAILED for a failed lookup"""

    def request(self, route: str, strategy: str, status: int, seconds: float) -> None:
        """Count a request and its duration. strategy: "" if the response has none"""

    def counted_for_throttling(self, by: str) -> None:
        """Count a request that counted against a rate limit. by: SHARED in Redis, or LOCAL in this process"""

    def throttled(self, scope: str, asker: str) -> None:
        """Count a request refused by a rate limit. asker: the kind of caller, such as "address" """

    def model_called(self, outcome: str, seconds: float | None) -> None:
        """Count a call of a language model. outcome: "written", or a word or two about the failure

        seconds: how long it took, None if the model was left alone instead
        """

    def words_refused(self, check: str) -> None:
        """Count a sentence of a language model that the checker refused. check: the first one that failed"""

    def model_resting(self, is_resting: bool) -> None:
        """Set whether this process leaves the language model alone after failures."""

    def key_refused(self, key: str) -> None:
        """Count a key that the language model's server refused. key: "first" or "second\""""

    def tokens(self, prompt: int, completion: int, cost: float) -> None:
        """Count the tokens of a call of a language model. cost: in the currency of the prices in settings"""

    def shared_cache(self, outcome: str) -> None:
        """Count a call of the Redis cache. outcome: "hit" or "miss"; "done", "failed" or "skipped" """

    def snapshot_read(self, at: float) -> None:
        """Set when this process's catalogue snapshot was read, in seconds since 1970."""

    def families(self, now: float) -> Iterator[Any]:
        """Yield the metric families of prometheus_client. now: seconds since 1970"""
        return iter(())


recorder = Recorder()


def turn_on(folder: str = "") -> None:
    """Start recording in this process. folder: shared by the processes of one server, "" for none"""
    global recorder  # noqa: PLW0603  callers do not know which recorder is active
    if not recorder.is_on:
        from observe.prometheus import PrometheusRecorder  # noqa: PLC0415  imported only if metrics are on

        recorder = PrometheusRecorder(folder)


def turn_off() -> None:
    """Stop recording in this process and discard the counts."""
    global recorder  # noqa: PLW0603
    recorder = Recorder()
