"""Trained models in the admin: actions, pages and permissions."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from recommendations import wiring
from recommendations.models import DefaultStrategy, TrainedModel
from recommendations.serving.results import ModelRef
from recommendations.training import registry
from tests.factories import NOON, InteractionFactory
from tests.trained import knows_counting, version

CHANGE = "admin:recommendations_trainedmodel_change"
LIST = reverse("admin:recommendations_trainedmodel_changelist")
COMPARE = reverse("admin:recommendations_trainedmodel_compare")
SPLIT = {"cutoff": "2025-12-16T12:00:00+00:00", "users": 40}


@pytest.fixture(autouse=True)
def shop(db: None, settings: Any, tmp_path: Path) -> None:
    knows_counting(settings, tmp_path)
    InteractionFactory()


@pytest.fixture
def first() -> TrainedModel:
    """The active version."""
    return measured(version("v1", active=True), 0.1)


@pytest.fixture
def second(first: TrainedModel) -> TrainedModel:
    return measured(version("v2", at=NOON + timedelta(hours=1)), 0.15)


def measured(model: TrainedModel, ndcg: float, **split: Any) -> TrainedModel:
    model.metrics = {
        "ndcg@10": ndcg,
        "coverage@10": 0.5,
        "ci95": {"ndcg@10": [ndcg - 0.01, ndcg + 0.01]},
        "split": {**SPLIT, **split},
    }
    model.save()
    return model


def act(office: Client, action: str, *models: TrainedModel, **answers: str) -> str:
    """Return the page that staff see after an action."""
    selected = {"action": action, "_selected_action": [model.pk for model in models], **answers}
    return office.post(LIST, selected, follow=True).content.decode()


def deleted_at_once(office: Client, model: TrainedModel) -> str:
    """Return the page that staff see after deleting, with on_commit callbacks run at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "on_commit", lambda do, **_: do())
        return act(office, "delete_selected", model, post="yes")


def active() -> str:
    return wiring.model_ref("counting").version


class TestList:
    def test_shows_what_staff_compare_by(self, office, first):
        html = office.get(LIST).content.decode()

        assert "<strong>Active</strong>" in html
        assert "0.100 (0.090 to 0.110)" in html

    def test_says_when_the_active_one_cannot_answer(self, office, first):
        TrainedModel.objects.update(settings_digest="other")

        assert "Active, but trained with other settings" in office.get(LIST).content.decode()

    def test_says_when_the_files_of_the_active_one_are_gone(self, office, first, tmp_path: Path):
        (tmp_path / "counting/v1/counts.npy").unlink()

        assert "Active, but cannot be used: Model counting v1 cannot be used: counts.npy is missing." in (
            office.get(LIST).content.decode()
        )

    def test_offers_those_who_may_only_look_nothing_but_to_compare(self, hire, first):
        html = hire("view_trainedmodel").get(LIST).content.decode()

        assert re.findall(r'<option value="(\w+)"', html) == ["compare"]

    @pytest.mark.parametrize("missing", [True, False])
    def test_opens_where_there_is_no_directory_of_models(self, office, first, settings, tmp_path, missing):
        elsewhere = tmp_path / "elsewhere"
        if not missing:
            elsewhere.write_text("a file")
        knows_counting(settings, elsewhere)

        assert "Active, but cannot be used" in office.get(LIST).content.decode()
        assert office.get(reverse(CHANGE, args=[first.pk])).status_code == 200

    def test_offers_no_model_to_be_added(self, office):
        assert office.get(reverse("admin:recommendations_trainedmodel_add")).status_code == 403


class TestActivate:
    def test_lets_the_version_answer(self, office, second):
        html = act(office, "activate", second)

        assert "Counting v2 is now the active version of counting." in html
        assert active() == "v2"

    def test_is_kept_in_the_history(self, office, boss, second):
        act(office, "activate", second)

        entry = LogEntry.objects.get()
        assert (entry.user, entry.object_id, entry.change_message) == (boss, str(second.pk), "Activated.")

    def test_refuses_two_versions_of_one_strategy(self, office, first, second):
        html = act(office, "activate", first, second)

        assert "No version was activated: select at most one version of each strategy." in html
        assert active() == "v1"

    def test_is_for_those_who_may_change_models(self, hire, second):
        act(hire("view_trainedmodel"), "activate", second)

        assert active() == "v1"

    def test_needs_no_more_than_the_permission_to_change(self, hire, second):
        act(hire("view_trainedmodel", "change_trainedmodel"), "activate", second)

        assert active() == "v2"

    def test_refuses_a_version_of_other_settings(self, office, second):
        TrainedModel.objects.filter(pk=second.pk).update(settings_digest="other")

        html = act(office, "activate", second)

        assert "Counting v2 was not activated. Model counting v2 cannot be used: it was trained with" in html
        assert active() == "v1"

    def test_refuses_a_version_whose_files_are_missing(self, office, second, tmp_path: Path):
        (tmp_path / "counting/v2/counts.npy").unlink()

        html = act(office, "activate", second)

        assert "counts.npy is missing" in html
        assert active() == "v1"

    @pytest.mark.parametrize("missing", [True, False])
    def test_refuses_where_there_is_no_directory_of_models(self, office, second, settings, tmp_path, missing):
        elsewhere = tmp_path / "elsewhere"
        if not missing:
            elsewhere.write_text("a file")
        knows_counting(settings, elsewhere)

        html = act(office, "activate", second)

        assert "Counting v2 was not activated. Model counting v2 cannot be used: " in html
        assert active() == "v1"

    def test_refuses_a_version_with_a_flipped_byte(self, office, second, tmp_path: Path):
        file = tmp_path / "counting/v2/counts.npy"
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        os.utime(file, ns=(0, 0))

        html = act(office, "activate", second)

        assert "the SHA-256 of counts.npy differs from the registered one" in html
        assert active() == "v1"

    def test_refuses_a_version_of_a_strategy_that_is_not_configured(self, office, second):
        TrainedModel.objects.filter(pk=second.pk).update(strategy="magic")

        html = act(office, "activate", second)

        assert "There is no strategy &#x27;magic&#x27;" in html
        assert active() == "v1"


class TestRollBack:
    def test_activates_what_was_active_before(self, office, first, second):
        act(office, "activate", second)

        html = act(office, "roll_back", second)

        assert "Counting v1 is now the active version of counting." in html
        assert active() == "v1"

    def test_says_when_nothing_was(self, office, first):
        html = act(office, "roll_back", first)

        assert "No other version of counting has ever been active" in html
        assert active() == "v1"

    def test_refuses_a_version_that_cannot_answer(self, office, first, second, tmp_path: Path):
        act(office, "activate", second)
        (tmp_path / "counting/v1/manifest.json").unlink()

        html = act(office, "roll_back", second)

        assert "Counting v1 was not activated." in html
        assert active() == "v2"


class TestMakeDefault:
    def test_lets_the_strategy_answer_by_default(self, office, first):
        act(office, "make_default", first)

        assert wiring.model_ref() == ModelRef("counting", "v1")

    def test_needs_an_active_version(self, office):
        html = act(office, "make_default", version("v1"))

        assert "No version of counting is active" in html
        assert wiring.model_ref() == ModelRef("content")

    def test_needs_a_version_that_can_answer(self, office, first, tmp_path: Path):
        (tmp_path / "counting/v1/counts.npy").unlink()

        html = act(office, "make_default", first)

        assert "Model counting v1 cannot be used: counts.npy is missing." in html
        assert not DefaultStrategy.objects.exists()

    def test_needs_a_strategy_that_is_configured(self, office, first):
        TrainedModel.objects.update(strategy="magic")

        html = act(office, "make_default", first)

        assert "There is no strategy &#x27;magic&#x27;" in html
        assert not DefaultStrategy.objects.exists()

    def test_is_for_those_who_may_change_the_default_too(self, hire, first):
        act(hire("view_trainedmodel", "change_trainedmodel"), "make_default", first)
        refused = DefaultStrategy.objects.exists()

        act(hire("view_trainedmodel", "change_trainedmodel", "change_defaultstrategy"), "make_default", first)

        assert not refused
        assert wiring.model_ref() == ModelRef("counting", "v1")


class TestCompare:
    def test_shows_versions_beside_each_other_with_their_differences(self, office, first, second):
        html = act(office, "compare", second, first)

        assert html.index(">counting v1</a> (active)") < html.index(">counting v2</a>")
        assert html.count("(active)") == 1
        assert "<strong>0.1500</strong> (0.1400 to 0.1600)<br>+0.0500" in html
        assert "measured on different days" not in html

    def test_warns_of_differences_that_say_little(self, office, first, second):
        measured(second, 0.15, users=41)

        assert "measured on different days or users" in act(office, "compare", first, second)

    def test_takes_few_queries(self, office, first, second):
        with CaptureQueriesContext(connection) as queries:
            page = office.get(COMPARE, {"ids": f"{first.pk},{second.pk}"})

        assert page.status_code == 200
        assert len(queries) < 20

    def test_needs_two(self, office, first):
        assert "Select 2 to 6 versions" in act(office, "compare", first)

    @pytest.mark.parametrize("ids", ["", "x", "1", "9" * 30, "999,998"])
    def test_leads_back_from_an_address_that_names_nothing(self, office, ids):
        page = office.get(COMPARE, {"ids": ids}, follow=True)

        assert "Select versions to compare from this list." in page.content.decode()

    def test_is_closed_to_those_who_may_not_look(self, hire, first, second):
        assert hire("view_product").get(COMPARE, {"ids": f"{first.pk},{second.pk}"}).status_code == 403


class TestDelete:
    def test_removes_the_files_too(
        self, office, second, tmp_path: Path, django_capture_on_commit_callbacks: Any
    ):
        with django_capture_on_commit_callbacks(execute=True):
            act(office, "delete_selected", second, post="yes")

        assert not TrainedModel.objects.filter(pk=second.pk).exists()
        assert not (tmp_path / "counting/v2").exists()
        assert (tmp_path / "counting/v1").exists()

    def test_of_a_version_whose_files_are_gone_deletes_the_row(
        self, office, second, tmp_path: Path, django_capture_on_commit_callbacks: Any
    ):
        (tmp_path / "counting/v2").rename(tmp_path / "away")

        with django_capture_on_commit_callbacks(execute=True):
            html = act(office, "delete_selected", second, post="yes")

        assert "may remain" not in html
        assert not TrainedModel.objects.filter(pk=second.pk).exists()

    def test_tells_of_files_that_cannot_be_removed(self, office, second, tmp_path: Path):
        # A symbolic link to a folder, which shutil.rmtree refuses to remove.
        (tmp_path / "counting/v2").rename(tmp_path / "away")
        (tmp_path / "counting/v2").symlink_to(tmp_path / "away")

        html = deleted_at_once(office, second)

        assert "Some files of counting v2 may remain: " in html
        assert not TrainedModel.objects.filter(pk=second.pk).exists()

    def test_is_for_those_who_may_delete_models(self, hire, first, second):
        page = reverse("admin:recommendations_trainedmodel_delete", args=[second.pk])
        clerk = hire("view_trainedmodel", "change_trainedmodel")

        assert clerk.post(page, {"post": "yes"}).status_code == 403
        act(clerk, "delete_selected", second, post="yes")
        assert TrainedModel.objects.filter(pk=second.pk).exists()

    def test_leaves_the_active_one_and_says_why(self, office, first, second):
        html = act(office, "delete_selected", first, second, post="yes")

        assert "counting v1, which is active" in html
        assert "The active version cannot be deleted; activate another version first." in html
        assert TrainedModel.objects.count() == 2

    def test_of_one_row_removes_its_files(
        self, office, second, tmp_path: Path, django_capture_on_commit_callbacks: Any
    ):
        page = reverse("admin:recommendations_trainedmodel_delete", args=[second.pk])
        with django_capture_on_commit_callbacks(execute=True):
            office.post(page, {"post": "yes"})

        assert not (tmp_path / "counting/v2").exists()


class TestMeasures:
    def page(self, office: Client, model: TrainedModel) -> str:
        return office.get(reverse(CHANGE, args=[model.pk])).content.decode()

    def test_say_on_whom_the_model_was_measured(self, office, first):
        html = self.page(office, first)

        assert "<td>40, 2025-12-16T12:00:00+00:00</td>" in html
        assert "Not measured" not in html

    def test_say_when_there_are_none(self, office):
        html = self.page(office, version("v1"))

        assert "Not measured" in html
        assert "<td>Users, cutoff</td><td>–</td>" in html
        assert "measured on different days" not in html


class TestNote:
    def test_is_all_that_can_be_changed(self, office, first):
        page = reverse("admin:recommendations_trainedmodel_change", args=[first.pk])

        office.post(page, {"note": "for Christmas", "version": "v9", "is_active": ""})

        first.refresh_from_db()
        assert (first.note, first.version, first.is_active) == ("for Christmas", "v1", True)


class TestDefaultStrategy:
    def test_is_chosen_among_the_configured_ones(self, office, first):
        page = reverse("admin:recommendations_defaultstrategy_add")
        html = office.get(page).content.decode()

        office.post(page, {"strategy": "counting"})

        assert '<option value="trending">' in html
        assert wiring.model_ref() == ModelRef("counting", "v1")

    def test_cannot_be_one_that_is_not_configured(self, office):
        office.post(reverse("admin:recommendations_defaultstrategy_add"), {"strategy": "magic"})

        assert not DefaultStrategy.objects.exists()

    def test_cannot_be_one_without_an_active_version(self, office):
        page = reverse("admin:recommendations_defaultstrategy_add")

        html = office.post(page, {"strategy": "counting"}).content.decode()

        assert "No version of counting is active; activate one first." in html
        assert not DefaultStrategy.objects.exists()

    def test_shows_no_other_one_in_place_of_one_that_is_not_configured(self, office):
        registry.set_default("magic", at=NOON)

        html = office.get(reverse("admin:recommendations_defaultstrategy_change", args=[1])).content.decode()

        assert '<option value="">---------</option>' in html
        assert " selected" not in html.split('name="strategy"')[1].split("</select>")[0]

    def test_can_be_looked_at_by_those_who_may_only_look(self, hire):
        registry.set_default("content", at=NOON)
        page = reverse("admin:recommendations_defaultstrategy_change", args=[1])
        clerk = hire("view_defaultstrategy")

        assert "content" in clerk.get(page).content.decode()
        assert clerk.post(page, {"strategy": "popular"}).status_code == 403
        assert wiring.model_ref() == ModelRef("content")

    def test_is_the_setting_again_once_the_row_is_deleted(self, office):
        registry.set_default("popular", at=NOON)

        office.post(reverse("admin:recommendations_defaultstrategy_delete", args=[1]), {"post": "yes"})

        assert wiring.model_ref() == ModelRef("content")
