"""Memory of servers and workers, each with all its processes, and its growth."""

from collections.abc import Mapping
from statistics import fmean
from typing import Protocol

import psutil

MIB = 1 << 20


class Process(Protocol):
    @property
    def pid(self) -> int: ...


class MemoryWatch:
    """Samples the memory of children, for the processes that exist when it begins.

    samples: by child, the seconds of each sample and the MiB. They are proportional set sizes: a page that a
    fork shares counts in part, so that it does not look like growth when a process writes to it.
    """

    def __init__(self, children: Mapping[str, Process]) -> None:
        self._children = dict(children)
        self._families = {name: _family(child) for name, child in children.items()}
        self.samples: dict[str, list[tuple[float, float]]] = {name: [] for name in children}

    def sample(self, seconds: float) -> None:
        """Add a sample of each child whose processes are all running."""
        for name, processes in self._families.items():
            try:
                mib = sum(_bytes_of(process) for process in processes) / MIB
            except psutil.NoSuchProcess:
                continue
            self.samples[name].append((seconds, mib))

    def changes(self) -> list[str]:
        """Return a line for each process that has exited or started since the beginning."""
        now = {process.pid for child in self._children.values() for process in _family(child)}
        before = {process.pid: name for name, family in self._families.items() for process in family}
        exited = [f"{name} ({pid}) has exited" for pid, name in before.items() if pid not in now]
        return [*exited, *(f"{pid} has started" for pid in now - before.keys())]

    def mean(self, name: str, span: tuple[float, float]) -> float:
        """Return the child's mean MiB in that span of seconds. Raises StatisticsError without a sample."""
        first, last = span
        return fmean(mib for seconds, mib in self.samples[name] if first <= seconds <= last)


def _family(child: Process) -> list[psutil.Process]:
    """Return the process and all its descendants that run."""
    try:
        parent = psutil.Process(child.pid)
        return [
            process
            for process in (parent, *parent.children(recursive=True))
            if process.status() != psutil.STATUS_ZOMBIE
        ]
    except psutil.NoSuchProcess:
        return []


def _bytes_of(process: psutil.Process) -> int:
    """Return the proportional set size, or on other systems the memory of the process alone."""
    found = process.memory_full_info()
    return int(getattr(found, "pss", 0) or found.uss)
