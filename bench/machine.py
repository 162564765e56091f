"""A description of the machine and the code of a run, to tell runs apart."""

import os
import platform
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import shops


def described() -> dict[str, Any]:
    """Return the machine, versions, commit, command and time."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python", "-m", "bench", *sys.argv[1:]]),
        "commit": _commit(),
        "processor": _first(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory": _first(Path("/proc/meminfo"), "MemTotal"),
        "load_before": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _first(file: Path, field: str) -> str:
    """Return the first value of the field in a file of /proc, "" if there is none."""
    if not file.exists():
        return ""
    for line in file.read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return ""


def _commit() -> str:
    """Return the commit, with a + if files have changed, "" outside of a repository."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],
        cwd=shops.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip()
