"""The watch of `make soak` sees processes grow and exit, and its log check sees errors."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from stack.processes import start
from tests.stack.memory import MemoryWatch
from tests.stack.test_soak import compared_spans, error_lines, mixture, paced

GROWS = """
import sys
kept = []
print("ready", flush=True)
for line in sys.stdin:
    kept.append(bytes(range(256)) * 4096 * int(line))
    print("grown", flush=True)
"""


class TestMemoryWatch:
    def test_sees_a_process_exit(self, tmp_path: Path):
        child = start("sleeper", ["sleep", "60"], log=tmp_path / "log")
        watch = MemoryWatch({"sleeper": child})
        before = watch.changes()

        child.kill()

        assert (before, watch.changes()) == ([], [f"sleeper ({child.pid}) has exited"])

    def test_sees_a_process_grow(self):
        with subprocess.Popen(
            [sys.executable, "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            watch = MemoryWatch({"grower": process})
            watch.sample(1.0)
            process.stdin.write("32\n")
            process.stdin.flush()
            process.stdout.readline()
            watch.sample(2.0)
            process.stdin.close()

        assert watch.mean("grower", (1.5, 3)) - watch.mean("grower", (0, 1.5)) == pytest.approx(32, abs=2)


class TestComparedSpans:
    def test_are_the_third_and_the_last_minute(self):
        assert compared_spans(600) == ((120, 180), (540, 600))

    def test_are_fifths_of_a_short_run(self):
        assert compared_spans(60) == ((24, 36), (48, 60))


class TestErrorLines:
    def test_are_those_of_the_service_and_not_of_its_servers(self, tmp_path: Path):
        (tmp_path / "web-1.log").write_text('{"event":"x","level":"error"}\n{"event":"x","level":"info"}\n')
        (tmp_path / "worker.log").write_text("Traceback (most recent call last):\n")
        (tmp_path / "redis-1.log").write_text("ERROR\n")

        assert [line.partition(":")[0] for line in error_lines(tmp_path)] == ["web-1.log", "worker.log"]


class TestMixture:
    def test_sends_each_event_twice_and_reads_more_than_it_writes(self):
        requests = list(islice(mixture("x"), 20))

        assert [request.method for request in requests].count("GET") == 14
        first, second = [request.json for request in requests if request.path == "/interactions"]
        assert first == second

    def test_goes_on_when_it_was_held_up(self):
        assert len(list(paced(islice(mixture("y"), 10), 10_000))) == 10
