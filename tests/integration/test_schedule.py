"""What beat starts by night, as workers do it: on a shop, a database and a broker of their own."""

import json
import os
from pathlib import Path

import pytest
from redis import Redis

from tests.database_files import DatabaseFiles
from tests.place import ROOT, Place, environment
from tests.shops import write_shop

IMPORT = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("import_shop", "{shop}", verbosity=0)
"""
ONE_MODEL = """
from recsite.settings import *
QUICK = ("content", "popular", "trending", "together")
RECOMMENDATIONS["STRATEGIES"] = {name: RECOMMENDATIONS["STRATEGIES"][name] for name in QUICK}
"""
NIGHT = """
import json
from recommendations import tasks
from recommendations.models import GenerationRun, TrainedModel
for task in (tasks.remove_old_rows, tasks.index_products, tasks.train_models, tasks.generate, tasks.generate):
    task()
tasks.recover_runs()
print(json.dumps([
    sorted(TrainedModel.objects.filter(is_active=True).values_list("strategy", flat=True)),
    list(GenerationRun.objects.values_list("state", "started_by", "n_total", "n_shards")),
]))
"""


def _shop_of_forty(folder: Path) -> Path:
    """Write forty shoppers who bought two of six products together, twice, and took a third one later."""
    lines = [
        f"u{n},p{(n + more) % 6},purchase,2026-0{month}-10T09:00:00Z"
        for n in range(40)
        for month, more in ((1, 0), (1, 1), (2, 0), (2, 1), (3, 2))
    ]
    return write_shop(
        folder,
        products=[f"p{n},P{n},Food,1,,t{n % 2}" for n in range(6)],
        users=[f"u{n},U{n}" for n in range(40)],
        interactions=lines,
    )


@pytest.mark.timeout(600)  # three strategies, each measured and fitted in processes of their own
class TestNight:
    def test_trains_and_has_lists_generated_once(self, tmp_path: Path, redis_url: str):
        place = Place(
            tmp_path,
            environment(
                f"sqlite:///{tmp_path / 'shop.sqlite3'}",
                redis_url,
                MODEL_DIR=str(tmp_path / "trained_models"),
            ),
        )
        shop = tmp_path / "shop"
        shop.mkdir()

        output = place.manage("shell", "--no-imports", "-c", IMPORT.format(shop=_shop_of_forty(shop)) + NIGHT)

        assert json.loads(output.splitlines()[-1]) == [
            ["collaborative", "hybrid", "together"],
            [["running", "beat", 40, 1]],
        ]
        with Redis.from_url(redis_url) as client:
            assert client.llen("batch") == 1

    def test_activates_no_model_that_was_measured_on_few_users(
        self, tmp_path: Path, database_files: DatabaseFiles, redis_url: str
    ):
        (tmp_path / "one_model.py").write_text(ONE_MODEL)
        place = Place(
            tmp_path,
            environment(
                f"sqlite:///{database_files.shop(tmp_path / 'shop.sqlite3')}",
                redis_url,
                MODEL_DIR=str(tmp_path / "trained_models"),
                DJANGO_SETTINGS_MODULE="one_model",
                PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}",
            ),
        )

        output = place.manage("shell", "--no-imports", "-c", NIGHT)

        assert json.loads(output.splitlines()[-1])[0] == []
        assert list((tmp_path / "trained_models" / "together").iterdir())
