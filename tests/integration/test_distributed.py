"""generate_recommendations --distributed, with real workers, a real Redis and a database of its own."""

import json
import os
import signal
from pathlib import Path

import pytest

from stack.processes import Child
from tests.place import ROOT, Place, environment
from tests.waiting import PATIENCE_SECONDS

SETTINGS = """
from recsite.settings import *
RECOMMENDATIONS["STRATEGIES"]["lingering"] = {{
    "CLASS": "tests.left_over_processes.Lingering",
    "OPTIONS": {{"folder": "{folder}"}},
}}
CELERY_BROKER_TRANSPORT_OPTIONS = {{
    "visibility_timeout": 3,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}}
"""
PEOPLE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from catalog.models import Product, User
User.objects.bulk_create(User(name=f"Shopper {n}") for n in range(40))
Product.objects.bulk_create(Product(name=f"Lamp {n}", price=n) for n in range(5))
"""
FOUND = """
import json
from django.db.models import Count
from recommendations.models import GenerationRun, GenerationShard, StoredList
run = GenerationRun.objects.get()
print(json.dumps({
    "state": run.state,
    "counts": [run.n_total, run.n_done, run.n_failed, run.n_shards, run.n_shards_done],
    "lists": StoredList.objects.count(),
    "users": StoredList.objects.values("user").distinct().count(),
    "begun twice": GenerationShard.objects.filter(n_starts=2).count(),
    "begun once": GenerationShard.objects.filter(n_starts=1).count(),
}))
"""


def came(place: Place) -> list[int]:
    """Return the ids of the processes that wait at the gate."""
    file = place.folder / "came"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


@pytest.fixture
def place(database: str, tmp_path: Path, redis_url: str) -> Place:
    """A shop with 40 shoppers."""
    (tmp_path / "far_settings.py").write_text(SETTINGS.format(folder=tmp_path))
    made = Place(
        tmp_path,
        environment(
            database,
            redis_url,
            DJANGO_SETTINGS_MODULE="far_settings",
            PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}",
            DEFAULT_STRATEGY="lingering",
        ),
    )
    made.manage("shell", "--no-imports", "-c", PEOPLE)
    return made


class TestKilledMidShard:
    @pytest.mark.parametrize(
        ("database", "killed"),
        [("postgresql", "the worker"), ("sqlite", "its process")],
        indirect=["database"],
    )
    def test_loses_nothing_and_doubles_nothing(self, place: Place, killed: str):
        first = place.worker("first", "batch")
        others: list[Child] = []
        command = place.start(
            "command", "manage.py", "generate_recommendations", "--distributed", "--batch-size", "5"
        )
        try:
            command.wait_until(lambda: bool(came(place)))

            if killed == "the worker":
                first.kill()
                others.append(place.worker("second", "batch"))
            else:
                os.kill(came(place)[0], signal.SIGKILL)
            (place.folder / "open").touch()

            code = command.process.wait(PATIENCE_SECONDS)
        finally:
            for child in (command, first, *others):
                child.kill()

        assert code == 0, command.log.read_text()
        assert "40 users stored in" in command.log.read_text()
        assert json.loads(place.manage("shell", "--no-imports", "-c", FOUND)) == {
            "state": "done",
            "counts": [40, 40, 0, 8, 8],
            "lists": 40,
            "users": 40,
            "begun twice": 1,
            "begun once": 7,
        }
