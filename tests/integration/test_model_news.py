"""What servers say of their models: in the check, the nightly task, the admin and the metrics."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.test import Client

from recommendations.explainers.model_news import ModelState
from recommendations.models import LanguageModel
from recommendations.tasks import check_language_model
from tests.chat import KEY, explainer_for
from tests.factories import StaffFactory
from tests.llm_server import LLMServer, Reply, fails, lists, sends


@pytest.fixture
def server() -> Iterator[LLMServer]:
    with LLMServer() as server:
        yield server


@pytest.fixture
def model(settings, server: LLMServer, monkeypatch: pytest.MonkeyPatch) -> LLMServer:
    """Let two models explain: "a" and "b"."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    options = {
        "api_key": KEY,
        "base_url": server.url,
        "model": "a,b",
        "temperature": 0.7,
        "max_tokens": 150,
        "timeout_seconds": 20,
        "max_concurrent": 4,
    }
    explainer = {"CLASS": "recommendations.explainers.openai.OpenAIExplainer", "OPTIONS": options}
    settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "EXPLAINER": explainer}
    return server


def ends(**fields: Any) -> Reply:
    return lists({"id": "a"} | fields)


class TestModelNews:
    @pytest.mark.parametrize(
        ("listing", "state", "ends_on"),
        [
            (lists("a"), ModelState.AVAILABLE, None),
            (lists("a:latest"), ModelState.AVAILABLE, None),
            (lists("b"), ModelState.MISSING, None),
            (ends(shutdown_date="2026-10-23"), ModelState.ENDING, date(2026, 10, 23)),
            (ends(expiration_date="2027-01-14"), ModelState.ENDING, date(2027, 1, 14)),
            (ends(deprecation="2027-01-14T12:00:00Z"), ModelState.ENDING, date(2027, 1, 14)),
            (ends(deprecation={"inference": 1799884800}), ModelState.ENDING, date(2027, 1, 14)),
            (ends(deprecation=None, expiration_date=None), ModelState.AVAILABLE, None),
            (ends(status="deprecated"), ModelState.ENDING, None),
            (ends(active=False), ModelState.MISSING, None),
            (lists({"id": "m.gguf", "owned_by": "llamacpp"}), ModelState.UNKNOWN, None),
            (fails(404), ModelState.UNKNOWN, None),
            (sends(b"<html>", content_type="text/html"), ModelState.UNKNOWN, None),
            (sends(b'[{"id": "a"}]'), ModelState.AVAILABLE, None),
        ],
    )
    def test_are_read_from_the_lists_of_many_servers(self, server, monkeypatch, listing, state, ends_on):
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        server.listing = listing

        [news] = explainer_for(f"{server.url}?api-version=1", model="a").model_news()

        assert (news.state, news.ends_on) == (state, ends_on)
        assert server.listings[0].path == "/v1/models?api-version=1"


class TestCheck:
    def test_calls_nobody_unless_its_tag_is_named(self, model: LLMServer, capsys):
        call_command("check")
        call_command("check", tags=["security"])
        run_checks()

        assert model.listings == []

    def test_says_what_the_server_has(self, model: LLMServer, capsys):
        model.listing = lists({"id": "a", "shutdown_date": "2027-01-14"}, "c")

        call_command("check", tags=["openai"])

        output = capsys.readouterr().err
        assert "OPENAI_MODEL, a: the server announces its end on 2027-01-14." in output
        assert "OPENAI_MODEL, b: the server does not have it; it has 2 models: a, c." in output

    @pytest.mark.parametrize("listing", [lists("c"), fails(401)])
    def test_fails_when_no_model_can_answer(self, model: LLMServer, listing: Reply):
        model.listing = listing

        with pytest.raises(SystemCheckError) as caught:
            call_command("check", tags=["openai"])

        assert KEY not in str(caught.value)


@pytest.mark.django_db
class TestNightly:
    def test_stores_and_logs_what_needs_attention(self, model: LLMServer, caplog):
        LanguageModel.objects.create(place=3, name="old", state="missing", checked_at="2026-01-01T00:00:00Z")
        model.listing = lists({"id": "a", "shutdown_date": "2027-01-14"})

        check_language_model()

        assert list(LanguageModel.objects.order_by("place").values_list("name", "state", "ends_on")) == [
            ("a", "ending", date(2027, 1, 14)),
            ("b", "missing", None),
        ]
        assert "The language model a is ending: the server announces its end on 2027-01-14." in caplog.text

    def test_survives_a_server_that_is_away(self, model: LLMServer, caplog):
        model.listing = fails(401)

        check_language_model()

        assert "cannot be asked for its models: HTTP 401" in caplog.text

    def test_is_a_command_too(self, model: LLMServer, capsys):
        model.listing = lists("c")

        with pytest.raises(CommandError, match="none of the models of OPENAI_MODEL"):
            call_command("check_language_model")
        assert "a: missing: the server does not have it; it has 1 models: c." in capsys.readouterr().out

    def test_is_in_the_metrics(self, client: Client, model: LLMServer, counted_anew):
        model.listing = lists({"id": "a", "shutdown_date": "2027-01-14"})
        check_language_model()

        page = client.get("/metrics").content.decode()

        assert 'shop_llm_model_available{model="a"} 1.0' in page
        assert 'shop_llm_model_available{model="b"} 0.0' in page
        assert 'shop_llm_model_end_timestamp_seconds{model="a"} 1.7998848e+09' in page

    def test_is_in_the_admin(self, client: Client, model: LLMServer):
        check_language_model()
        client.force_login(StaffFactory())

        page = client.get("/admin/recommendations/languagemodel/").content.decode()

        assert "the server does not have it; it has 1 models: gpt-3.5-turbo" in page
        assert "The language model is called for new explanations." in page
