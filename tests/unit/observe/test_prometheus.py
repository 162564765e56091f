"""The Prometheus recorder, in one process and shared by several."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from observe import metrics
from observe.metrics import CACHED, HIT, LIVE, LOCAL, SHARED, AnswerLabels
from observe.metrics_folder import MetricsFolderError, metrics_folder, prepare
from observe.prometheus import PrometheusRecorder
from recsite.config.env import ROOT
from tests.waiting import PATIENCE_SECONDS


class Registry:
    def __init__(self, counting: PrometheusRecorder) -> None:
        self.collect = lambda: counting.families(1_000.0)


def lines(counting: PrometheusRecorder) -> set[str]:
    """Return the samples as Prometheus reads them, without the times of creation."""
    text = generate_latest(Registry(counting)).decode()
    return {line for line in text.splitlines() if line[0] != "#" and "_created" not in line}


class TestCounting:
    def test_counts_requests_by_route_strategy_and_status(self):
        counting = PrometheusRecorder()

        for seconds in (0.002, 0.004, 0.2):
            counting.request("recommend-detail", "content", 200, seconds)
        counting.request("product-detail", "", 404, 0.1)

        reported = lines(counting)
        assert 'shop_responses_total{route="recommend-detail",status="200"} 3.0' in reported
        assert 'shop_responses_total{route="product-detail",status="404"} 1.0' in reported
        assert (
            'shop_request_seconds_bucket{le="0.005",route="recommend-detail",strategy="content"} 2.0'
            in reported
        )

    def test_counts_answers_and_why_they_were_filled_up(self):
        counting = PrometheusRecorder()

        counting.answered(AnswerLabels("content"), LIVE)
        for origin in (LIVE, CACHED):
            counting.answered(AnswerLabels("content", "popular", "no history"), origin)

        reported = lines(counting)
        assert 'shop_answers_total{origin="live",strategy="content"} 2.0' in reported
        assert 'shop_answers_total{origin="kept",strategy="content"} 1.0' in reported
        assert (
            'shop_fallbacks_total{filled_with="popular",reason="no history",strategy="content"} 2.0'
            in reported
        )

    def test_counts_whom_it_counted_and_refused(self):
        counting = PrometheusRecorder()

        for by in (SHARED, LOCAL, LOCAL):
            counting.counted_for_throttling(by)
        counting.throttled("read", "address")

        assert {
            'shop_throttle_counts_total{by="together"} 1.0',
            'shop_throttle_counts_total{by="alone"} 2.0',
            'shop_throttled_total{asker="address",scope="read"} 1.0',
        } <= lines(counting)

    def test_counts_caches_and_what_models_took(self):
        counting = PrometheusRecorder()

        counting.cache("answers", HIT)
        counting.model_called("written", 0.3)
        counting.tokens(300, 50, 0.01)

        assert {
            'shop_cache_requests_total{cache="answers",result="hit"} 1.0',
            'shop_llm_calls_total{outcome="written"} 1.0',
            'shop_llm_seconds_bucket{le="0.5"} 1.0',
            'shop_llm_tokens_total{kind="prompt"} 300.0',
            'shop_llm_tokens_total{kind="completion"} 50.0',
            "shop_llm_cost_total 0.01",
        } <= lines(counting)

    def test_tells_how_old_the_catalogue_is_once_there_is_one(self):
        counting = PrometheusRecorder()

        before = lines(counting)
        counting.snapshot_read(940.0)

        assert not [line for line in before if "snapshot_age" in line]
        assert "shop_catalogue_snapshot_age_seconds 60.0" in lines(counting)


class TestSink:
    def test_is_silent_until_it_is_turned_on(self, monkeypatch):
        monkeypatch.setattr(metrics, "recorder", metrics.Recorder())
        metrics.recorder.cache("answers", HIT)
        assert not metrics.recorder.is_on

        metrics.turn_on()
        first = metrics.recorder
        metrics.turn_on()

        assert first.is_on
        assert metrics.recorder is first
        metrics.turn_off()
        assert not metrics.recorder.is_on


WORKER = """
import sys
from observe.prometheus import PrometheusRecorder
counting = PrometheusRecorder(sys.argv[1])
counting.cache("answers", "hit")
counting.snapshot_read(float(sys.argv[2]))
print("counted", flush=True)
sys.stdin.read()
"""
READER = """
import sys
from prometheus_client import generate_latest
from observe.prometheus import PrometheusRecorder
class Registry:
    collect = staticmethod(lambda: PrometheusRecorder(sys.argv[1]).families(1000.0))
print(generate_latest(Registry).decode())
"""


def python(code: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), *arguments],
        cwd=ROOT,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def told_in(folder: Path) -> str:
    return python(READER, folder).communicate(timeout=PATIENCE_SECONDS)[0]


class TestTogether:
    def test_sums_processes_and_keeps_what_the_dead_counted_but_not_how_they_were(self, tmp_path: Path):
        workers = [python(WORKER, tmp_path, at) for at in ("900", "960")]
        try:
            for worker in workers:
                assert worker.stdout is not None
                worker.stdout.readline()
            both = told_in(tmp_path)
            workers[0].kill()
            workers[0].communicate(timeout=PATIENCE_SECONDS)
            one = told_in(tmp_path)
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate(timeout=PATIENCE_SECONDS)

        for reported in (both, one):
            assert 'shop_cache_requests_total{cache="answers",result="hit"} 2.0' in reported
        assert "shop_catalogue_snapshot_age_seconds 100.0" in both
        assert "shop_catalogue_snapshot_age_seconds 40.0" in one


class TestPrepare:
    def test_is_for_its_owner_and_without_what_the_dead_left(self, tmp_path: Path):
        folder = tmp_path / "a" / "counts"
        prepare(folder)
        gone = subprocess.Popen(["true"])
        gone.wait()
        for name in (f"counter_{gone.pid}.db", f"counter_{os.getpid()}.db", "notes.txt"):
            (folder / name).touch()

        prepare(folder)

        assert folder.stat().st_mode & 0o777 == 0o700
        assert {file.name for file in folder.iterdir()} == {f"counter_{os.getpid()}.db", "notes.txt"}

    def test_refuses_what_leads_elsewhere(self, tmp_path: Path):
        (tmp_path / "link").symlink_to(tmp_path)

        with pytest.raises(MetricsFolderError, match="is not a directory of the user"):
            prepare(tmp_path / "link")

    @pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
    def test_refuses_what_others_can_change(self, tmp_path: Path, mode: int):
        folder = tmp_path / "counts"
        folder.mkdir()
        folder.chmod(mode)

        with pytest.raises(MetricsFolderError, match=r"can be changed by other users: chmod go-w .*counts\."):
            prepare(folder)

    @pytest.mark.skipif(os.geteuid() != 0, reason="Only root can give a folder away.")
    def test_refuses_what_is_somebody_elses(self, tmp_path: Path):
        folder = tmp_path / "counts"
        folder.mkdir(mode=0o700)
        os.chown(folder, 65534, 65534)

        with pytest.raises(MetricsFolderError, match="is not a directory of the user"):
            prepare(folder)

    def test_refuses_what_cannot_be_made(self, tmp_path: Path):
        (tmp_path / "file").touch()

        with pytest.raises(MetricsFolderError, match="cannot be created"):
            prepare(tmp_path / "file" / "counts")


class TestMetricsFolder:
    @pytest.fixture(autouse=True)
    def temporary(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        return tmp_path

    def test_without_a_name_is_a_new_one_that_only_its_owner_can_enter(self, temporary: Path):
        first, second = metrics_folder("", 8000), metrics_folder("", 8001)

        assert first != second
        assert (first.parent, first.stat().st_mode & 0o777) == (temporary, 0o700)

    def test_is_none_that_was_there_before(self, temporary: Path):
        taken = temporary / f"shop-recommendations-{os.geteuid()}-8000"
        taken.symlink_to(temporary)

        folder = metrics_folder("", 8000)

        assert folder != taken
        assert not folder.is_symlink()

    def test_removes_what_ended_servers_of_the_port_have_left(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        ended, running, of_another = (metrics_folder("", port) for port in (8000, 8001, 8002))
        (ended / f"counter_{gone.pid}.db").touch()
        (running / f"counter_{os.getpid()}.db").touch()

        for port in (8000, 8001):
            metrics_folder("", port)

        assert [folder.exists() for folder in (ended, running, of_another)] == [False, True, True]

    def test_follows_no_link_to_what_it_removes(self, temporary: Path):
        victim = temporary / "victim"
        victim.mkdir()
        gone = subprocess.Popen(["true"])
        gone.wait()
        (victim / f"counter_{gone.pid}.db").touch()
        (temporary / f"shop-recommendations-{os.geteuid()}-8000-x").symlink_to(victim)

        metrics_folder("", 8000)

        assert list(victim.iterdir()) != []

    def test_with_a_name_is_that_one(self, temporary: Path):
        assert metrics_folder(str(temporary / "counts"), 8000) == temporary / "counts"
