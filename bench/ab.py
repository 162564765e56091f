"""Comparison of two servers in one run of bench_http.py, in alternating slices."""

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from bench import shops
from bench.options import Options


@dataclass(frozen=True, slots=True)
class Side:
    """The target of requests.

    ids:          the first and last id to replace {id}, drawn uniformly
    key:          an API key to send; "" for none
    database_pid: its database server, whose CPU time is counted apart; 0 for none
    """

    url: str
    path: str
    ids: tuple[int, int]
    key: str = ""
    database_pid: int = 0


@dataclass(frozen=True, slots=True)
class Ratios:
    """Ratios of the second side to the first. found: the whole output of bench_http.py"""

    found: dict[str, Any]

    def of(self, name: str) -> float:
        """Return the ratio of "rps", "p50_ms", "p99_ms" or "server_cpu_ms_per_req".

        NaN if the first side finished no request within its turns, which must then be longer.
        """
        found = self.found["ratio_b_over_a"][name]
        return math.nan if found is None else float(found)

    def interval(self, name: str) -> tuple[float, float]:
        """Return the 95 % confidence interval of that ratio (bootstrap over the slices)."""
        low, high = self.found["ratio_ci95"][name]
        return (low, high)

    def note(self, name: str, unit: str) -> str:
        """Return the values of both sides, the second one first."""
        first, second = self.found["a"][name], self.found["b"][name]
        return f"{second:,.4g} against {first:,.4g} {unit}"


def compared(first: Side, second: Side, options: Options, label: str, *, body: str = "") -> Ratios:
    """Return the ratios. Raises SystemExit if a request failed.

    body: JSON to post, where {id} and {unique} are replaced; "" to send GET requests
    """
    own = [
        argument
        for mark, side in (("", first), ("-b", second))
        for argument in (
            *(("--auth" + mark, f"Api-Key {side.key}") if side.key else ()),
            *(("--database-pid" + mark, str(side.database_pid)) if side.database_pid else ()),
        )
    ]
    arguments = [
        *own,
        *(("--method", "POST", "--expect", "201", "--body", body) if body else ()),
        *("--url", first.url, "--path", first.path, "--ids", _span(first)),
        *("--url-b", second.url, "--path-b", second.path, "--ids-b", _span(second)),
        *("--slices", str(options.slices), "--slice-seconds", str(options.seconds)),
        *("--concurrency", str(options.concurrency), "--max-foreign", str(options.max_foreign)),
        *("--label", label),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "bench.bench_http", *arguments],
        cwd=shops.ROOT,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{label}: requests failed. {done.stdout[-2000:]}")
    return Ratios(json.loads(done.stdout))


def _span(side: Side) -> str:
    first, last = side.ids
    return f"{first}-{last}"
