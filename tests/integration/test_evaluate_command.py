"""manage.py evaluate_recommendations."""

import json
import tempfile
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.core.management.color import color_style

from catalog.models import Product, User
from recommendations.selectors.histories import log
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def shop() -> None:
    users = UserFactory.create_batch(3)
    products = ProductFactory.create_batch(4, category="Audio")
    for user in users:
        for product in products[:2]:
            InteractionFactory(user=user, product=product, occurred_at=NOON - timedelta(days=60))
    InteractionFactory(user=users[0], product=products[2], occurred_at=NOON - timedelta(days=50))
    InteractionFactory(user=users[1], product=products[2], occurred_at=NOON)


def evaluate(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("evaluate_recommendations", *args, stdout=out, verbosity=0, **options)
    return out.getvalue()


class TestLog:
    def test_holds_every_event_oldest_first(self, shop: None, django_assert_num_queries: Any):
        with django_assert_num_queries(1):
            found = log()

        assert len(found) == 8
        assert found.at[-1] == NOON.timestamp()
        assert np.diff(found.at).tolist() == [0] * 5 + [10 * 86_400, 50 * 86_400]

    def test_holds_the_same_seconds_wherever_the_shop_is(self, settings: Any):
        InteractionFactory(occurred_at=NOON.replace(microsecond=999_999))

        settings.TIME_ZONE = "Pacific/Auckland"

        assert log().at.tolist() == [NOON.timestamp()]

    def test_may_be_empty(self):
        assert len(log()) == 0


@pytest.mark.usefixtures("forked")
class TestEvaluateRecommendations:
    @pytest.mark.django_db
    def test_tries_where_to_write_before_it_measures(self, tmp_path: Path):
        with pytest.raises(CommandError, match=r"--output .*nowhere"):
            evaluate("--output", str(tmp_path / "nowhere" / "page.html"))

    def test_measures_each_strategy_on_what_users_met_first_in_the_window(self, shop: None, settings: Any):
        found = json.loads(evaluate("--format", "json"))

        assert found["split"] == {
            "cutoff": "2025-12-16T12:00:00+00:00",
            "train_events": 7,
            "users": 1,
            "new_products_per_user": 1.0,
        }
        assert set(found["strategies"]) == set(settings.RECOMMENDATIONS["STRATEGIES"])
        assert found["strategies"]["content"]["ndcg@10"] == 1.0
        assert found["strategies"]["content"]["ci95"]["ndcg@10"] == [1.0, 1.0]
        assert found["strategies"]["content"]["diversity@10"] is None  # one product in the list: no pair

    def test_prints_a_table_of_the_strategies_that_are_named(self, shop: None):
        output = evaluate("--strategies", "popular").splitlines()

        assert output[0].startswith(
            "Held out: everything from 2025-12-16 12:00 UTC on. Learned from 7 events"
        )
        assert output[3].startswith("popular ")
        assert "1.0000" in output[3]
        assert "1.000–1.000" in output[4]
        assert not any(line.startswith("content") for line in output)

    def test_prints_a_dash_for_what_cannot_be_said(self, shop: None):
        output = evaluate("--strategies", "content")  # lists of one product, which have no pairs to compare

        assert "–" in output.splitlines()[3].split()
        assert "nan" not in output

    def test_knows_no_strategy_that_is_not_configured(self, shop: None):
        with pytest.raises(CommandError, match="--strategies: There is no strategy 'magic'"):
            evaluate("--strategies", "magic")

    def test_says_when_the_window_leaves_nobody_to_measure_on(self, shop: None):
        with pytest.raises(CommandError, match="--holdout-days 300: there are no events before the cutoff"):
            evaluate("--holdout-days", "300")

    def test_says_when_there_are_no_events(self):
        with pytest.raises(CommandError, match=r"^There are no events to learn from\.$"):
            evaluate()

    def test_names_the_strategy_that_cannot_be_fitted(self, shop: None, settings: Any):
        bad = {"CLASS": "tests.counting.Unfit"}
        strategies = {**settings.RECOMMENDATIONS["STRATEGIES"], "bad": bad}
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "STRATEGIES": strategies}

        with pytest.raises(CommandError, match=r"^bad could not be measured: MemoryError: no room\.$"):
            evaluate("--strategies", "popular", "bad")

    @pytest.mark.parametrize("days", ["0", "-1", "x", "3651"])
    def test_refuses_days_that_are_no_number_from_1_to_3650(self, days: str):
        with pytest.raises(CommandError, match="must be a whole number from 1 to 3650"):
            evaluate("--holdout-days", days)


class TestReport:
    def test_is_a_page_that_shows_every_strategy(self, shop: None):
        page = evaluate("--strategies", "popular", "--format", "html")

        assert page.startswith("<!DOCTYPE html>")
        assert "<title>popular: " in page

    def test_is_written_to_the_file_that_is_named(self, shop: None, tmp_path: Path):
        output = evaluate(
            "--strategies", "popular", "--format", "json", "--output", str(tmp_path / "out.json")
        )

        assert output == ""
        assert set(json.loads((tmp_path / "out.json").read_text())["strategies"]) == {"popular"}

    def test_says_when_the_file_cannot_be_written(self, shop: None, tmp_path: Path):
        with pytest.raises(CommandError, match=r"--output .*: Is a directory\."):
            evaluate("--strategies", "popular", "--output", str(tmp_path))


class TestTooFewUsers:
    WARNING = "Measured on only 1 user: too few to compare strategies, which takes 30 or more."

    def output(self, *args: str, **options: Any) -> str:
        return evaluate("--strategies", "popular", *args, **options)

    def test_are_said_below_the_table_in_red_on_a_terminal(self, shop: None):
        red = color_style(force_color=True).ERROR(self.WARNING)

        assert self.output().splitlines()[-1] == self.WARNING
        assert self.output(force_color=True).splitlines()[-1] == red != self.WARNING

    def test_are_said_in_json(self, shop: None):
        assert json.loads(self.output("--format", "json"))["warning"] == self.WARNING

    def test_are_said_on_the_page_in_the_colour_of_alarm(self, shop: None):
        page = self.output("--format", "html")

        assert f'<p class="warning" role="alert">{self.WARNING}</p>' in page
        assert ".warning { color: var(--alarm)" in page

    @pytest.mark.parametrize("format", ["table", "json", "html"])
    def test_are_said_on_standard_error_when_a_file_is_written(
        self, shop: None, tmp_path: Path, format: str, capsys: pytest.CaptureFixture[str]
    ):
        self.output("--format", format, "--output", str(tmp_path / "out"))

        assert self.WARNING in (tmp_path / "out").read_text()
        assert self.WARNING in capsys.readouterr().err

    def test_are_not_said_of_30_users(self):
        products = ProductFactory.create_batch(2)
        InteractionFactory(product=products[1], occurred_at=NOON - timedelta(days=31))
        for user in UserFactory.create_batch(30):
            for product, days in zip(products, (31, 0), strict=True):
                InteractionFactory(user=user, product=product, occurred_at=NOON - timedelta(days=days))

        assert "too few" not in self.output()
        assert json.loads(self.output("--format", "json"))["warning"] is None
        assert 'class="warning"' not in self.output("--format", "html")


class TestUsers:
    @pytest.mark.parametrize(("asked", "measured"), [((), 2), (("--users", "1"), 1), (("--users", "9"), 2)])
    def test_are_all_measured_or_as_many_as_are_asked_for(
        self, shop: None, asked: tuple[str, ...], measured: int
    ):
        third, met = User.objects.order_by("id")[2], Product.objects.order_by("id")[2]
        InteractionFactory(user=third, product=met, occurred_at=NOON)

        found = json.loads(evaluate("--strategies", "popular", "--format", "json", *asked))

        assert found["split"]["users"] == measured


class TestInterruption:
    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
    def test_leaves_nothing_and_ends_at_once(
        self, shop: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ):
        slow = {"CLASS": "tests.counting.QuickInterrupted", "OPTIONS": {"signal": name}}
        strategies = {**settings.RECOMMENDATIONS["STRATEGIES"], "slow": slow}
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "STRATEGIES": strategies}
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        err = StringIO()

        with pytest.raises(SystemExit) as ended:
            call_command("evaluate_recommendations", "--strategies", "slow", stderr=err, verbosity=0)

        assert ended.value.code == 130
        assert err.getvalue() == "Interrupted. Nothing was written.\n"
        assert list(tmp_path.iterdir()) == []
