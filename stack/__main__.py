"""`make stack PHASE=n`: starts a phase on this machine, prints its addresses, and stops it on a signal."""

import argparse
import signal
import sys
import time
from types import FrameType

from stack.deployment import Deployment, deployed, working_folder
from stack.phases import PHASES
from stack.processes import StackError


def report(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def exit_on_signals() -> None:
    """Raise SystemExit on the first Ctrl-C or SIGTERM. Later ones are ignored, so that stopping finishes."""

    def leave(number: int, frame: FrameType | None) -> None:
        for stop_signal in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop_signal, signal.SIG_IGN)
        raise SystemExit(0)

    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop_signal, leave)


def watch(deployment: Deployment) -> None:
    """Return when no web server is left. Report each process that exits once, without restarting it."""
    reported: set[str] = set()
    while any(deployment.children[name].is_running() for name in deployment.phase.web):
        for child in deployment.exited():
            if child.name not in reported:
                reported.add(child.name)
                report(f"{child.name} exited with {child.process.returncode}. See {child.log}")
        time.sleep(0.5)
    report("No web server is left.")


def main() -> int:
    """Run a phase until a signal comes; return 1, with the reason, when it cannot start or exits itself."""
    parser = argparse.ArgumentParser(prog="make stack", description=__doc__)
    parser.add_argument("--phase", type=int, choices=sorted(PHASES), default=3)
    number = parser.parse_args().phase
    exit_on_signals()
    with working_folder() as folder:
        try:
            report(f"Phase {number}: {PHASES[number].title}")
            with deployed(number, folder, report) as deployment:
                deployment.manage("generate_recommendations", "--verbosity", "0")
                report(
                    f"Open {deployment.url}/recommend/ext:alice; /docs has the whole API. Logs: {folder}\n"
                    "Ctrl-C stops everything."
                )
                watch(deployment)
        except StackError as error:
            report(f"The stack does not start. {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
