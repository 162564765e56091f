"""Writers of a SQLite file take turns: none waits long while others write, and dead ones hold up nobody."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recsite.sqlite.turns import Turns, TurnTimeout
from tests.place import ROOT, environment

SPAWN = multiprocessing.get_context("spawn")
PATIENCE = 60.0


def take_turns(path: Path, name: str, n: int, log: Path, n_threads: int = 1) -> None:
    """Take n turns without a pause, in each of so many threads, and write the name into the log in each."""
    turns = Turns(path)

    def take(_: int) -> None:
        for _ in range(n):
            turns.take(PATIENCE)
            with log.open("a") as file:
                file.write(name)
                file.flush()
                time.sleep(0.003)
                file.write(name)
            turns.give_back()

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(take, range(n_threads)))


def hold(path: Path, ready: Path) -> None:
    turns = Turns(path)
    turns.take(PATIENCE)
    ready.touch()
    time.sleep(3_600)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.sqlite3"


def held_by_another(path: Path) -> "multiprocessing.process.BaseProcess":
    """Return a process that has the turn and does not end it."""
    ready = path.with_name("ready")
    process = SPAWN.Process(target=hold, args=(path, ready))
    process.start()
    while not ready.exists():
        process.join(0.01)
    return process


class TestTurns:
    def test_are_never_two_writers(self, path: Path):
        log = path.with_name("log")
        processes = [SPAWN.Process(target=take_turns, args=(path, name, 20, log, 2)) for name in "ab"]
        for process in processes:
            process.start()
        for process in processes:
            process.join(PATIENCE)

        text = log.read_text()
        assert len(text) == 2 * 2 * 2 * 20
        assert {text[n : n + 2] for n in range(0, len(text), 2)} == {"aa", "bb"}

    def test_alternate_however_many_threads_a_process_has(self, path: Path):
        """Without turns, the process with many threads would write all of its rows first."""
        log = path.with_name("log")
        many = SPAWN.Process(target=take_turns, args=(path, "a", 100, log, 4))
        many.start()
        while not log.exists():
            many.join(0.01)

        take_turns(path, "b", 10, log)

        between = log.read_text()
        between = between[between.index("b") : between.rindex("b") + 1]
        many.terminate()
        many.join(PATIENCE)
        assert between.count("a") <= 4 * between.count("b")

    def test_end_with_their_process(self, path: Path):
        process = held_by_another(path)
        assert process.pid is not None

        os.kill(process.pid, signal.SIGKILL)
        process.join(PATIENCE)

        turns = Turns(path)
        turns.take(PATIENCE)
        turns.give_back()

    def test_are_given_up_after_the_time_limit(self, path: Path):
        process = held_by_another(path)
        turns = Turns(path)

        with pytest.raises(TurnTimeout):
            turns.take(0.05)
        process.kill()
        process.join(PATIENCE)

        turns.take(PATIENCE)  # nothing is left over from the attempt
        turns.give_back()

    def test_are_for_one_thread_at_a_time(self, path: Path):
        turns = Turns(path)
        turns.take(PATIENCE)

        with ThreadPoolExecutor(1) as pool, pytest.raises(TurnTimeout):
            pool.submit(turns.take, 0.05).result()
        turns.give_back()

    def test_need_no_file_that_cannot_be(self, path: Path):
        turns = Turns(path / "missing" / "shop.sqlite3")

        turns.take(PATIENCE)
        turns.give_back()

    def test_make_a_private_file(self, path: Path):
        turns = Turns(path)
        turns.take(PATIENCE)
        turns.give_back()

        assert path.with_name("shop.sqlite3-turns").stat().st_mode & 0o777 == 0o600


PROGRAM = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection, transaction, OperationalError
from core.db.prepared import write
from recsite.sqlite.base import turns_of
from recsite.sqlite.turns import TurnTimeout

call_command("migrate", verbosity=0)
turns = turns_of(str(connection.settings_dict["NAME"]))

def is_free():
    try:
        turns.take(0)
    except TurnTimeout:
        return False
    turns.give_back()
    return True

INSERT = "INSERT INTO django_content_type (app_label, model) VALUES (%s, 'row') RETURNING id"
found = [is_free()]
with transaction.atomic():
    found.append(is_free())
    with transaction.atomic():
        write(INSERT, ["a"])
    found.append(is_free())
found.append(is_free())
try:
    with transaction.atomic():
        raise KeyError
except KeyError:
    found.append(is_free())
write(INSERT, ["b"])
found.append(is_free())
with transaction.atomic():
    connection.close()
    found.append(is_free())
turns.take(0)
connection.settings_dict["OPTIONS"]["timeout"] = 0.05
try:
    write(INSERT, ["c"])
except OperationalError as error:
    found.append(str(error))
print(found)
"""


class TestConnection:
    def test_has_the_turn_during_its_transactions_and_statements(self, tmp_path: Path):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env=environment(f"sqlite:///{tmp_path / 'shop.sqlite3'}", broker=""),
            check=True,
            capture_output=True,
            text=True,
        )

        assert done.stdout.strip() == ("[True, False, False, True, True, True, True, 'database is locked']")
