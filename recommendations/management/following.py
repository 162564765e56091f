"""Wait for a run that workers execute."""

import time
from collections.abc import Callable

from django.utils import timezone

from recommendations import wiring
from recommendations.models import GenerationRun, RunState

POLL_SECONDS = 0.5
RECOVERY_SECONDS = 60.0


def wait_for_run(run: GenerationRun, advance: Callable[[int], object]) -> GenerationRun:
    """Return the run once it has ended; `advance` is called with the number of newly processed shoppers.

    Polls twice a second, and recovers silent runs once a minute.
    """
    reported, recovered_at = 0, time.monotonic()
    while True:
        run.refresh_from_db()
        advance(run.n_ready - reported)
        reported = run.n_ready
        if run.state_at(timezone.now()) is not RunState.RUNNING:
            return run
        if time.monotonic() - recovered_at >= RECOVERY_SECONDS:
            wiring.recover_runs()
            recovered_at = time.monotonic()
        time.sleep(POLL_SECONDS)
