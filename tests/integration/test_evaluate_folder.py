"""manage.py evaluate_recommendations --data, which reads a directory instead of the database."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from recommendations.selectors.histories import log
from recommendations.selectors.snapshots import snapshot
from tests.shops import run_import, write_shop

DAYS = ["2026-01-01", "2026-03-20"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shop with two users; ann views one food before the cutoff and carts the other after it."""
    met = ["ann,tea,view", "ben,tea,click", "ben,nut,purchase", "ben,mug,view", "ben,mug,view"]
    return write_shop(
        tmp_path,
        products=["tea,Tea,Food,2.50,,hot|leaf", "mug,Mug,Home,8,,", "nut,Nut,Food,1,,", "cup,Cup,Home,1,,"],
        users=["ann,Ann", "ben,Ben"],
        interactions=[*(f"{deed},{DAYS[0]}T09:00:00Z" for deed in met), f"ann,nut,cart,{DAYS[1]}T09:00:00Z"],
    )


def evaluate(*args: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("evaluate_recommendations", *args, stdout=out, stderr=err, verbosity=0)
    return out.getvalue(), err.getvalue()


def timeless(said: str) -> Any:
    found = json.loads(said)
    for measured in found["strategies"].values():
        for cost in ("fit_seconds", "ms_per_user", "peak_mb"):
            del measured[cost]
    return found


class TestData:
    def test_measures_without_a_database(self, folder: Path):
        # Without the django_db mark, pytest-django refuses every query.
        with pytest.raises(RuntimeError, match="Database access not allowed"):
            connection.ensure_connection()

        said, _ = evaluate("--data", str(folder), "--strategies", "content", "--format", "json")

        found = json.loads(said)
        assert found["split"] == {
            "cutoff": "2026-02-18T09:00:00+00:00",
            "train_events": 5,
            "users": 1,
            "new_products_per_user": 1.0,
        }
        assert found["strategies"]["content"]["ndcg@10"] == 1.0

    @pytest.mark.django_db
    def test_says_the_same_as_once_it_is_imported(self, folder: Path):
        before, _ = evaluate("--data", str(folder), "--format", "json")
        assert (len(log()), len(snapshot())) == (0, 0)

        run_import(folder)

        assert timeless(evaluate("--format", "json")[0]) == timeless(before)

    def test_says_what_is_left_out_and_the_first_of_it(self, folder: Path):
        with (folder / "interactions.csv").open("a") as file:
            file.write("ann,tea,look,2026-01-01T09:00:00Z\nzoe,tea,view,2026-01-01T09:00:00Z\n")

        _, said = evaluate("--data", str(folder), "--strategies", "popular")

        assert said.startswith(
            "2 problems found; these rows are skipped. The first: interactions.csv, line 8"
        )

    def test_says_in_one_line_why_there_are_no_events(self, folder: Path):
        (folder / "interactions.csv").write_text("user_id,product,action_type,created_at\n")

        with pytest.raises(CommandError) as refusal:
            evaluate("--data", str(folder))

        assert str(refusal.value) == (
            f"--data {folder}: there are no events to learn from. 1 problem found, the first: "
            'interactions.csv, line 1, column product_id, value "user_id,product,action_type,created_at": '
            "is missing from the header"
        )

    def test_says_when_nothing_happened(self, folder: Path):
        (folder / "interactions.csv").write_text("user_id,product_id,action_type,created_at\n")

        with pytest.raises(CommandError, match=r"there are no events to learn from\.$"):
            evaluate("--data", str(folder))

    def test_leaves_a_former_report_and_makes_no_empty_one(self, folder: Path, tmp_path: Path):
        (folder / "interactions.csv").unlink()
        former, new = tmp_path / "former.json", tmp_path / "new.json"
        former.write_text("former")

        for output in (former, new):
            with pytest.raises(CommandError, match=r"there are no events to learn from"):
                evaluate("--data", str(folder), "--output", str(output))

        assert former.read_text() == "former"
        assert not new.exists()

    def test_says_when_there_is_no_directory(self):
        with pytest.raises(CommandError, match=r"--data: .* is not a directory"):
            evaluate("--data", "nowhere")
