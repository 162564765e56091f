"""What tests observe of caches: what they report, and how long they keep what they are given."""

from typing import Any

import pytest

from observe import metrics
from recsite.cache.local import LocalCache


class CacheCounts(metrics.Recorder):
    """Lists each lookup of a cache as "name result", and the origin of each answer."""

    def __init__(self) -> None:
        self.lookups: list[str] = []
        self.origins: list[str] = []

    def cache(self, name: str, result: str) -> None:
        self.lookups.append(f"{name} {result}")

    def answered(self, labels: metrics.AnswerLabels, origin: str) -> None:
        self.origins.append(origin)


def counting(monkeypatch: pytest.MonkeyPatch) -> CacheCounts:
    """Return a recorder that replaces the process's own for one test."""
    counts = CacheCounts()
    monkeypatch.setattr(metrics, "recorder", counts)
    return counts


class TimedCache(LocalCache):
    """Notes the time-out of everything that is put into it, and of every claim."""

    def __init__(self) -> None:
        super().__init__("a test of time-outs", {})
        self.clear()
        self.timeouts: list[object] = []
        self.claims: list[object] = []

    def set(self, key: str, value: Any, timeout: Any = "default", version: int | None = None) -> None:
        self.timeouts.append(timeout)
        super().set(key, value, 60, version)

    def get_or_claim(self, key: str, seconds: float) -> tuple[Any, bool]:
        self.claims.append(seconds)
        return super().get_or_claim(key, seconds)
