"""generate_recommendations twice at once: the second is refused and says why, the lists are those of one."""

from pathlib import Path

import psycopg
import pytest

from tests.place import ROOT, Place
from tests.waiting import PATIENCE_SECONDS

SETTINGS = """
from recsite.settings import *
RECOMMENDATIONS["STRATEGIES"]["lingering"] = {{
    "CLASS": "tests.left_over_processes.Lingering",
    "OPTIONS": {{"folder": "{folder}"}},
}}
"""
FOUND = """
SELECT count(*), count(DISTINCT user_id),
    (SELECT array_agg(state) FROM recommendations_generationrun WHERE strategy = 'lingering')
FROM recommendations_storedlist WHERE strategy = 'lingering'
"""


@pytest.fixture
def place(shop: Place, tmp_path: Path) -> Place:
    """The shop, whose generations wait at a gate."""
    (tmp_path / "gate_settings.py").write_text(SETTINGS.format(folder=tmp_path))
    reported = {
        "DJANGO_SETTINGS_MODULE": "gate_settings",
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "DEFAULT_STRATEGY": "lingering",
    }
    return Place(tmp_path, shop.with_env(**reported).env)


class TestTwoAtOnce:
    def test_are_one_and_one_that_is_refused(self, place: Place):
        first = place.start("first", "manage.py", "generate_recommendations")
        try:
            first.wait_until((place.folder / "came").exists)

            second = place.ran("generate_recommendations")

            (place.folder / "open").touch()
            code = first.process.wait(PATIENCE_SECONDS)
        finally:
            first.kill()

        assert second.returncode == 1
        assert "Traceback" not in second.stderr
        assert second.stderr.splitlines()[-1].startswith("CommandError: ")
        assert code == 0, first.log.read_text()
        with psycopg.connect(place.env["DATABASE_URL"]) as database:
            assert database.execute(FOUND).fetchone() == (8, 8, ["done"])
        assert place.ran("generate_recommendations").returncode == 0
