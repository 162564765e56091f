"""Holds a running service to its OpenAPI document: schemathesis asks what it allows, and what it does not."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.asking import Client

CONFIG = Path(__file__).with_name("contract.toml")
# What the service is told, so that all of it answers: nothing is open to everybody, so that keys are asked
# for, and nothing is limited, since thousands of requests a minute would hear of nothing but that.
TOLD = {"API_OPEN_READS": "false", "THROTTLE_RATES": "all=off"}
SCOPES = (
    *("catalog:read", "catalog:write", "events:write", "recommend:read"),
    *("users:read", "users:write", "tokens:issue"),
)
EVERY_PHASE = ("examples", "coverage", "fuzzing", "stateful")


class NotExamined(RuntimeError):
    """schemathesis did not come to an end; the message says why."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of it. statuses: how many answers of each; failures: a line for each kind that was found."""

    n_cases: int
    n_operations: int
    seconds: float
    statuses: dict[int, int]
    failures: tuple[str, ...]
    report: str

    @property
    def n_server_errors(self) -> int:
        return sum(n for status, n in self.statuses.items() if status >= 500)

    def line(self) -> str:
        """Return the figures in one line."""
        told = ", ".join(f"{n:,} × {status}" for status, n in self.statuses.items())
        return (
            f"{self.n_cases:,} cases of {self.n_operations} operations in {self.seconds:.0f} s: {told}; "
            f"{self.n_server_errors} server errors, {len(self.failures)} kinds of failure"
        )


def examined(
    client: Client,
    folder: Path,
    *,
    n_examples: int,
    phases: tuple[str, ...] = EVERY_PHASE,
    seconds: int | None = None,
    seed: int = 1,
) -> Examined:
    """Return what schemathesis found. client: asks the server with a key of every scope. Raises NotExamined.

    n_examples: how many cases an operation, besides those of the phase `coverage`, which are as many as there
    are; seconds: of the whole run, which goes on until then
    """
    document, reports = folder / "openapi.yaml", folder / "contract"
    answer = client.get("/schema")
    if answer.status != 200:
        raise NotExamined(f"/schema answers {answer.status} {answer.body}")
    document.write_text(str(answer.body), encoding="utf-8")
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIG, "--no-color"),
            *("run", document, "--url", client.url, "--checks", "all", "--phases", ",".join(phases)),
            *("--max-examples", str(n_examples), "--seed", str(seed), "--request-timeout", "10"),
            *(("--max-time", str(seconds)) if seconds else ()),
            *("--report", "json,ndjson", "--report-dir", reports, "--no-shrink"),
        ],
        cwd=folder,
        env={**os.environ, "SHOP_KEY": client.key, "NO_PROXY": "127.0.0.1"},
        check=False,
        capture_output=True,
        text=True,
    )
    said = f"{ran.stdout}\n{ran.stderr}"
    try:
        [told], [events] = reports.glob("json-*.json"), reports.glob("ndjson-*.ndjson")
        return _found(json.loads(told.read_text(encoding="utf-8")), events, said)
    except (ValueError, KeyError) as error:
        raise NotExamined(f"schemathesis ended with {ran.returncode}: {said[-2000:]}") from error


def _found(told: dict[str, Any], events: Path, said: str) -> Examined:
    failures = [
        f"{one['title']}, {one['count']} times: {', '.join(one['operations'])}" for one in told["failures"]
    ]
    failures += [f"An error of schemathesis: {json.dumps(one)[:300]}" for one in told["errors"]]
    return Examined(
        n_cases=told["test_cases"]["generated"],
        n_operations=told["operations"]["tested"],
        seconds=told["running_time"],
        statuses=_statuses(events),
        failures=tuple(failures),
        report=said,
    )


def _statuses(events: Path) -> dict[int, int]:
    """Return how many answers of each status were recorded; 0 is none at all."""
    found: Counter[int] = Counter()
    with events.open(encoding="utf-8") as lines:
        for line in lines:
            scenario = json.loads(line).get("ScenarioFinished")
            for one in scenario["recorder"].get("interactions", {}).values() if scenario else ():
                found[(one.get("response") or {}).get("status_code", 0)] += 1
    return dict(sorted(found.items()))
