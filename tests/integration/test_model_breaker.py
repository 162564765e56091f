"""The circuit breaker of a language model: inline, in workers, and shared by processes."""

import pytest
from django.test import Client

from observe import metrics
from recommendations import wiring
from recommendations.explainers.base import Source
from recommendations.explainers.breaker import MAX_FAILURES, ModelBreaker
from recommendations.explaining.shared_outage import CachedOutage
from recsite.cache.redis import TolerantRedisCache
from recsite.http import health
from tests.chat import GIVEN, TEMPLATE, OverHTTP, explainer_for, warnings
from tests.integration.test_openai_metrics import reported
from tests.llm_server import LLMServer, fails, says

REST = 30.0


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def broken(breaker: ModelBreaker) -> ModelBreaker:
    for _ in range(MAX_FAILURES):
        assert breaker.may_call()
        breaker.record_failure("HTTP 500")
    return breaker


class TestBreaker:
    def test_refuses_after_failures_in_a_row(self):
        breaker = ModelBreaker("m", REST, Clock())
        breaker.record_failure("once")
        breaker.record_success()

        assert broken(breaker).is_open
        assert not breaker.may_call()
        assert breaker.is_resting

    def test_allows_one_trial_after_the_rest(self):
        clock = Clock()
        breaker = broken(ModelBreaker("m", REST, clock))

        clock.now += REST

        assert [breaker.may_call() for _ in range(3)] == [True, False, False]

    def test_rests_again_when_the_trial_fails(self):
        clock = Clock()
        breaker = broken(ModelBreaker("m", REST, clock))
        clock.now += REST
        breaker.may_call()
        breaker.record_failure("still")

        clock.now += REST - 1
        assert not breaker.may_call()
        clock.now += 1
        assert breaker.may_call()

    def test_closes_when_the_trial_succeeds(self):
        clock = Clock()
        breaker = broken(ModelBreaker("m", REST, clock))
        clock.now += REST
        breaker.may_call()
        breaker.record_success()

        assert not breaker.is_open
        assert [breaker.may_call() for _ in range(3)] == [True] * 3

    def test_never_refuses_with_a_rest_of_nothing(self):
        assert broken(ModelBreaker("m", 0, Clock())).may_call()


class TestSharedBreaker:
    """Two breakers as of two processes."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def two(self, redis_url: str, clock: Clock) -> list[ModelBreaker]:
        cache = TolerantRedisCache(redis_url, {})
        breakers = [ModelBreaker("m", REST, clock) for _ in range(2)]
        for breaker in breakers:
            breaker.shared = CachedOutage(lambda: cache, "m")
        return breakers

    def test_is_open_in_both_when_one_has_failed(self, two: list[ModelBreaker]):
        broken(two[0])

        assert two[1].is_open
        assert not two[1].may_call()

    def test_is_closed_in_both_when_one_has_succeeded(self, two: list[ModelBreaker], clock: Clock):
        broken(two[0])
        two[1].may_call()
        two[0].record_success()
        clock.now += REST

        assert not any(breaker.is_open for breaker in two)
        assert two[1].may_call()

    def test_allows_one_trial_of_both(self, two: list[ModelBreaker], clock: Clock):
        broken(two[0])
        clock.now += REST
        two[0].shared.cache().release(f"{two[0].shared._key}:try")  # as Redis does after that time

        assert [breaker.may_call() for breaker in two] == [True, False]

    def test_works_alone_while_redis_is_away(self, clock: Clock):
        cache = TolerantRedisCache("redis://127.0.0.1:1/0", {"OPTIONS": {"rest_seconds": 60}})
        breaker = ModelBreaker("m", REST, clock)
        breaker.shared = CachedOutage(lambda: cache, "m")

        assert not broken(breaker).may_call()
        clock.now += REST
        assert breaker.may_call()
        breaker.record_success()
        assert not breaker.is_open


@pytest.mark.usefixtures("counted_anew")
class TestExplainerWithBreaker(OverHTTP):
    def test_asks_nothing_while_the_model_is_left_alone(self, server: LLMServer, log):
        server.otherwise = fails(401)
        explainer = explainer_for(server.url)

        assert [explainer.explain(GIVEN) for _ in range(MAX_FAILURES + 2)] == [TEMPLATE] * (MAX_FAILURES + 2)

        assert len(server.questions) == MAX_FAILURES
        assert "left alone" in warnings(log)[-1]
        assert reported("shop_llm_calls_total") == {"HTTP 401": MAX_FAILURES, "left alone": 2}
        assert reported("shop_llm_resting") == {"": 1}

    def test_asks_again_after_the_rest(self, server: LLMServer):
        clock = Clock()
        server.otherwise = fails(401)
        explainer = explainer_for(server.url)
        explainer.breaker = broken(ModelBreaker("m", REST, clock))
        server.otherwise = says("Back again.")

        assert explainer.explain(GIVEN) == TEMPLATE
        clock.now += REST
        assert [explainer.explain(GIVEN).source for _ in range(2)] == [Source.OPENAI] * 2
        assert reported("shop_llm_resting") == {}

    def test_does_not_count_calls_that_were_never_made(self, server: LLMServer):
        explainer = explainer_for(server.url, api_key="")

        for _ in range(MAX_FAILURES + 1):
            explainer.explain(GIVEN)

        assert not explainer.breaker.is_open


@pytest.mark.django_db(transaction=True)
class TestHealth:
    def test_is_degraded_while_the_model_is_left_alone(self, client: Client, settings, monkeypatch):
        options = {
            "api_key": "sk-loopback",
            "base_url": "http://127.0.0.1:1/v1",
            "model": "m",
            "temperature": 0.7,
            "max_tokens": 150,
            "timeout_seconds": 1,
            "max_concurrent": 1,
        }
        explainer = {"CLASS": "recommendations.explainers.openai.OpenAIExplainer", "OPTIONS": options}
        settings.RECOMMENDATIONS = settings.RECOMMENDATIONS | {"EXPLAINER": explainer}
        health.probes.cache_clear()
        monkeypatch.setattr(health, "DEADLINE_SECONDS", 60)
        try:
            healthy = client.get("/health/ready").json()
            model = wiring.language_model()
            assert model is not None
            broken(model.breaker)
            answer = client.get("/health/ready")
        finally:
            health.probes.cache_clear()

        assert healthy["checks"]["language_model"] == "ok"
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert answer.json()["checks"]["language_model"] == "failed"


def test_the_recorder_that_is_off_takes_it():
    metrics.Recorder().model_resting(True)
