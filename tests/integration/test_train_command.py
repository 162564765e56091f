"""manage.py train_models."""

import fcntl
import getpass
import json
import re
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from catalog.models import Interaction
from recommendations import wiring
from recommendations.models import DefaultStrategy, TrainedModel
from recommendations.serving.results import ModelRef
from recommendations.training import registry
from recommendations.training.promotion import ActivationRule
from recommendations.training.train import TrainingOptions
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory
from tests.trained import COUNTING, knows_counting, trained, version

pytestmark = pytest.mark.django_db
RAREST = {**COUNTING, "OPTIONS": {"rarest": True}}


@pytest.fixture(autouse=True)
def shop(settings: Any, tmp_path: Path) -> None:
    """Forty shoppers who viewed chairs, and then all view the most popular lamp."""
    knows_counting(settings, tmp_path)
    lamp, others = ProductFactory(category="Lamps"), ProductFactory.create_batch(13, category="Chairs")
    friends, newcomers = UserFactory.create_batch(60), UserFactory.create_batch(40)
    for n, user in enumerate(friends):
        InteractionFactory(user=user, product=lamp, occurred_at=NOON - timedelta(days=60))
        InteractionFactory(user=user, product=others[n % 13], occurred_at=NOON - timedelta(days=60))
    for n, user in enumerate(newcomers):
        InteractionFactory(user=user, product=others[n % 13], occurred_at=NOON - timedelta(days=50))
        InteractionFactory(user=user, product=lamp, occurred_at=NOON)


def train(*args: str, verbosity: int = 0) -> str:
    out = StringIO()
    call_command("train_models", *args, stdout=out, verbosity=verbosity)
    return out.getvalue()


def folders(model_dir: Path) -> list[str]:
    """Return the names of the strategy's folders, of versions and others."""
    return sorted(path.name for path in (model_dir / "counting").glob("*") if path.is_dir())


def configured(settings: Any, model_dir: Path, named: dict[str, Any]) -> None:
    knows_counting(settings, model_dir)
    strategies = settings.RECOMMENDATIONS["STRATEGIES"]
    settings.RECOMMENDATIONS["STRATEGIES"] = {**strategies, "counting": named}


def competing(settings: Any, model_dir: Path, others: dict[str, Any]) -> None:
    """Configure other strategies that are trained ahead, besides `counting`."""
    knows_counting(settings, model_dir)
    settings.RECOMMENDATIONS["STRATEGIES"] |= others
    wiring.forget()


@pytest.mark.usefixtures("forked")
class TestTrainModels:
    def test_registers_what_was_fitted_to_what_and_how_good_it_is(self, tmp_path: Path):
        output = train("--strategy", "counting", "--note", "the first")

        made = TrainedModel.objects.get()
        assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", made.version)
        assert made.settings_digest == wiring.config().digest("counting")
        assert (made.configuration, made.record) == (COUNTING, {"products": 14})
        assert (made.data_from, made.data_to, made.n_events) == (NOON - timedelta(days=60), NOON, 200)
        assert made.metrics["ndcg@10"] == made.metrics["hit@10"] == 1
        assert made.metrics["split"]["users"] == 40
        assert (made.note, made.created_by) == ("the first", getpass.getuser())
        assert folders(tmp_path) == [made.version]
        assert f"{made}: fitted to 200 events" in output

    def test_measures_as_evaluate_recommendations_does(self):
        out = StringIO()
        options = {"strategies": ["counting"], "format": "json", "verbosity": 0}

        train()
        call_command("evaluate_recommendations", stdout=out, **options)

        measured = json.loads(out.getvalue())["strategies"]["counting"]
        kept = TrainedModel.objects.latest("id").metrics
        assert {name: kept[name] for name in ("ndcg@10", "map@10", "coverage@10", "ci95")} == {
            name: measured[name] for name in ("ndcg@10", "map@10", "coverage@10", "ci95")
        }

    def test_leaves_a_model_that_answers(self):
        train()

        chosen = wiring.model_ref("counting")
        assert chosen.version == TrainedModel.objects.get().version
        assert wiring.model_loader()(chosen) is not None

    def test_activates_the_first_version_and_no_later_one(self):
        first, second = train(), train()

        assert "Activated: no version of counting was active." in first
        assert "Not activated: " in second
        assert list(TrainedModel.objects.order_by("id").values_list("is_active", flat=True)) == [True, False]

    def test_activates_a_later_version_when_asked(self):
        train("--no-evaluate")

        train("--activate", "--no-evaluate")

        assert list(TrainedModel.objects.order_by("id").values_list("is_active", flat=True)) == [False, True]

    def test_activates_a_version_in_place_of_one_of_other_settings(self, settings: Any, tmp_path: Path):
        train()
        configured(settings, tmp_path, {**COUNTING, "OPTIONS": {"rarest": True}})
        wiring.forget()

        output = train()

        assert "it was trained with settings other than the current ones" in output
        assert wiring.model_ref("counting").version == TrainedModel.objects.latest("id").version

    def test_activates_a_version_in_place_of_one_whose_files_are_gone(self, tmp_path: Path):
        train()
        (tmp_path / "counting" / TrainedModel.objects.get().version / "counts.npy").unlink()

        output = train()

        assert "Activated: the active version could not be used. " in output
        assert wiring.model_ref("counting").version == TrainedModel.objects.latest("id").version

    def test_does_not_change_which_strategy_answers_by_default(self):
        train("--activate", "--no-evaluate")

        assert wiring.model_ref() == ModelRef("content")

    def test_keeps_as_many_versions_as_asked_and_those_that_answer_or_did(
        self, tmp_path: Path, django_capture_on_commit_callbacks: Any
    ):
        old = [version(f"v{n}", at=NOON + timedelta(minutes=n)) for n in range(4)]
        registry.activate(old[0], at=NOON)
        registry.activate(old[1], at=NOON + timedelta(hours=1))

        with django_capture_on_commit_callbacks(execute=True):
            output = train("--keep", "1", "--no-evaluate")

        assert "Older versions removed: 2." in output
        kept = list(TrainedModel.objects.order_by("id").values_list("version", flat=True))
        assert kept[:2] == ["v0", "v1"]
        assert len(kept) == 3
        assert folders(tmp_path) == sorted(kept)

    def test_names_itself_where_the_system_knows_no_user(self, monkeypatch: pytest.MonkeyPatch):
        def nobody() -> str:
            raise OSError("No username set in the environment")

        monkeypatch.setattr(getpass, "getuser", nobody)

        train("--no-evaluate")

        assert TrainedModel.objects.get().created_by == "train_models"

    def test_says_what_it_is_doing_and_stays_silent_when_told(self, capsys: pytest.CaptureFixture[str]):
        train("--no-evaluate", verbosity=1)
        reported = capsys.readouterr().err
        train("--no-evaluate")

        assert "Counting: fitting to 200 events." in reported
        assert capsys.readouterr().err == ""

    def test_fits_what_cannot_be_measured(self):
        output = train("--holdout-days", "3000")

        assert "Not measured." in output
        assert TrainedModel.objects.get().metrics == {}


FEW_USERS = "Measured on only 1 user: too few to compare strategies, which takes 30 or more."
HOW_TO_ACTIVATE = (
    "Activate it in the admin under Trained models, or use --activate to activate new models in any case."
)


def of_one_user() -> None:
    """Let all but one of the forty newcomers view a known product again instead of the lamp."""
    known = dict(
        Interaction.objects.filter(occurred_at=NOON - timedelta(days=50)).values_list("user_id", "product_id")
    )
    for event in Interaction.objects.filter(occurred_at=NOON).order_by("id")[1:]:
        Interaction.objects.filter(pk=event.pk).update(product_id=known[event.user_id])


def active() -> TrainedModel | None:
    return TrainedModel.objects.filter(is_active=True).first()


@pytest.mark.usefixtures("forked")
class TestWhatIsNeverActivatedByItself:
    """Versions that were not measured, measured on fewer than 30 users, or recommend nothing."""

    @pytest.fixture(params=["unmeasured", "one user", "empty"])
    def unproven(
        self, request: pytest.FixtureRequest, settings: Any, tmp_path: Path
    ) -> tuple[list[str], str]:
        """Return options that make the new version unproven, and the reason in the output."""
        if request.param == "unmeasured":
            return ["--no-evaluate"], "It was not measured."
        if request.param == "one user":
            of_one_user()
            return [], FEW_USERS
        configured(settings, tmp_path, {"CLASS": "tests.counting.CountingNothing"})
        return [], "It is empty: it recommends nothing to any user."

    def test_is_registered_with_the_reason_and_the_way_to_activate_it(self, unproven: tuple[list[str], str]):
        options, why = unproven

        output = train(*options)

        assert f"Not activated. {why} {HOW_TO_ACTIVATE}" in output
        assert TrainedModel.objects.count() == 1
        assert active() is None

    def test_is_activated_when_that_is_asked_for(self, unproven: tuple[list[str], str]):
        options, why = unproven

        output = train(*options, "--activate")

        assert f"Activated because of --activate. {why}" in output
        assert active() == TrainedModel.objects.get()

    def test_gives_way_to_a_good_one(self, unproven: tuple[list[str], str], settings: Any, tmp_path: Path):
        options, why = unproven
        train(*options, "--activate")
        dead = active()
        for user in UserFactory.create_batch(30):
            other, lamp = Interaction.objects.order_by("id").values_list("product_id", flat=True)[1:3]
            InteractionFactory(user=user, product_id=other, occurred_at=NOON - timedelta(days=50))
            InteractionFactory(user=user, product_id=lamp, occurred_at=NOON)
        knows_counting(settings, tmp_path)
        TrainedModel.objects.update(settings_digest=wiring.config().digest("counting"))

        output = train()

        assert f"Activated in place of {dead.version}, which is unproven. {why}" in output
        assert active() == TrainedModel.objects.latest("id")

    def test_does_not_take_the_place_of_a_good_one(self, settings: Any, tmp_path: Path):
        train()
        good = active()

        train("--no-evaluate")
        of_one_user()
        train()
        train("--activate-if-measured")

        assert TrainedModel.objects.count() == 4
        assert active() == good

    def test_is_not_fitted_for_being_better(self):
        of_one_user()

        output = train("--activate-if-better")

        assert (
            f"counting: Not fitted. {FEW_USERS} Use --activate to fit and activate it in any case." in output
        )
        assert not TrainedModel.objects.exists()
        assert wiring.model_ref() == ModelRef("content")

    def test_is_not_fitted_again_where_files_are_gone(self, tmp_path: Path):
        train("--activate-if-better")
        (tmp_path / "counting" / TrainedModel.objects.get().version / "counts.npy").unlink()
        of_one_user()

        output = train("--activate-if-better")

        assert f"counting: Not fitted. {FEW_USERS}" in output
        assert TrainedModel.objects.count() == 1


@pytest.mark.usefixtures("forked")
class TestActivateIfMeasured:
    def test_activates_each_version_that_was_measured(self):
        train("--activate-if-measured")

        output = train("--activate-if-measured")

        assert "  Activated." in output
        assert active() == TrainedModel.objects.latest("id") != TrainedModel.objects.earliest("id")

    def test_needs_to_measure(self):
        with pytest.raises(CommandError, match="--no-evaluate cannot be used with --activate-if-measured"):
            train("--activate-if-measured", "--no-evaluate")


@pytest.mark.usefixtures("forked")
class TestActivateIfBetter:
    def test_activates_what_is_surely_better_and_lets_it_answer_by_default(self):
        output = train("--activate-if-better")

        assert "Activated and made the default: better than content by +" in output
        assert wiring.model_ref() == ModelRef("counting", TrainedModel.objects.get().version)

    def test_fits_nothing_that_is_not_surely_better(self, settings: Any, tmp_path: Path):
        configured(settings, tmp_path, {**COUNTING, "OPTIONS": {"rarest": True}})

        output = train("--activate-if-better")

        assert "Not fitted: not surely better than content" in output
        assert not TrainedModel.objects.exists()
        assert wiring.model_ref() == ModelRef("content")

    def test_compares_with_the_estimator_of_the_version_that_answers(self, settings: Any, tmp_path: Path):
        configured(settings, tmp_path, {**COUNTING, "OPTIONS": {"rarest": True}})
        train("--activate", "--no-evaluate")
        registry.set_default("counting", at=NOON)
        bad = TrainedModel.objects.get()
        knows_counting(settings, tmp_path)

        output = train("--activate-if-better")

        assert f"better than {bad} by +" in output
        assert wiring.model_ref().version == TrainedModel.objects.latest("id").version != bad.version

    def test_says_that_an_estimator_cannot_be_better_than_itself(self):
        train("--activate-if-better")

        output = train("--activate-if-better")

        assert "has the same settings, so there is nothing to compare" in output
        assert TrainedModel.objects.count() == 1

    def test_fits_what_answers_by_default_again_when_its_files_are_gone(self, tmp_path: Path):
        train("--activate-if-better")
        (tmp_path / "counting" / TrainedModel.objects.get().version / "counts.npy").unlink()

        output = train("--activate-if-better")

        assert "Activated: counting is the default and could not be used. " in output
        assert wiring.model_ref() == ModelRef("counting", TrainedModel.objects.latest("id").version)
        assert TrainedModel.objects.count() == 2

    def test_says_that_nothing_answers_when_the_present_version_is_of_other_settings(
        self, settings: Any, tmp_path: Path
    ):
        train("--activate-if-better")
        configured(settings, tmp_path, {**COUNTING, "OPTIONS": {"rarest": True}})

        output = train("--activate-if-better")

        assert "Not fitted: not surely better than counting 2" in output
        assert "it was trained with settings other than the current ones. Its fallback is used" in output

    def test_fits_the_best_alone_of_several_that_are_better(self, settings: Any, tmp_path: Path):
        competing(settings, tmp_path, {"also": COUNTING, "rare": RAREST})

        output = train("--activate-if-better")

        assert "also: Not fitted: better than content by +" in output
        assert "but counting is better still." in output
        assert "rare: Not fitted: not surely better than content" in output
        assert TrainedModel.objects.get().strategy == wiring.model_ref().strategy == "counting"

    def test_is_not_swayed_by_the_order_of_the_strategies(self, settings: Any, tmp_path: Path):
        competing(settings, tmp_path, {"second": {"CLASS": "tests.counting.CountingSecond"}})

        output = train("--strategy", "second", "counting", "--activate-if-better")

        assert "second: Not fitted: better than content by +" in output
        assert TrainedModel.objects.get().strategy == "counting"

    @pytest.mark.parametrize("other", ["default", "version"])
    def test_lets_alone_what_was_let_answer_meanwhile(self, settings: Any, tmp_path: Path, other: str):
        competing(settings, tmp_path, {"rare": RAREST})
        registry.set_default("rare", at=NOON)
        trained("rare", configuration=RAREST)

        def meanwhile(output: str) -> None:
            if "fitting" in output and other == "default":
                registry.set_default("popular", at=NOON)
            elif "fitting" in output:
                trained("rare", "v2", configuration=RAREST, at=NOON + timedelta(hours=1))

        (found,) = wiring.trainer()(
            TrainingOptions(("counting",), "a test", activate=ActivationRule.IF_BETTER), meanwhile
        )

        assert found.decision.reason == (
            "Not activated: rare v1, which it was compared with, is no longer the default; "
            "compare them again."
        )
        assert wiring.model_ref() == (ModelRef("popular") if other == "default" else ModelRef("rare", "v2"))
        assert not TrainedModel.objects.get(strategy="counting").is_active

    def test_needs_somebody_to_measure_on(self):
        with pytest.raises(CommandError, match="--holdout-days 3000: there are no events before the cutoff"):
            train("--activate-if-better", "--holdout-days", "3000")

    def test_names_the_estimator_that_cannot_be_measured(self, settings: Any, tmp_path: Path):
        configured(settings, tmp_path, {"CLASS": "tests.counting.CountingOnItsFingers"})

        with pytest.raises(
            CommandError, match=r"^counting could not be measured: there are no fingers for 160"
        ):
            train("--activate-if-better")

    def test_needs_to_measure(self):
        with pytest.raises(CommandError, match="--no-evaluate cannot be used with --activate-if-better"):
            train("--activate-if-better", "--no-evaluate")


class TestRefusals:
    def refused(self, *args: str) -> str:
        with pytest.raises(CommandError) as refusal:
            train("--no-evaluate", *args)
        return str(refusal.value)

    def nothing_is_left(self, model_dir: Path) -> bool:
        return not TrainedModel.objects.exists() and folders(model_dir) == []

    def test_of_a_strategy_that_is_not_configured(self):
        assert "--strategy: There is no strategy 'magic'" in self.refused("--strategy", "magic")

    def test_of_a_strategy_that_is_not_trained_ahead(self):
        assert self.refused("--strategy", "popular") == (
            "--strategy: Not trained ahead: popular. Trained ahead: counting."
        )

    def test_of_a_shop_in_which_nothing_happened(self):
        Interaction.objects.all().delete()

        assert self.refused() == "There are no events to learn from."

    def test_of_an_estimator_that_cannot_be_fitted_names_it_and_leaves_nothing(
        self, settings: Any, tmp_path: Path
    ):
        configured(settings, tmp_path, {"CLASS": "tests.counting.CountingOnItsFingers"})

        assert self.refused() == (
            "counting could not be fitted: there are no fingers for 200 events. "
            "The unfinished model was removed."
        )
        assert self.nothing_is_left(tmp_path)

    def test_of_a_directory_that_is_a_file(self, settings: Any, tmp_path: Path):
        (tmp_path / "file").touch()
        knows_counting(settings, tmp_path / "file")

        assert "Model files cannot be written to MODEL_DIR: " in self.refused()

    def test_of_a_full_disk_leaves_nothing(self, settings: Any, tmp_path: Path):
        configured(settings, tmp_path, {"CLASS": "tests.counting.CountingOnAFullDisk"})

        assert "No space left on device" in self.refused()
        assert self.nothing_is_left(tmp_path)

    def test_of_fitting_that_is_killed_leaves_nothing(self, settings: Any, tmp_path: Path):
        configured(settings, tmp_path, {"CLASS": "tests.counting.CountingUntilKilled"})

        assert "perhaps for lack of memory" in self.refused()
        assert self.nothing_is_left(tmp_path)

    def test_of_a_row_that_cannot_be_stored_leaves_no_files(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def refuse(model: TrainedModel) -> None:
            raise DatabaseError("the disk is full")

        monkeypatch.setattr(registry, "register", refuse)

        with pytest.raises(DatabaseError):
            train("--no-evaluate")
        assert self.nothing_is_left(tmp_path)

    def test_of_training_a_strategy_twice_at_once(self, tmp_path: Path):
        (tmp_path / "counting").mkdir()
        with (tmp_path / "counting/.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)

            assert self.refused() == "counting is already being trained; wait for that training to end."

    def test_clear_away_what_a_killed_training_left(self, tmp_path: Path):
        (tmp_path / "counting/.unfinished-training-x").mkdir(parents=True)

        train("--no-evaluate")

        assert folders(tmp_path) == [TrainedModel.objects.get().version]


class TestInterruption:
    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
    def test_leaves_nothing_and_ends_at_once(self, settings: Any, tmp_path: Path, name: str):
        configured(
            settings, tmp_path, {"CLASS": "tests.counting.CountingInterrupted", "OPTIONS": {"signal": name}}
        )
        out, err = StringIO(), StringIO()

        with pytest.raises(SystemExit) as ended:
            call_command("train_models", "--no-evaluate", stdout=out, stderr=err, verbosity=0)

        assert ended.value.code == 130
        assert "The unfinished model was removed" in err.getvalue()
        assert not TrainedModel.objects.exists()
        assert folders(tmp_path) == []
        assert not DefaultStrategy.objects.exists()
