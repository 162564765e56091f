"""What is worth counting, and the one place to report it to: `metrics.sink`, silent until it is turned on."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class AnswerLabels(NamedTuple):
    """What is counted of an answer: who made it; what filled it up, and why, "" for nothing."""

    strategy: str
    filled_with: str = ""
    why: str = ""


NO_LABELS = AnswerLabels("")
LIVE, STORED, KEPT = "live", "stored", "kept"
HIT, MISS, STALE, FAILED = "hit", "miss", "stale", "failed"
TOGETHER, ALONE = "together", "alone"


class Recorder:
    """Takes reports and counts nothing; `observe.prometheus.PrometheusRecorder` counts."""

    is_on = False

    def answered(self, tally: AnswerLabels, origin: str) -> None:
        """A shopper's list was answered. origin: LIVE, STORED or KEPT"""

    def cache(self, name: str, result: str) -> None:
        """A cache was asked. result: HIT, MISS, STALE for what held no more, FAILED for no answer"""

    def request(self, route: str, strategy: str, status: int, seconds: float) -> None:
        """A request was answered. strategy: "" where none was asked"""

    def counted_for_throttling(self, by: str) -> None:
        """A request counted against a limit. by: TOGETHER by all processes, ALONE by this one"""

    def throttled(self, scope: str, asker: str) -> None:
        """Somebody asked too often. asker: as what they are counted, such as "address"."""

    def model_called(self, outcome: str, seconds: float) -> None:
        """A language model was asked for words. outcome: "written", or why not, in a word or two"""

    def key_refused(self, key: str) -> None:
        """A language model's server refused a key. key: "first" or "second\""""

    def tokens(self, prompt: int, completion: int, cost: float) -> None:
        """A language model said what its answer took. cost: in the currency of the prices in settings"""

    def shared_cache(self, outcome: str) -> None:
        """The cache of all servers was asked. outcome: "hit" or "miss"; "done", "failed" or "skipped" """

    def snapshot_read(self, at: float) -> None:
        """The catalogue in this process's memory is what the database held at that moment, since 1970."""

    def families(self, now: float) -> Iterator[Any]:
        """Yield what was counted, as prometheus_client has it. now: seconds since 1970"""
        return iter(())


recorder = Recorder()


def turn_on(folder: str = "") -> None:
    """From here on this process counts. folder: where the processes of one server do so together"""
    global recorder  # noqa: PLW0603  what reports must not know who listens
    if not recorder.is_on:
        from observe.prometheus import PrometheusRecorder  # noqa: PLC0415  brings its package only where somebody counts

        recorder = PrometheusRecorder(folder)


def turn_off() -> None:
    """From here on this process counts nothing, and has counted nothing."""
    global recorder  # noqa: PLW0603
    recorder = Recorder()
