"""`make soak`: phase 3 under a steady load; a table of memory, JSON, and 1 where anything grew or failed."""

import argparse
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from deploy.__main__ import REASONS, place, say, stop_when_told
from deploy.contract import SCOPES
from deploy.crowd import Seen, asked, crowding, longest, of_others, statuses
from deploy.load import mixture, paced, shoppers
from deploy.memory import Growth, Watch
from deploy.stack import ROOT, CannotStart, Stack, started

PHASE = 3
RESULTS = ROOT / "deploy" / "results" / "soak.json"
EVERY_SECONDS = 5.0
SETTLING_SECONDS, SPAN_SECONDS = 120.0, 60.0
GENERATION_SECONDS = 30.0  # from one generation by the workers to the next, so that they have something to do
N_CONNECTIONS = 8
ACCEPTED = (200, 201, 207)
WRONG_LINES = re.compile(r'"level": ?"(error|critical)"|Traceback|\b(ERROR|CRITICAL)\b')


@dataclass(frozen=True, slots=True)
class Spans:
    """The two spans of seconds that are compared, and how long everything takes."""

    settled: tuple[float, float]
    last: tuple[float, float]
    seconds: float

    def __str__(self) -> str:
        (begin, end), (late, over) = self.settled, self.last
        return f"seconds {begin:.0f} to {end:.0f} are compared with {late:.0f} to {over:.0f}"

    @classmethod
    def of(cls, minutes: float) -> "Spans":
        """Return minute 2 to 3 and the last minute; of a run too short for that, fifths of it."""
        seconds = minutes * 60
        if seconds >= SETTLING_SECONDS + 2 * SPAN_SECONDS:
            settled = (SETTLING_SECONDS, SETTLING_SECONDS + SPAN_SECONDS)
            return cls(settled, (seconds - SPAN_SECONDS, seconds), seconds)
        return cls((0.4 * seconds, 0.6 * seconds), (0.8 * seconds, seconds), seconds)


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of it. wrong: a line for each thing that was not as it should be."""

    growths: Sequence[Growth]
    n_requests: int
    statuses: dict[int, int]
    slowest_s: float
    n_generations: int
    wrong: list[str]


def generating(stack: Stack, is_over: Event, done: list[str], failed: list[str]) -> None:
    """Have the workers generate again and again."""
    while not is_over.wait(GENERATION_SECONDS):
        try:
            done.append(stack.manage("generate_recommendations", "--distributed", "--batch-size", "50"))
        except CannotStart as error:
            failed.append(str(error))


def soaked(stack: Stack, spans: Spans, a_second: float) -> Soaked:
    """Return what the processes of the service used while somebody asked all the time."""
    key = stack.manage("apikey", "make", "soak", "--scope", *SCOPES).strip()
    made = asked(stack.url, shoppers(), connections=N_CONNECTIONS, key=key)
    names = (*stack.phase.web, *(worker.name for worker in stack.phase.workers), "beat")
    watch = Watch({name: stack.children[name] for name in names})
    is_over, done, failed = Event(), list[str](), list[str]()
    generation = Thread(target=generating, args=(stack, is_over, done, failed))
    generation.start()
    requests = paced(mixture(f"soak-{os.getpid()}"), a_second)
    began = time.monotonic()
    with crowding(stack.url, requests, connections=N_CONNECTIONS, key=key) as seen:
        while (elapsed := time.monotonic() - began) < spans.seconds:
            watch.look(elapsed)
            time.sleep(min(EVERY_SECONDS, max(spans.seconds - elapsed, 0.0)))
        watch.look(spans.seconds)
    is_over.set()
    generation.join()
    growths = watch.growths(spans.settled, spans.last)
    wrong = [*_unanswered([*made, *seen]), *failed, *watch.changed(), *_lines(stack.folder)]
    wrong += [
        f"{one.name} grew by {one.share:.1%}, from {one.settled_mib} to {one.last_mib} MiB"
        for one in growths
        if not one.is_small
    ]
    return Soaked(growths, len(seen), statuses(seen), round(longest(seen), 3), len(done), wrong)


def _unanswered(seen: Sequence[Seen]) -> list[str]:
    """Return a line for each kind of request that got another answer than it should."""
    kinds = Counter(
        f"{each.request.method} {each.request.path.partition('?')[0]} answered {each.answer.status} "
        f"{str(each.answer.body)[:120]}"
        for each in of_others(seen, ACCEPTED)
    )
    return [f"{n} times: {kind}" for kind, n in kinds.most_common(10)]


def _lines(folder: Path) -> list[str]:
    """Return the errors in the logs of web servers and workers, ten at most."""
    found = []
    for log in sorted(folder.glob("*.log")):
        if log.stem.startswith(("postgresql", "redis")):
            continue
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [f"{log.name}: {line[:200]}" for line in lines if WRONG_LINES.search(line)]
    return found[:10]


def table(growths: Sequence[Growth]) -> str:
    """Return a line for each process."""
    lines = [
        f"{'process':<12} {'pid':>8} {'settled MiB':>12} {'last MiB':>10} {'most MiB':>10} {'growth':>8}"
    ]
    lines += [
        f"{one.name:<12} {one.pid:>8} {one.settled_mib:>12.1f} {one.last_mib:>10.1f} {one.most_mib:>10.1f} "
        f"{one.share:>8.2%}"
        for one in growths
    ]
    return "\n".join(lines)


def main() -> int:
    """Return 0 when nothing grew and nothing failed."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=50, help="requests a second (50)")
    options = parser.parse_args()
    spans = Spans.of(options.minutes)
    stop_when_told()
    with place() as folder:
        try:
            with started(PHASE, folder, say) as stack:
                say(f"\n{options.rate:g} requests a second for {options.minutes:g} minutes; {spans}.")
                found = soaked(stack, spans, options.rate)
        except REASONS as error:
            say(f"The stack does not start. {error}")
            return 1
    say(f"\n{table(found.growths)}")
    say(
        f"\n{found.n_requests:,} requests {found.statuses}, slowest {found.slowest_s:.2f} s; "
        f"{found.n_generations} generations by workers."
    )
    write(found, options.minutes, options.rate)
    for line in found.wrong:
        say(f"WRONG: {line}")
    say(
        f"{'Nothing grew, nothing failed' if not found.wrong else 'It does not hold'}; "
        f"{RESULTS.relative_to(ROOT)} has it as JSON."
    )
    return 1 if found.wrong else 0


def write(found: Soaked, minutes: float, rate: float, to: Path = RESULTS) -> None:
    """Write what was seen as JSON."""
    to.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "phase": PHASE,
        "cores": os.cpu_count(),
        "minutes": minutes,
        "rate": rate,
        **asdict(found),
        "growths": [{**asdict(one), "share": round(one.share, 4)} for one in found.growths],
    }
    to.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
