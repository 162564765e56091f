"""Follows a run that workers do, to its end."""

import time
from collections.abc import Callable

from django.utils import timezone

from recommendations import wiring
from recommendations.models import GenerationRun, RunState

A_LOOK_SECONDS = 0.5
A_MINUTE = 60.0


def followed(run: GenerationRun, tell: Callable[[int], object]) -> GenerationRun:
    """Return the run as it ended; `tell` is given how many shoppers more were dealt with.

    Looks twice a second, and once a minute sees to runs that stand still.
    """
    told, tended_at = 0, time.monotonic()
    while True:
        run.refresh_from_db()
        tell(run.n_ready - told)
        told = run.n_ready
        if run.state_at(timezone.now()) is not RunState.RUNNING:
            return run
        if time.monotonic() - tended_at >= A_MINUTE:
            wiring.recover_runs()
            tended_at = time.monotonic()
        time.sleep(A_LOOK_SECONDS)
