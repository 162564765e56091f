"""`make stack-test` kills a worker mid-shard: another one does the rest, and nothing is done twice."""

import subprocess
import sys
import time

import psycopg

from deploy.breaking import until
from deploy.stack import ROOT
from deploy.story import Drive, must

N_SHOPPERS, A_SHARD = 20_000, 100
# A worker that is gone with all its processes is noticed when its shard has been out for so long.
NOTICED_SECONDS = 120 + 60
MAKE_SHOPPERS = f"""
from catalog.models import User
User.objects.bulk_create(User(name=f"Crowd {{n}}") for n in range({N_SHOPPERS}))
"""


def outlives_a_worker(drive: Drive) -> str:
    """Kill a worker and all its processes mid-shard: another one does the rest, and nothing is done twice."""
    [worker] = drive.stack.phase.workers
    stack = drive.stack
    stack.manage("shell", "--no-imports", "-c", MAKE_SHOPPERS)
    log = stack.folder / "generation.log"
    with log.open("wb") as words:
        command = subprocess.Popen(
            [
                *(sys.executable, "manage.py", "generate_recommendations", "--distributed"),
                *("--batch-size", str(A_SHARD)),
            ],
            cwd=ROOT,
            env=stack.env,
            stdout=words,
            stderr=subprocess.STDOUT,
        )
        try:
            until(lambda: _done(drive) >= 10 * A_SHARD, "the workers are in the middle of it")
            stack.children[worker.name].kill()
            n_done = _done(drive)
            began = time.monotonic()
            stack.children[worker.name] = stack.worker(worker)
            until(lambda: command.poll() is not None, "another worker does the rest", NOTICED_SECONDS)
        finally:
            command.kill()
    seconds = time.monotonic() - began
    said = log.read_text(encoding="utf-8").strip().splitlines()[-1]
    n = N_SHOPPERS + 8
    must(command.returncode == 0 and f"{n} users stored" in said, said)
    lists, users = _counted(drive)
    must(lists == users == n, f"{lists} lists of {users} users")
    drive.figures["worker_killed_done_s"] = round(seconds, 1)
    return f"killed after {n_done:,} of {n:,} users; all have one list each {seconds:.0f} s later"


def _done(drive: Drive) -> int:
    with psycopg.connect(drive.stack.env["DATABASE_URL"]) as database:
        row = database.execute(
            "SELECT n_done FROM recommendations_generationrun WHERE state = 'running'"
            " ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return int(row[0]) if row else 0


def _counted(drive: Drive) -> tuple[int, int]:
    with psycopg.connect(drive.stack.env["DATABASE_URL"]) as database:
        row = database.execute(
            "SELECT count(*), count(DISTINCT user_id) FROM recommendations_storedlist WHERE strategy ="
            " (SELECT strategy FROM recommendations_generationrun ORDER BY id DESC LIMIT 1)"
        ).fetchone()
        assert row is not None  # noqa: S101  an aggregate always has one
        return int(row[0]), int(row[1])
