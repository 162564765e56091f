"""What beat starts by night, as workers do it: on a shop, a database and a broker of their own."""

import json
from pathlib import Path

from redis import Redis

from tests.place import ROOT, Place, told

NIGHT = """
import json
from recommendations import tasks
from recommendations.models import GenerationRun, TrainedModel
for task in (tasks.remove_old_rows, tasks.train_models, tasks.generate, tasks.generate, tasks.recover_runs):
    task()
print(json.dumps([
    sorted(TrainedModel.objects.filter(is_active=True).values_list("strategy", flat=True)),
    list(GenerationRun.objects.values_list("state", "started_by", "n_total", "n_shards")),
]))
"""


class TestNight:
    def test_trains_and_has_lists_generated_once(self, tmp_path: Path, redis_url: str):
        place = Place(
            tmp_path,
            told(
                f"sqlite:///{tmp_path / 'shop.sqlite3'}",
                redis_url,
                MODEL_DIR=str(tmp_path / "trained_models"),
            ),
        )
        place.manage("migrate", "--verbosity", "0")
        place.manage("import_shop", str(ROOT / "data" / "example_shop"), "--verbosity", "0")

        said = place.manage("shell", "--no-imports", "-c", NIGHT)

        assert json.loads(said.splitlines()[-1]) == [
            ["collaborative", "hybrid", "together"],
            [["running", "beat", 8, 1]],
        ]
        with Redis.from_url(redis_url) as client:
            assert client.llen("batch") == 1
