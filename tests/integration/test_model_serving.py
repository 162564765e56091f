"""Which version of a model answers, and what answers if it cannot be loaded."""

import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.checks import run_checks
from django.db import IntegrityError

from catalog.models import User
from recommendations import wiring
from recommendations.caching.catalogue import MAX_AGE_SECONDS
from recommendations.errors import VersionGone
from recommendations.models import DefaultStrategy, TrainedModel
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import ModelRef
from recommendations.training import registry
from tests.counting import Counting, CountingModel
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory
from tests.trained import COUNTING, knows_counting, version

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def shop(settings: Any, tmp_path: Path) -> None:
    """A lamp with two interactions, and a vase with one."""
    knows_counting(settings, tmp_path)
    lamp, vase = ProductFactory(name="Lamp"), ProductFactory(name="Vase")
    for product in (lamp, lamp, vase):
        InteractionFactory(product=product)


def best(user: User | None = None, strategy: str | None = "counting") -> str:
    asking = user or UserFactory()
    request = RecommendationRequest(asking.id, 1, strategy=strategy)
    (placed,) = wiring.recommender()(request, wiring.shopper_state(request)).items
    return placed.product.name


def fallback() -> str | None:
    request = RecommendationRequest(UserFactory().id, 1, strategy="counting")
    return wiring.recommender()(request, wiring.shopper_state(request)).fallback


class TestModelRef:
    def test_is_the_one_in_settings_while_none_was_chosen(self):
        assert wiring.model_ref() == ModelRef("content")

    def test_is_the_chosen_one_with_its_active_version_in_one_query(self, django_assert_num_queries: Any):
        version("v1", active=True)
        registry.set_default("counting", at=NOON)

        with django_assert_num_queries(1):
            found = wiring.model_ref()

        assert found == ModelRef("counting", "v1")

    def test_needs_no_query_for_a_named_strategy_that_is_not_trained(self, django_assert_num_queries: Any):
        with django_assert_num_queries(0):
            assert wiring.model_ref("popular") == ModelRef("popular")

    def test_has_no_version_while_none_is_active(self):
        version("v1")

        assert wiring.model_ref("counting") == ModelRef("counting")

    def test_is_the_one_in_settings_when_the_chosen_one_is_not_configured_and_logs_that_once(
        self, caplog: pytest.LogCaptureFixture
    ):
        registry.set_default("magic", at=NOON)

        found = [wiring.model_ref(), wiring.model_ref()]

        assert found == [ModelRef("content")] * 2
        assert [record.message for record in caplog.records] == [
            "The default strategy 'magic' is not configured; content answers."
        ]


class TestActivation:
    def test_shows_in_the_next_answer(self):
        version("v1", active=True)
        second = version("v2", rarest=True)
        before = best()

        registry.activate(second, at=LATER)

        assert (before, best()) == ("Lamp", "Vase")

    def test_of_a_default_shows_in_the_next_answer(self):
        only = version("v1", rarest=True)
        before = best(strategy=None)

        registry.activate(only, at=LATER, default=True)

        assert (before, best(strategy=None)) == ("Lamp", "Vase")

    def test_leaves_one_active(self):
        first, second = version("v1", active=True), version("v2")

        registry.activate(second, at=LATER)

        first.refresh_from_db()
        assert (first.is_active, first.activated_at) == (False, NOON)
        assert TrainedModel.objects.get(is_active=True) == second

    def test_of_a_version_that_is_deleted_meanwhile_keeps_the_previous_one(self):
        version("v1", active=True)
        second = version("v2")
        TrainedModel.objects.filter(pk=second.pk).delete()

        with pytest.raises(VersionGone, match="counting v2 has been deleted"):
            registry.activate(second, at=LATER)

        assert TrainedModel.objects.get(is_active=True).version == "v1"

    def test_can_be_rolled_back(self):
        first, second = version("v1", active=True), version("v2")
        registry.activate(second, at=LATER)

        assert registry.previous_version("counting") == first

    def test_is_rolled_back_to_the_last_of_several(self):
        for n in range(3):
            version(f"v{n}", active=True, at=NOON + timedelta(hours=n))

        assert registry.previous_version("counting").version == "v1"

    def test_loads_a_version_once(self, django_assert_num_queries: Any):
        version("v1", active=True)
        asking = UserFactory()
        best(asking)

        with django_assert_num_queries(2):  # the state of the shop and the history
            best(asking)

    def test_invalidates_lists_stored_with_another_version(self):
        version("v1", active=True)
        asking = UserFactory()
        wiring.generator(wiring.model_ref("counting"), 1)([asking.id])

        version("v2", active=True, rarest=True, at=LATER)

        assert best(asking) == "Vase"


class TestUnavailable:
    def problem(self, caplog: pytest.LogCaptureFixture) -> str:
        """Serve two shoppers by fillers, and return the one line in the log."""
        with caplog.at_level(logging.ERROR):
            assert fallback() is not None
            assert fallback() is not None
        (record,) = caplog.records
        return record.message

    def test_files_are_missing(self, caplog: pytest.LogCaptureFixture, tmp_path: Path):
        version("v1", active=True)
        (tmp_path / "counting/v1/counts.npy").unlink()

        assert "Model counting v1 cannot be used: counts.npy is missing." in self.problem(caplog)

    def test_file_is_shorter(self, caplog: pytest.LogCaptureFixture, tmp_path: Path):
        version("v1", active=True)
        (tmp_path / "counting/v1/counts.npy").write_bytes(b"x")

        assert "counts.npy has 1 bytes instead of " in self.problem(caplog)

    def test_manifest_is_another(self, caplog: pytest.LogCaptureFixture, tmp_path: Path):
        version("v1", active=True)
        (tmp_path / "counting/v1/manifest.json").write_text("{}")

        assert "manifest.json is not the one that was registered" in self.problem(caplog)

    def test_file_has_a_flipped_byte(self, caplog: pytest.LogCaptureFixture, tmp_path: Path):
        version("v1", active=True)
        file = tmp_path / "counting/v1/counts.npy"
        text = file.read_bytes()
        file.write_bytes(text[:-1] + bytes([text[-1] ^ 1]))
        os.utime(file, ns=(0, 0))

        assert "the SHA-256 of counts.npy differs from the registered one." in self.problem(caplog)

    def test_files_cannot_be_loaded(self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
        version("v1", active=True)

        def load(estimator: Counting, folder: Path) -> CountingModel:
            raise ValueError("the array has another shape")

        monkeypatch.setattr(Counting, "load", load)

        assert "it cannot be loaded: the array has another shape" in self.problem(caplog)

    def test_library_that_reads_it_is_not_installed(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ):
        version("v1", active=True)

        def load(estimator: Counting, folder: Path) -> CountingModel:
            raise ImportError("No module named 'xgboost'")

        monkeypatch.setattr(Counting, "load", load)

        assert "it cannot be loaded: No module named 'xgboost'" in self.problem(caplog)

    def test_settings_have_changed(self, caplog: pytest.LogCaptureFixture, settings: Any, tmp_path: Path):
        version("v1", active=True)
        changed = {**COUNTING, "OPTIONS": {"rarest": True}}
        strategies = {**settings.RECOMMENDATIONS["STRATEGIES"], "counting": changed}
        knows_counting(settings, tmp_path)
        settings.RECOMMENDATIONS["STRATEGIES"] = strategies

        assert "it was trained with settings other than the current ones" in self.problem(caplog)

    def test_lists_that_are_stored_meanwhile_are_not_served_later(self, tmp_path: Path):
        version("v1", active=True, rarest=True)
        (tmp_path / "counting/v1").rename(tmp_path / "counting/away")
        asking = UserFactory()
        wiring.generator(wiring.model_ref("counting"), 1)([asking.id])

        (tmp_path / "counting/away").rename(tmp_path / "counting/v1")
        wiring.forget()

        assert best(asking) == "Vase"

    def test_version_answers_again_once_its_files_are_restored(self, tmp_path: Path):
        with time_machine.travel(NOON, tick=False) as clock:
            version("v1", active=True)
            (tmp_path / "counting/v1").rename(tmp_path / "counting/away")
            before = fallback()

            (tmp_path / "counting/away").rename(tmp_path / "counting/v1")
            clock.shift(MAX_AGE_SECONDS)

            assert (before, fallback()) == ("trending", None)


class TestRows:
    def test_hold_one_active_version_a_strategy(self):
        version("v1", active=True)
        version("v2")

        with pytest.raises(IntegrityError):
            TrainedModel.objects.update(is_active=True, activated_at=NOON)

    def test_hold_a_version_once(self):
        made = version("v1")
        made.pk = None

        with pytest.raises(IntegrityError):
            registry.register(made)

    def test_hold_one_default_at_most(self):
        registry.set_default("counting", at=NOON)
        registry.set_default("popular", at=LATER)

        assert DefaultStrategy.objects.get().strategy == "popular"


class TestChecks:
    def found(self) -> list[str]:
        """Return the problems found, without those of placements that lack a strategy."""
        messages = run_checks(databases=["default"])
        return [message.id for message in messages if message.id != "recommendations.E004"]

    def test_find_nothing_wrong_with_a_model_that_answers(self):
        version("v1", active=True)
        registry.set_default("counting", at=NOON)

        assert self.found() == []

    def test_find_a_default_strategy_that_is_not_configured(self):
        registry.set_default("magic", at=NOON)

        assert self.found() == ["recommendations.W001"]

    def test_find_an_active_model_of_other_settings(self):
        version("v1", active=True)
        TrainedModel.objects.update(settings_digest="other")

        assert self.found() == ["recommendations.W002"]

    def test_find_a_storage_that_does_not_exist(self, settings: Any, tmp_path: Path):
        knows_counting(settings, tmp_path, MODEL_STORAGE="models")

        assert self.found() == ["recommendations.E003"]


class TestStorage:
    def test_provides_the_active_version_to_a_server_without_it(self, settings: Any, tmp_path: Path):
        settings.STORAGES = {
            **settings.STORAGES,
            "models": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": str(tmp_path / "shared")},
            },
        }
        knows_counting(settings, tmp_path / "here", MODEL_STORAGE="models")
        version("v1", active=True)

        knows_counting(settings, tmp_path / "there", MODEL_STORAGE="models")

        assert (best(), fallback()) == ("Lamp", None)
        assert (tmp_path / "there/counting/v1/counts.npy").exists()
