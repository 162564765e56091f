"""Deferred explanations: the template's text at once, the model's text in a later response."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis import Redis
from rest_framework.test import APIClient

from catalog.models import User
from recommendations import wiring
from recommendations.batch.retention import remove_old_rows
from recommendations.explainers.breaker import MAX_FAILURES
from recommendations.explainers.template import TemplateExplainer
from recommendations.explaining.evidence_json import from_json, to_json
from recommendations.models import ModelCalls, WrittenText
from recsite.celery import app
from stack.processes import free_port
from tests.api.callers import bearer, shopper_token
from tests.chat import KEY
from tests.contracts.explainer import ODD
from tests.factories import InteractionFactory, ProductFactory, StaffFactory, UserFactory
from tests.llm_server import LLMServer, fails, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[LLMServer]:
    with LLMServer() as server:
        yield server


@pytest.fixture
def model(settings, server: LLMServer, monkeypatch: pytest.MonkeyPatch) -> LLMServer:
    """Let a chat model explain."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    explainer = {
        "CLASS": "recommendations.explainers.openai.OpenAIExplainer",
        "OPTIONS": {
            "api_key": KEY,
            "base_url": server.url,
            "model": "a-model",
            "temperature": 0.7,
            "max_tokens": 150,
            "timeout_seconds": 20,
            "max_concurrent": 4,
        },
    }
    settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "EXPLAINER": explainer}
    return server


@pytest.fixture
def queue(settings, redis_url: str) -> Iterator[Redis]:
    """A broker without workers."""
    app.set_default()
    settings.CELERY_BROKER_URL = redis_url
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def anna() -> User:
    anna = UserFactory(name="Anna", external_id="anna")
    lamps = ProductFactory.create_batch(8, tags=["led"])
    InteractionFactory(user=anna, product=lamps[0])
    return anna


@pytest.fixture
def client(db: None) -> APIClient:
    client = APIClient()
    client.force_login(StaffFactory())
    return client


def waiting(queue: Redis) -> list[str]:
    """Remove all messages from the queue and return their ids of texts."""
    found = []
    while (message := queue.rpop("explanations")) is not None:
        body = json.loads(base64.b64decode(json.loads(message)["body"]))
        found.append(body[0][0])
    return found


def ask(client: APIClient, who: str = "ext:anna") -> dict:
    answer = client.get(f"/recommend/{who}")
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.usefixtures("anna")
class TestAnswer:
    def test_has_the_template_and_a_url_and_later_the_models_text(self, client, model, queue):
        model.otherwise = says("We picked these for you, Anna.")

        first = ask(client)
        pending = client.get(first["explanation_url"])
        (digest,) = waiting(queue)
        wiring.explanation_writer()(digest)
        done = client.get(first["explanation_url"])
        second = ask(client)

        assert first["explanation_source"] == "template"
        assert first["explanation_url"] == f"/explanations/{digest}"
        assert pending.json() == {
            "id": digest,
            "status": "pending",
            "text": first["llm_explanation"],
            "source": "template",
        }
        assert done.json() == {
            "id": digest,
            "status": "done",
            "text": "We picked these for you, Anna.",
            "source": "openai",
        }
        assert (second["llm_explanation"], second["explanation_source"]) == (
            "We picked these for you, Anna.",
            "openai",
        )
        assert "explanation_url" not in second
        assert len(model.questions) == 1

    def test_takes_one_more_query_and_three_to_request_a_text(self, client, model, queue):
        def n_queries() -> int:
            with CaptureQueriesContext(connection) as queries:
                ask(client)
            return len([query for query in queries if "recommendations_writtentext" in query["sql"]])

        first, pending = n_queries(), n_queries()
        wiring.explanation_writer()(waiting(queue)[0])
        done = n_queries()
        WrittenText.objects.update(expires_at=timezone.now())
        wiring.response_cache().forget(
            wiring.response_cache().user_ids()
        )  # which may serve the text for some minutes longer
        again = n_queries()

        assert (first, pending, done, again) == (3, 1, 1, 3)

    def test_does_not_wait_for_the_model(self, client, model, queue):
        ask(client)

        assert model.questions == []

    def test_of_the_same_evidence_is_requested_and_written_once(self, client, model, queue):
        urls = {ask(client)["explanation_url"] for _ in range(3)}
        digests = waiting(queue)

        written = [wiring.explanation_writer()(digests[0]) for _ in range(2)]

        assert (len(urls), len(digests), written, len(model.questions)) == (1, 1, [True, False], 1)

    def test_for_two_concurrent_requests_is_requested_once(self, client, model, queue, anna, monkeypatch):
        """Another request renews the same expired text while this one renders the template."""
        ask(client)
        wiring.explanation_writer()(waiting(queue)[0])
        WrittenText.objects.update(expires_at=timezone.now())
        theirs, explain = [], TemplateExplainer.explain

        def meanwhile(self, evidence):
            if not theirs:
                theirs.append(None)
                theirs[0] = ask(client)
            return explain(self, evidence)

        monkeypatch.setattr(TemplateExplainer, "explain", meanwhile)
        mine = ask(client)

        assert theirs == [mine]
        assert mine["explanation_url"]
        assert len(waiting(queue)) == 1

    def test_is_written_inline_with_sync_explanations(self, client, model, queue, settings):
        settings.SYNC_EXPLANATIONS = True

        answer = ask(client)

        assert (answer["explanation_source"], "explanation_url" in answer) == ("openai", False)
        assert not WrittenText.objects.exists()

    def test_is_written_inline_without_a_broker(self, client, model):
        answer = ask(client)

        assert (answer["explanation_source"], "explanation_url" in answer) == ("openai", False)

    def test_has_no_url_without_a_model(self, client, queue):
        answer = ask(client)

        assert (answer["explanation_source"], "explanation_url" in answer) == ("template", False)
        assert waiting(queue) == []

    def test_has_no_url_while_the_broker_is_unreachable(self, client, model, settings):
        settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"

        answers = [ask(client) for _ in range(2)]

        assert [(a["explanation_source"], "explanation_url" in a) for a in answers] == [
            ("template", False)
        ] * 2
        assert not WrittenText.objects.exists()

    def test_is_cached_once_the_explanation_is_final(self, client, model, queue, anna, settings):
        wiring.generator(wiring.model_ref())([anna.pk])
        ask(client)
        wiring.explanation_writer()(waiting(queue)[0])
        settled = ask(client)
        WrittenText.objects.all().delete()

        assert ask(client) == settled

    def test_for_a_changed_list_is_requested_again(self, client, model, queue, anna):
        ask(client)
        (digest,) = waiting(queue)
        wiring.explanation_writer()(digest)

        anna.name = "Annabel"
        anna.save()

        assert ask(client)["explanation_source"] == "template"
        assert waiting(queue) not in ([], [digest])


@pytest.mark.usefixtures("anna")
class TestWriting:
    def test_uses_the_template_for_a_minute_after_a_failure(self, client, model, queue):
        model.otherwise = fails(400)
        url = ask(client)["explanation_url"]

        assert not wiring.explanation_writer()(waiting(queue)[0])

        answer = ask(client)
        assert client.get(url).json()["status"] == "done"
        assert (answer["explanation_source"], "explanation_url" in answer) == ("template", False)
        WrittenText.objects.update(expires_at=timezone.now())
        assert "explanation_url" in ask(client)
        assert len(waiting(queue)) == 1

    def test_keeps_within_the_daily_budget(self, client, model, queue, settings):
        settings.EXPLANATION_DAILY_BUDGET = 1
        UserFactory(name="Ben", external_id="ben")
        for who in ("ext:anna", "ext:ben"):
            ask(client, who)

        assert [wiring.explanation_writer()(digest) for digest in waiting(queue)] == [True, False]

        assert (len(model.questions), ModelCalls.objects.get().n_calls) == (1, 1)
        assert ask(client, "ext:ben")["explanation_source"] == "template"

    def test_spends_no_call_while_the_model_is_left_alone(self, client, model, queue):
        ask(client)
        breaker = wiring.language_model().breaker
        for _ in range(MAX_FAILURES):
            breaker.record_failure("HTTP 500")

        assert [wiring.explanation_writer()(digest) for digest in waiting(queue)] == [False]

        assert not ModelCalls.objects.exists()
        assert ask(client)["explanation_source"] == "template"

    def test_counts_calls_without_a_budget_as_well(self, client, model, queue):
        ask(client)
        wiring.explanation_writer()(waiting(queue)[0])

        assert ModelCalls.objects.get().n_calls == 1

    def test_takes_over_from_a_killed_worker(self, client, model, queue):
        ask(client)
        (digest,) = waiting(queue)
        WrittenText.objects.update(begun_at=timezone.now() - timedelta(seconds=100))
        too_early = wiring.explanation_writer()(digest)
        WrittenText.objects.update(begun_at=timezone.now() - timedelta(seconds=121))

        assert (too_early, wiring.explanation_writer()(digest)) == (False, True)

    def test_skips_a_text_whose_user_was_just_erased(self, client, model, queue):
        ask(client)
        (digest,) = waiting(queue)
        WrittenText.objects.update(evidence=None)

        assert wiring.explanation_writer()(digest) is False

    def test_requests_a_lost_text_again(self, client, model, queue):
        ask(client)
        waiting(queue)

        assert ask(client)["explanation_url"]
        assert waiting(queue) == []
        WrittenText.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
        assert ask(client)["explanation_url"]
        assert len(waiting(queue)) == 1

    def test_drops_a_request_for_another_model(self, client, model, queue, settings):
        ask(client)
        (digest,) = waiting(queue)
        options = {**settings.RECOMMENDATIONS["EXPLAINER"]["OPTIONS"], "model": "another"}
        explainer = {**settings.RECOMMENDATIONS["EXPLAINER"], "OPTIONS": options}
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "EXPLAINER": explainer}
        wiring.forget()

        assert not wiring.explanation_writer()(digest)
        assert (WrittenText.objects.count(), model.questions) == (0, [])

    @pytest.mark.parametrize(
        "evidence",
        [
            ["Anna", "", True, [["Lamp", None, [["tag", "led", 3000, None]]]]],
            ["Anna", "", "found", [["Lamp", None, [["unheard of", 1, 3000, None]]]], False, False],
            ["Anna", "", "unheard of", [], False, False],
        ],
        ids=["of a former version", "of a new kind of reason", "of a new finding"],
    )
    def test_drops_a_request_of_another_version(self, client, model, queue, evidence):
        ask(client)
        (digest,) = waiting(queue)
        WrittenText.objects.update(evidence=evidence)

        assert not wiring.explanation_writer()(digest)
        assert (WrittenText.objects.count(), model.questions) == (0, [])
        assert ask(client)["explanation_url"]
        assert len(waiting(queue)) == 1

    def test_expires_after_its_ttl(self, client, model, queue, settings):
        settings.EXPLANATION_TTL_SECONDS = 3600
        ask(client)
        wiring.explanation_writer()(waiting(queue)[0])

        left = WrittenText.objects.get().expires_at - timezone.now()
        assert timedelta(minutes=59) < left <= timedelta(hours=1)

    def test_deletes_the_evidence(self, client, model, queue):
        ask(client)
        assert WrittenText.objects.get().evidence
        wiring.explanation_writer()(waiting(queue)[0])

        assert WrittenText.objects.get().evidence is None


class TestTexts:
    def test_are_deleted_with_the_shopper_they_name(self, client, model, queue, anna):
        ask(client)
        assert WrittenText.objects.get().user == anna

        anna.interactions.all().delete()
        anna.delete()

        assert not WrittenText.objects.exists()

    def test_are_shared_by_shoppers_with_the_same_evidence(self, client, model, queue):
        ProductFactory.create_batch(3)
        for key in ("x", "y"):
            UserFactory(name="", external_id=key)

        urls = {ask(client, f"ext:{key}")["explanation_url"] for key in ("x", "y")}

        assert (len(urls), len(waiting(queue)), WrittenText.objects.get().user) == (1, 1, None)

    def test_of_two_shoppers_with_one_name_are_each_their_own(self, client, model, queue):
        ProductFactory.create_batch(3)
        shoppers = [UserFactory(name="Kim", external_id=key) for key in ("x", "y")]

        urls = [ask(client, f"ext:{shopper.external_id}")["explanation_url"] for shopper in shoppers]

        for number, shopper in enumerate(shoppers):
            own = APIClient(headers={"Authorization": bearer(shopper_token(shopper))})
            assert [own.get(url).status_code == 200 for url in urls] == [number == 0, number == 1]
        assert {text.user for text in WrittenText.objects.all()} == set(shoppers)

    def test_have_the_same_id_as_long_as_the_same_is_to_be_explained(self, client, model, queue, anna):
        assert ask(client) == ask(client)

    def test_have_ids_that_only_the_server_can_compute(self, client, model, queue, anna, settings):
        url = ask(client)["explanation_url"]
        facts = from_json(WrittenText.objects.get().evidence)
        WrittenText.objects.all().delete()
        settings.EXPLANATION_ID_KEY = "another"
        wiring.forget()

        assert facts.digest(wiring.explainer().identity) not in url
        assert ask(client)["explanation_url"] != url

    def test_are_deleted_when_they_expire(self, client, model, queue, anna):
        ask(client)
        now = timezone.now()

        assert remove_old_rows(event_days=0, now=now).texts == 0
        assert remove_old_rows(event_days=0, now=now + timedelta(days=2)).texts == 1

    @pytest.mark.parametrize("id", ["0" * 32, "x", "0" * 33, "%00"])
    def test_respond_404_for_unknown_ids(self, client, id):
        assert client.get(f"/explanations/{id}").status_code == 404

    def test_need_permission_to_read(self, db):
        assert APIClient().get(f"/explanations/{'0' * 32}").status_code == 401


class TestEvidenceJson:
    @pytest.mark.parametrize("name", ODD)
    def test_round_trips(self, name):
        again = from_json(json.loads(json.dumps(to_json(ODD[name]))))

        assert again == ODD[name]
        assert again.digest("w") == ODD[name].digest("w")
