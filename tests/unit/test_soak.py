"""What a soak compares: spans of time, and processes that grow."""

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from deploy.load import mixture, paced
from deploy.memory import Growth, Watch
from deploy.processes import start
from deploy.soak import Spans, _lines

GROWS = """
import sys
kept = []
print("ready", flush=True)
for line in sys.stdin:
    kept.append(bytes(range(256)) * 4096 * int(line))
    print("grown", flush=True)
"""


class TestSpans:
    def test_of_ten_minutes_are_the_third_and_the_last(self):
        assert Spans.of(10) == Spans((120, 180), (540, 600), 600)

    def test_of_a_short_run_are_fifths_of_it(self):
        assert Spans.of(1) == Spans((24, 36), (48, 60), 60)


class TestGrowth:
    @pytest.mark.parametrize(("last", "is_small"), [(90.0, True), (104.9, True), (105.0, False)])
    def test_is_small_below_five_per_cent(self, last: float, is_small: bool):
        assert Growth("web-1", 1, 100.0, last, last).is_small is is_small


class TestWatch:
    def test_sees_a_process_grow_and_end(self, tmp_path: Path):
        child = start("sleeper", ["sleep", "60"], log=tmp_path / "log")
        watch = Watch({"sleeper": child})
        watch.look(1.0)
        watch.look(2.0)
        child.kill()

        [growth] = watch.growths((0, 1.5), (1.5, 3))

        assert growth.name == "sleeper"
        assert growth.is_small
        assert watch.changed() == [f"sleeper ({child.pid}) is gone"]

    def test_sees_what_a_process_takes(self):
        with subprocess.Popen(
            [sys.executable, "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            watch = Watch({"grower": process})  # type: ignore[dict-item]
            watch.look(1.0)
            process.stdin.write("32\n")
            process.stdin.flush()
            process.stdout.readline()
            watch.look(2.0)
            process.stdin.close()

        [growth] = watch.growths((0, 1.5), (1.5, 3))

        assert growth.last_mib - growth.settled_mib == pytest.approx(32, abs=2)
        assert not growth.is_small


class TestLines:
    def test_are_the_errors_of_the_service_and_not_of_its_servers(self, tmp_path: Path):
        (tmp_path / "web-1.log").write_text('{"event":"x","level":"error"}\n{"event":"x","level":"info"}\n')
        (tmp_path / "worker.log").write_text("Traceback (most recent call last):\n")
        (tmp_path / "redis-1.log").write_text("ERROR\n")

        assert [line.partition(":")[0] for line in _lines(tmp_path)] == ["web-1.log", "worker.log"]


class TestMixture:
    def test_sends_each_event_twice_and_reads_more_than_it_writes(self):
        requests = list(islice(mixture("x"), 20))

        assert [request.method for request in requests].count("GET") == 14
        events = [request.value for request in requests if request.path == "/interactions"]
        assert len(events) == 2
        assert events[0] == events[1]

    def test_goes_on_when_it_was_held_up(self):
        assert len(list(paced(islice(mixture(f"{os.getpid()}"), 10), 10_000))) == 10
