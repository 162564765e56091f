"""Answers in a real Redis: computed by one process, served by another, deleted with their user."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from redis import Redis

from catalog.models import User
from privacy.errors import CacheUnreachable
from privacy.services.erase import erase
from privacy.services.export import collect
from recommendations import wiring
from recommendations.explainers.base import Source
from tests.api.ahead import generate, get, shopper, shown
from tests.api.changes import CHANGES
from tests.api.test_recommend_cached import explains
from tests.factories import InteractionFactory, ProductFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_reads", "redis")]
PATH = "/recommend/ext:alice?min_price=0"


@pytest.fixture
def open_reads(settings: Any) -> None:
    settings.API_OPEN_READS = True


@pytest.fixture
def redis(redis_url: str, settings: Any) -> Redis:
    settings.CACHES = {
        "default": {
            "BACKEND": "recsite.cache.redis.TolerantRedisCache",
            "LOCATION": redis_url,
            "KEY_PREFIX": "t",
        }
    }
    wiring.forget()
    return Redis.from_url(redis_url)


@pytest.fixture
def alice(redis: Redis) -> User:
    return shopper()


def in_another_process() -> None:
    """Forget everything that other processes cannot reach, and load the catalogue, as a server does."""
    wiring.forget()
    wiring.pipeline(wiring.model_ref())


def keys(redis: Redis, kind: str) -> list[bytes]:
    return [key for key in redis.keys(f"t:1:{kind}:*") if not key.endswith(b":claim")]


class TestAnswers:
    def test_are_served_by_another_process_with_one_query(self, client: Client, alice: User):
        before = get(client, PATH)
        in_another_process()

        again = get(client, PATH)

        assert again[:2] == before[:2]
        assert again[2] == 1

    @pytest.mark.parametrize(
        "what",
        [
            "a product is renamed",
            "a product is sold out",
            "a tag is exchanged for another",
            "the user is renamed",
            "a dismissal",
            "the default strategy",
        ],
    )
    def test_show_every_change_in_another_process(self, client: Client, alice: User, what: str):
        change, place = CHANGES[what]
        generate(alice)
        before = shown(client, alice, "?min_price=0")
        change(alice)
        in_another_process()

        now = shown(client, alice, "?min_price=0")

        assert place(now) != place(before)

    def test_from_other_settings_are_not_served(self, client: Client, alice: User, settings: Any):
        get(client, PATH)
        strategies = settings.RECOMMENDATIONS["STRATEGIES"]
        content = {**strategies["content"], "OPTIONS": {**strategies["content"]["OPTIONS"], "top_tags": 1}}
        settings.RECOMMENDATIONS = {
            **settings.RECOMMENDATIONS,
            "STRATEGIES": {**strategies, "content": content},
        }
        in_another_process()

        assert get(client, PATH)[2] > 1

    def test_that_are_malformed_are_not_served(self, client: Client, alice: User, redis: Redis):
        before = get(client, PATH)[1]
        (key,) = keys(redis, "results")
        redis.set(key, b"\x00nonsense")
        in_another_process()

        assert get(client, PATH)[1] == before

    def test_do_not_reveal_their_user_in_their_keys(self, client: Client, alice: User, redis: Redis):
        get(client, PATH)

        assert not [key for key in keys(redis, "*") if b"alice" in key]

    def test_expire_when_they_are_no_longer_valid(
        self, client: Client, alice: User, redis: Redis, settings: Any
    ):
        get(client, PATH)
        (key,) = keys(redis, "results")

        assert 0 < redis.ttl(key) <= settings.RECOMMENDATIONS["RESULT_CACHE_SECONDS"]

    def test_of_unknown_shoppers_leave_no_claim(self, client: Client, redis: Redis):
        assert client.get("/recommend/999").status_code == 404

        assert redis.keys() == []


class TestHistories:
    @pytest.fixture
    def events(self, alice: User) -> None:
        product = ProductFactory()
        InteractionFactory.create_batch(80, user=alice, product=product, action_type="view")

    @pytest.mark.usefixtures("events")
    def test_are_computed_ahead_by_the_batch(self, alice: User, redis: Redis):
        both = sorted([alice.id, UserFactory().id])

        wiring.generator(wiring.model_ref("content"), 3)(both)

        assert keys(redis, "history") == [f"t:1:history:{alice.id}".encode()]

    @pytest.mark.usefixtures("events")
    def test_give_the_same_answer_in_another_process(self, client: Client, alice: User):
        before = shown(client, alice)
        in_another_process()

        assert shown(client, alice, "?min_price=0") == before


class TestPrivacy:
    @pytest.fixture
    def asked(self, client: Client, alice: User, settings: Any, redis: Redis, open_reads: None) -> None:
        """Alice has a cached entry of each kind."""
        InteractionFactory.create_batch(80, user=alice, product=ProductFactory(), action_type="view")
        explains(settings, Source.OPENAI)
        for path in (PATH, f"/recommend/{alice.id}"):
            assert client.get(path).status_code == 200
        assert all(keys(redis, kind) for kind in ("results", "history", "words"))

    @pytest.mark.usefixtures("asked")
    def test_erasing_leaves_nothing_in_the_cache(
        self, alice: User, redis: Redis, django_capture_on_commit_callbacks: Any
    ):
        with django_capture_on_commit_callbacks(execute=True):
            erase(alice, by=None, now=timezone.now())

        assert redis.keys() == []

    @pytest.mark.usefixtures("asked")
    def test_no_user_is_erased_while_the_cache_is_unreachable(self, alice: User, settings: Any):
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}

        with pytest.raises(CacheUnreachable, match="Nothing was erased"):
            erase(alice, by=None, now=timezone.now())

        assert User.objects.filter(id=alice.id).exists()
        assert alice.interactions.exists()

    @pytest.mark.usefixtures("asked")
    def test_the_command_says_so(self, alice: User, settings: Any):
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}

        with pytest.raises(CommandError, match="Nothing was erased: Redis cannot be reached"):
            call_command("erase_user", "ext:alice", yes=True)

    @pytest.mark.usefixtures("asked")
    def test_the_admin_says_so(self, alice: User, settings: Any, admin_client: Client):
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}

        answer = admin_client.post(reverse("admin:privacy_erase", args=[alice.id]), follow=True)

        assert "Nothing was erased" in answer.content.decode()
        assert User.objects.filter(id=alice.id).exists()

    @pytest.mark.usefixtures("asked")
    def test_export_includes_what_only_the_cache_holds(self, alice: User):
        caches_of = json.loads(json.dumps(collect(alice, now=timezone.now())["caches"]))

        assert {answer["user_name"] for answer in caches_of["answers"]} == {"Alice"}
        assert len(caches_of["answers"]) == 2
        assert sorted(caches_of["texts"]) == ["Text 1."]

    def test_export_includes_nothing_when_nothing_is_cached(self, alice: User):
        assert collect(alice, now=timezone.now())["caches"] == {}
