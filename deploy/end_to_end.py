"""`make stack-test`: starts phase 3, drives it end to end, stops it; a table, JSON, and 1 where it failed."""

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.__main__ import REASONS, place, say, stop_when_told
from deploy.asking import Client
from deploy.faults import CONTRACT, FAULTS
from deploy.processes import DidNotStart, listens
from deploy.stack import ROOT, CannotStart, Stack, started
from deploy.story import STORY, Drive, NotAsItShouldBe

PHASE = 3
RESULTS = ROOT / "deploy" / "results" / "stack-test.json"
*_BEFORE, _KILLS_A_SERVER = STORY  # for good, so it comes late
STEPS = (*_BEFORE, *FAULTS, _KILLS_A_SERVER, CONTRACT)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step saw, or what was wrong."""

    step: str
    holds: bool
    seconds: float
    saw: str

    def line(self) -> str:
        return f"{'holds' if self.holds else 'FAILED':<7} {self.seconds:6.1f} s  {self.step:<30} {self.saw}"


def driven(stack: Stack) -> tuple[list[Outcome], dict[str, float]]:
    """Return what every step saw, and the figures. After one that failed the others go on."""
    drive, outcomes = Drive(stack, Client(stack.url)), []
    for name, step in STEPS:
        began = time.monotonic()
        try:
            saw, holds = step(drive), True
        except (NotAsItShouldBe, CannotStart, DidNotStart) as error:
            saw, holds = str(error), False
        outcomes.append(Outcome(name, holds, round(time.monotonic() - began, 2), saw))
        say(outcomes[-1].line())
    return outcomes, drive.figures


def gone(stack: Stack) -> Outcome:
    """Return whether nothing of the stack is left once it was stopped."""
    left = [name for name, child in stack.children.items() if child.is_running()]
    ports = [int(address.rpartition(":")[2]) for address in stack.addresses.values()]
    left += [f"port {port}" for port in ports if listens(port)]
    return Outcome("everything stops", not left, 0.0, f"left: {left}" if left else "no process, no port")


def main() -> int:
    """Return 0 when everything held."""
    stop_when_told()
    began = time.monotonic()
    with place() as folder:
        try:
            with started(PHASE, folder, say) as stack:
                up = f"{len(stack.children)} processes. {' '.join(stack.missing)}".strip()
                first = Outcome("starts", True, round(time.monotonic() - began, 2), up)
                say(f"\n{first.line()}")
                outcomes, figures = driven(stack)
        except REASONS as error:
            say(f"The stack does not start. {error}")
            return 1
        outcomes = [first, *outcomes, gone(stack)]
        say(outcomes[-1].line())
        write(outcomes, figures)
        failed = sum(not outcome.holds for outcome in outcomes)
        say(
            f"\n{len(outcomes) - failed} of {len(outcomes)} hold; {RESULTS.relative_to(ROOT)} has it as JSON."
        )
        if failed:
            words(stack)
    return 1 if failed else 0


def write(outcomes: list[Outcome], figures: dict[str, float], to: Path = RESULTS) -> None:
    """Write what was seen as JSON."""
    to.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "phase": PHASE,
        "cores": os.cpu_count(),
        "holds": all(outcome.holds for outcome in outcomes),
        "steps": [asdict(outcome) for outcome in outcomes],
        "figures": figures,
    }
    to.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def words(stack: Stack) -> None:
    """Show the last words of every process: their files are about to go."""
    for child in stack.children.values():
        say(f"\n{child.last_words()}")


if __name__ == "__main__":
    sys.exit(main())
