"""Explanations off the request's path: the template at once, the model's words in the next answer."""

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
from deploy.processes import free_port
from recommendations import wiring
from recommendations.batch.retention import remove_old_rows
from recommendations.explainers.template import TemplateExplainer
from recommendations.explaining.evidence_json import from_json, to_json
from recommendations.models import ModelCalls, WrittenText
from recsite.celery import app
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
    """A chat model explains."""
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
    """A broker of workers, none of which is there."""
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
    """Return what the workers are to write, and take it off the queue."""
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
    def test_has_the_template_and_where_to_wait_and_next_time_the_models_words(self, client, model, queue):
        model.otherwise = says("For you, Anna.")

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
        assert done.json() == {"id": digest, "status": "done", "text": "For you, Anna.", "source": "openai"}
        assert (second["llm_explanation"], second["explanation_source"]) == ("For you, Anna.", "openai")
        assert "explanation_url" not in second
        assert len(model.questions) == 1

    def test_takes_one_query_more_and_three_where_it_is_to_be_asked_for(self, client, model, queue):
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
        )  # which may give the words some minutes longer
        again = n_queries()

        assert (first, pending, done, again) == (3, 1, 1, 3)

    def test_waits_for_no_model(self, client, model, queue):
        ask(client)

        assert model.questions == []

    def test_of_the_same_evidence_is_asked_for_and_written_once(self, client, model, queue):
        urls = {ask(client)["explanation_url"] for _ in range(3)}
        digests = waiting(queue)

        written = [wiring.explanation_writer()(digests[0]) for _ in range(2)]

        assert (len(urls), len(digests), written, len(model.questions)) == (1, 1, [True, False], 1)

    def test_that_two_want_at_once_is_asked_for_once(self, client, model, queue, anna, monkeypatch):
        """Somebody else asks for the same text, past its time, while this one words the template's."""
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

    def test_is_written_inline_when_that_is_set(self, client, model, queue, settings):
        settings.SYNC_EXPLANATIONS = True

        answer = ask(client)

        assert (answer["explanation_source"], "explanation_url" in answer) == ("openai", False)
        assert not WrittenText.objects.exists()

    def test_is_written_inline_without_a_broker(self, client, model):
        answer = ask(client)

        assert (answer["explanation_source"], "explanation_url" in answer) == ("openai", False)

    def test_is_the_template_alone_without_a_model(self, client, queue):
        answer = ask(client)

        assert (answer["explanation_source"], "explanation_url" in answer) == ("template", False)
        assert waiting(queue) == []

    def test_is_the_template_alone_while_the_broker_is_away(self, client, model, settings):
        settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"

        answers = [ask(client) for _ in range(2)]

        assert [(a["explanation_source"], "explanation_url" in a) for a in answers] == [
            ("template", False)
        ] * 2
        assert not WrittenText.objects.exists()

    def test_is_given_again_from_what_is_kept_once_it_is_settled(self, client, model, queue, anna, settings):
        wiring.generator(wiring.model_ref())([anna.pk])
        ask(client)
        wiring.explanation_writer()(waiting(queue)[0])
        settled = ask(client)
        WrittenText.objects.all().delete()

        assert ask(client) == settled

    def test_for_a_changed_list_is_asked_for_anew(self, client, model, queue, anna):
        ask(client)
        (digest,) = waiting(queue)
        wiring.explanation_writer()(digest)

        anna.name = "Annabel"
        anna.save()

        assert ask(client)["explanation_source"] == "template"
        assert waiting(queue) not in ([], [digest])


@pytest.mark.usefixtures("anna")
class TestWriting:
    def test_that_fails_leaves_the_template_for_a_minute(self, client, model, queue):
        model.otherwise = fails(400)
        url = ask(client)["explanation_url"]

        assert not wiring.explanation_writer()(waiting(queue)[0])

        answer = ask(client)
        assert client.get(url).json()["status"] == "done"
        assert (answer["explanation_source"], "explanation_url" in answer) == ("template", False)
        WrittenText.objects.update(expires_at=timezone.now())
        assert "explanation_url" in ask(client)
        assert len(waiting(queue)) == 1

    def test_keeps_within_the_days_budget(self, client, model, queue, settings):
        settings.EXPLANATION_DAILY_BUDGET = 1
        UserFactory(name="Ben", external_id="ben")
        for who in ("ext:anna", "ext:ben"):
            ask(client, who)

        assert [wiring.explanation_writer()(digest) for digest in waiting(queue)] == [True, False]

        assert (len(model.questions), ModelCalls.objects.get().n_calls) == (1, 1)
        assert ask(client, "ext:ben")["explanation_source"] == "template"

    def test_counts_the_days_calls_without_a_budget_too(self, client, model, queue):
        ask(client)
        wiring.explanation_writer()(waiting(queue)[0])

        assert ModelCalls.objects.get().n_calls == 1

    def test_that_a_killed_worker_began_is_taken_over(self, client, model, queue):
        ask(client)
        (digest,) = waiting(queue)
        WrittenText.objects.update(begun_at=timezone.now() - timedelta(seconds=100))
        too_early = wiring.explanation_writer()(digest)
        WrittenText.objects.update(begun_at=timezone.now() - timedelta(seconds=121))

        assert (too_early, wiring.explanation_writer()(digest)) == (False, True)

    def test_of_what_was_erased_as_it_began_is_left(self, client, model, queue):
        ask(client)
        (digest,) = waiting(queue)
        WrittenText.objects.update(evidence=None)

        assert wiring.explanation_writer()(digest) is False

    def test_that_was_lost_on_the_way_is_asked_for_again(self, client, model, queue):
        ask(client)
        waiting(queue)

        assert ask(client)["explanation_url"]
        assert waiting(queue) == []
        WrittenText.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
        assert ask(client)["explanation_url"]
        assert len(waiting(queue)) == 1

    def test_is_left_where_another_model_explains_by_now(self, client, model, queue, settings):
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
    def test_of_what_another_version_packed_is_asked_for_anew(self, client, model, queue, evidence):
        ask(client)
        (digest,) = waiting(queue)
        WrittenText.objects.update(evidence=evidence)

        assert not wiring.explanation_writer()(digest)
        assert (WrittenText.objects.count(), model.questions) == (0, [])
        assert ask(client)["explanation_url"]
        assert len(waiting(queue)) == 1

    def test_holds_for_as_long_as_is_set(self, client, model, queue, settings):
        settings.EXPLANATION_TTL_SECONDS = 3600
        ask(client)
        wiring.explanation_writer()(waiting(queue)[0])

        left = WrittenText.objects.get().expires_at - timezone.now()
        assert timedelta(minutes=59) < left <= timedelta(hours=1)

    def test_leaves_nothing_of_the_evidence(self, client, model, queue):
        ask(client)
        assert WrittenText.objects.get().evidence
        wiring.explanation_writer()(waiting(queue)[0])

        assert WrittenText.objects.get().evidence is None


class TestTexts:
    def test_go_with_the_shopper_whom_they_name(self, client, model, queue, anna):
        ask(client)
        assert WrittenText.objects.get().user == anna

        anna.interactions.all().delete()
        anna.delete()

        assert not WrittenText.objects.exists()

    def test_are_shared_by_those_of_whom_the_same_is_known(self, client, model, queue):
        ProductFactory.create_batch(3)
        for key in ("x", "y"):
            UserFactory(name="", external_id=key)

        urls = {ask(client, f"ext:{key}")["explanation_url"] for key in ("x", "y")}

        assert (len(urls), len(waiting(queue)), WrittenText.objects.get().user) == (1, 1, None)

    def test_go_when_they_are_old(self, client, model, queue, anna):
        ask(client)
        now = timezone.now()

        assert remove_old_rows(event_days=0, now=now).texts == 0
        assert remove_old_rows(event_days=0, now=now + timedelta(days=2)).texts == 1

    @pytest.mark.parametrize("id", ["0" * 32, "x", "0" * 33, "%00"])
    def test_may_not_exist(self, client, id):
        assert client.get(f"/explanations/{id}").status_code == 404

    def test_are_closed_where_reading_is(self, db):
        assert APIClient().get(f"/explanations/{'0' * 32}").status_code == 401


class TestForm:
    @pytest.mark.parametrize("name", ODD)
    def test_gives_the_same_evidence_again(self, name):
        again = from_json(json.loads(json.dumps(to_json(ODD[name]))))

        assert again == ODD[name]
        assert again.digest("w") == ODD[name].digest("w")
