"""Placeholder for a missing model: it returns no candidates, so the fallback fills the list."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Reasons


@dataclass(frozen=True, slots=True)
class Untrained:
    """Model and retriever without candidates."""

    def bind(self, snapshot: Snapshot) -> Self:
        return self

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        shape = (len(histories), k)
        return Candidates(np.full(shape, -1, np.int64), np.zeros(shape, np.int64))

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        return [[] for _ in range(len(histories))]
