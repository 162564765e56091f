"""settings.RECOMMENDATIONS as an object, and its system checks."""

import copy
from typing import Any

import pytest

from recommendations import conf
from recommendations.checks import check_configuration
from recommendations.conf import Config, ConfiguredClass
from recommendations.errors import BadConfiguration, UnknownStrategy
from tests.counting import Counting


@pytest.fixture
def raw(settings: Any) -> dict[str, Any]:
    return copy.deepcopy(settings.RECOMMENDATIONS)


class TestConfig:
    def test_names_the_key_that_is_missing(self, raw: dict[str, Any]):
        del raw["EXPLAINER"]

        with pytest.raises(BadConfiguration, match="EXPLAINER"):
            Config.of(raw)

    def test_refuses_a_default_strategy_that_is_not_configured_and_lists_the_known(self, raw: dict[str, Any]):
        raw["DEFAULT_STRATEGY"] = "contnet"  # codespell:ignore

        with pytest.raises(UnknownStrategy, match="'contnet'; choose from collaborative, content"):
            Config.of(raw)

    def test_changes_its_digest_with_any_option(self, raw: dict[str, Any]):
        before = Config.of(raw).digest("content")

        raw["STRATEGIES"]["content"]["OPTIONS"]["tag_points"] = 4

        assert Config.of(raw).digest("content") != before

    def test_changes_its_digest_with_what_events_are_worth(self, raw: dict[str, Any]):
        before = Config.of(raw).digest("trending")

        raw["EVENTS"]["cart"]["WEIGHT"] = 4

        assert Config.of(raw).digest("trending") != before

    def test_changes_its_digest_when_the_scoring_does(
        self, raw: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ):
        before = Config.of(raw).digest("content")

        monkeypatch.setattr(conf, "SCORING", conf.SCORING + 1)

        assert Config.of(raw).digest("content") != before


class TestNamed:
    def test_says_which_class_cannot_be_imported(self):
        with pytest.raises(BadConfiguration, match=r"'nowhere\.Nothing' cannot be imported"):
            ConfiguredClass("nowhere.Nothing", {}).make()

    def test_says_which_option_does_not_fit(self):
        with pytest.raises(BadConfiguration, match="tag_poinst"):
            ConfiguredClass("recommendations.strategies.content.Content", {"tag_poinst": 3}).make()


class TestCheckConfiguration:
    def test_finds_nothing_wrong_in_the_settings_as_they_are(self):
        assert check_configuration(None) == []

    def test_reports_a_configuration_that_cannot_be_read(self, settings: Any, raw: dict[str, Any]):
        settings.RECOMMENDATIONS = {**raw, "DEFAULT_STRATEGY": "none"}

        assert [problem.id for problem in check_configuration(None)] == ["recommendations.E001"]

    def test_reports_a_bad_option_before_a_shopper_does(self, settings: Any, raw: dict[str, Any]):
        raw["STRATEGIES"]["content"]["OPTIONS"]["tag_points"] = 0
        settings.RECOMMENDATIONS = raw

        (problem,) = check_configuration(None)

        assert "strategy 'content'" in problem.msg
        assert "tag_points is 0" in problem.msg

    @pytest.mark.parametrize("name", ["trending", "content", "together"])
    def test_reports_a_strategy_that_a_placement_needs(self, settings: Any, raw: dict[str, Any], name: str):
        del raw["STRATEGIES"][name]
        settings.RECOMMENDATIONS = {**raw, "DEFAULT_STRATEGY": "popular"}

        (problem,) = check_configuration(None)

        assert f"STRATEGIES has no {name!r}, which GET /" in problem.msg

    def test_reports_a_strategy_that_does_not_say_what_it_looks_at(
        self, settings: Any, raw: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.delattr(Counting, "basis")
        raw["STRATEGIES"]["counting"] = {"CLASS": "tests.counting.Counting"}
        settings.RECOMMENDATIONS = raw

        (problem,) = check_configuration(None)

        assert "strategy 'counting'" in problem.msg
        assert "needs a `basis`" in problem.msg

    def test_reports_a_strategy_whose_models_could_not_be_opened(self, settings: Any, raw: dict[str, Any]):
        raw["STRATEGIES"]["forgetful"] = {"CLASS": "tests.counting.Forgetful"}
        settings.RECOMMENDATIONS = raw

        (problem,) = check_configuration(None)

        assert "strategy 'forgetful'" in problem.msg
        assert "has no load()" in problem.msg
