"""`make stack PHASE=n`: starts a phase on this machine, says where it is, and stops it when told."""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from deploy.nginx import BadConfiguration
from deploy.phases import PHASES
from deploy.postgresql import NoPostgresql
from deploy.processes import DidNotStart
from deploy.redis_server import NoRedis
from deploy.stack import CannotStart, Stack, started

REASONS = (BadConfiguration, CannotStart, DidNotStart, NoPostgresql, NoRedis)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def place() -> Iterator[Path]:
    """Give the folder of logs and data: STACK_DIR, which stays, or one that is gone afterwards."""
    kept = os.environ.get("STACK_DIR")
    if kept:
        folder = Path(kept).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="shop-stack-") as folder_name:
            yield Path(folder_name)


def stop_when_told() -> None:
    """Have Ctrl-C and SIGTERM leave what runs, once: told again, the stopping goes on."""

    def leave(number: int, frame: FrameType | None) -> None:
        for told in (signal.SIGINT, signal.SIGTERM):
            signal.signal(told, signal.SIG_IGN)
        raise SystemExit(0)

    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, leave)


def watch(stack: Stack) -> None:
    """Return when no web server is left. What ends is said, once, and started again by nobody."""
    told: set[str] = set()
    while any(stack.children[name].is_running() for name in stack.phase.web):
        for child in stack.ended():
            if child.name not in told:
                told.add(child.name)
                say(f"{child.name} ended with {child.process.returncode}; the others go on. See {child.log}")
        time.sleep(0.5)
    say("No web server is left.")


def main() -> int:
    """Run a phase until told to stop; return 0, or 1 with the reason when it cannot start or ends itself."""
    parser = argparse.ArgumentParser(prog="make stack", description=__doc__)
    parser.add_argument("--phase", type=int, choices=sorted(PHASES), default=3)
    number = parser.parse_args().phase
    stop_when_told()
    with place() as folder:
        try:
            say(f"Phase {number}: {PHASES[number].title}")
            with started(number, folder, say) as stack:
                stack.manage("generate_recommendations", "--verbosity", "0")
                for sentence in stack.missing:
                    say(sentence)
                say(f"Ask {stack.url}/recommend/ext:alice; /docs has the whole API. Logs: {folder}")
                say("Ctrl-C stops everything.")
                watch(stack)
        except REASONS as error:
            say(f"The stack does not start. {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
