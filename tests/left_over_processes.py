"""A strategy that waits for a file, so that a test can act while a command is in the middle of its work."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.popular import Popular, PopularRetriever

# Long enough that no test waits for it, short enough that a broken one ends.
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Lingering(Popular):
    """The popular strategy, for whoever waits until the file `open` stands in the folder.

    Each process that comes to the gate writes its number into the file `came`.
    """

    folder: str = ""

    @classmethod
    def from_options(cls, *, folder: str) -> Self:
        return cls(folder)

    def bind(self, snapshot: Snapshot) -> "AtTheGate":
        return AtTheGate(snapshot, Path(self.folder))


@dataclass(frozen=True, slots=True)
class AtTheGate(PopularRetriever):
    folder: Path

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        with (self.folder / "came").open("a") as came:
            came.write(f"{os.getpid()}\n")
        end = time.monotonic() + PATIENCE_SECONDS
        while not (self.folder / "open").exists() and time.monotonic() < end:
            time.sleep(0.02)
        return PopularRetriever.retrieve(self, histories, allowed=allowed, k=k)
