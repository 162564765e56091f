"""How much memory servers and workers take, each with all its processes, and whether that grows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import psutil

from deploy.processes import Child

MIB = 1 << 20
# Samples of one minute differ by less than this without anything growing.
MOST_GROWTH = 0.05


@dataclass(frozen=True, slots=True)
class Sample:
    """seconds: since the beginning; mib: the processes' own memory, and their shares of what is in common.

    The proportional set. What each has for itself alone grows without anything being taken: a page that a
    fork left in common becomes everybody's own as soon as somebody writes to it.
    """

    seconds: float
    mib: float


@dataclass(slots=True)
class Watched:
    """A server or worker, by the process that began it, and what it used."""

    name: str
    pid: int
    samples: list[Sample] = field(default_factory=list)

    def between(self, first: float, last: float) -> float:
        """Return the mean of those seconds. Raises StatisticsError where there is no sample."""
        return fmean(sample.mib for sample in self.samples if first <= sample.seconds <= last)


@dataclass(frozen=True, slots=True)
class Growth:
    """What a server or worker used in the minute after it had settled, and in the last one."""

    name: str
    pid: int
    settled_mib: float
    last_mib: float
    most_mib: float

    @property
    def share(self) -> float:
        return self.last_mib / self.settled_mib - 1

    @property
    def is_small(self) -> bool:
        return self.share < MOST_GROWTH


def family(child: Child) -> list[psutil.Process]:
    """Return the process and all that it has started, in the order of their birth."""
    try:
        parent = psutil.Process(child.pid)
        return [
            parent,
            *sorted(parent.children(recursive=True), key=lambda one: (one.create_time(), one.pid)),
        ]
    except psutil.NoSuchProcess:
        return []


def _taken(process: psutil.Process) -> int:
    """Return the bytes of the process; where the system does not know the shares, those of its own alone."""
    found = process.memory_full_info()
    return int(getattr(found, "pss", 0) or found.uss)


class Watch:
    """Samples the processes of some children: those that are there when it begins."""

    def __init__(self, children: Mapping[str, Child]) -> None:
        self._families = {name: family(child) for name, child in children.items()}
        self.watched = {name: Watched(name, child.pid) for name, child in children.items()}
        self._children = dict(children)

    def look(self, seconds: float) -> None:
        """Add a sample of each that is there with all its processes."""
        for name, processes in self._families.items():
            try:
                mib = sum(_taken(process) for process in processes) / MIB
            except psutil.NoSuchProcess:
                continue
            if processes:
                self.watched[name].samples.append(Sample(seconds, mib))

    def changed(self) -> list[str]:
        """Return a line for each process that has gone or come since the first look."""
        now = {process.pid for child in self._children.values() for process in family(child)}
        before = {process.pid: name for name, family in self._families.items() for process in family}
        gone = [f"{name} ({pid}) is gone" for pid, name in before.items() if pid not in now]
        return [*gone, *(f"{pid} has come" for pid in now - before.keys())]

    def growths(self, settled: tuple[float, float], last: tuple[float, float]) -> Sequence[Growth]:
        """Return how each grew from the one span of seconds to the other."""
        return [
            Growth(
                one.name,
                one.pid,
                round(one.between(*settled), 2),
                round(one.between(*last), 2),
                round(max(sample.mib for sample in one.samples), 2),
            )
            for one in self.watched.values()
        ]
