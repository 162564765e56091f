"""The disk is full while a model is saved: a clear error, no files left, the former model stays active."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.database_files import DatabaseFiles
from tests.place import ROOT, Place
from tests.stack.shops import ALICE, event, filled_file

TOO_LITTLE = 2_000  # bytes of a file: less than the arrays of the smallest model


def versions(place: Place) -> list[tuple[object, ...]]:
    """Return the version of each model, and whether it is active."""
    with psycopg.connect(place.env["DATABASE_URL"]) as database:
        sql = "SELECT version, is_active FROM recommendations_trainedmodel ORDER BY id"
        return database.execute(sql).fetchall()


# Both end in the same error of the operating system.
@pytest.fixture(params=["a limit of files", pytest.param("a full disk", marks=pytest.mark.full)])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder for models with room for a small one only."""
    folder = tmp_path / "models"
    folder.mkdir()
    if request.param == "a limit of files":
        yield folder
        return
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("Only root may make a disk that is full; a limit of files stands for it.")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder: Path) -> Callable[[], None]:
    """Leave no room for the file of a model; return what a training process does before it begins."""
    if folder.is_mount():
        with (folder / "others").open("wb", buffering=0) as others:
            for size in (65_536, 512):
                try:
                    while True:
                        others.write(b"x" * size)
                except OSError:
                    continue
        return lambda: None
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (TOO_LITTLE, TOO_LITTLE))


def train(place: Place, limit: Callable[[], None]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            *(sys.executable, "manage.py", "train_models", "--strategy", "collaborative"),
            *("--no-evaluate", "--activate"),
        ],
        cwd=ROOT,
        env=place.env,
        preexec_fn=limit,
        check=False,
        capture_output=True,
        text=True,
    )


class TestTraining:
    def test_on_a_full_disk_leaves_nothing_but_the_former_model(self, shop: Place, full: Path):
        place = shop.with_env(MODEL_DIR=str(full), DEFAULT_STRATEGY="collaborative")
        assert train(place, lambda: None).returncode == 0
        before, files = versions(place), sorted(full.rglob("*"))

        ran = train(place, fill(full))

        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        assert ran.stderr.splitlines()[-1].startswith(
            "CommandError: Model files cannot be written to MODEL_DIR: "
        )
        assert versions(place) == before
        assert [path for path in sorted(full.rglob("*")) if path.name != "others"] == files
        with place.served() as web:
            answer = web.get(ALICE)
            assert (answer.status_code, answer.json()["strategy"]) == (200, "collaborative")
            assert web.get("/health/ready").json()["checks"]["model"] == "ok"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("Only root may make a disk that is full.")
    yield folder
    subprocess.run(["umount", folder], check=True)


class TestDatabase:
    def test_on_a_full_disk_refuses_writes_answers_reads_and_says_so(
        self, tmp_path: Path, small: Path, database_files: DatabaseFiles
    ):
        place = filled_file(database_files, small / "shop.sqlite3", tmp_path)
        with place.served(key=place.api_key) as web:
            assert {web.get(ALICE).status_code for _ in range(20)} == {200}
            assert web.get("/health/ready").json()["status"] == "ok"
            fill(small)
            answers = [web.post("/interactions", json=event(f"{n}")).status_code for n in range(200)]

            assert set(answers) <= {201, 503}
            assert web.get(ALICE).status_code == 200
            assert web.get("/health/ready").json()["checks"]["writes"] == "failed"

            (small / "others").unlink()

            assert web.post("/interactions", json=event("later")).status_code == 201
            assert web.get("/health/ready").json()["checks"]["writes"] == "ok"
