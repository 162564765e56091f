"""Signing keys are rotated without invalidating older tokens, and stolen keys are revoked at once."""

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Account
from access.services import logins, tokens
from recsite.config.derived_keys import for_tokens
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

OLD, NEW = "o" * 40, "n" * 40


@pytest.fixture
def ada(db) -> Account:
    return StaffFactory(username="ada")


def status(client, access) -> int:
    return client.get("/products", headers={"authorization": f"Bearer {access}"}).status_code


class TestTokens:
    def test_of_the_old_key_live_on_and_new_ones_are_of_the_new_key(self, client, ada, settings):
        settings.JWT_SIGNING_KEY, settings.JWT_VERIFYING_KEYS = OLD, []
        before = logins.log_in(ada, now=timezone.now())

        settings.JWT_SIGNING_KEY, settings.JWT_VERIFYING_KEYS = NEW, [OLD]
        assert status(client, before.access) == 200
        following = client.post("/token/refresh", {"refresh": before.refresh}).json()

        settings.JWT_VERIFYING_KEYS = []
        assert status(client, before.access) == 401
        assert status(client, following["access"]) == 200
        assert client.post("/token/refresh", {"refresh": following["refresh"]}).status_code == 200

    def test_of_the_old_key_end_when_they_would_have(self, client, ada, settings):
        settings.JWT_SIGNING_KEY, settings.JWT_VERIFYING_KEYS = OLD, []
        expired = tokens.access_token(ada)
        expired.set_exp(lifetime=-expired.lifetime)
        text = str(expired)

        settings.JWT_SIGNING_KEY, settings.JWT_VERIFYING_KEYS = NEW, ["x" * 40, OLD]
        answer = client.get("/products", headers={"authorization": f"Bearer {text}"})

        assert (answer.status_code, answer.json()["detail"]) == (401, "Token is expired.")

    def test_of_a_stolen_key_end_at_once(self, client, ada, settings):
        settings.JWT_SIGNING_KEY, settings.JWT_VERIFYING_KEYS = OLD, []
        forged = str(tokens.access_token(ada))
        settings.JWT_SIGNING_KEY = NEW

        assert status(client, forged) == 401


class TestSecretKey:
    def test_leaves_sessions_and_log_ins_alive_while_the_old_one_is_listed(self, client, ada, settings):
        ada.set_password("a-long-password-indeed")
        ada.save()
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
        browser = Client()
        browser.force_login(ada)
        pair = logins.log_in(ada, now=timezone.now())

        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
        assert browser.get("/products").status_code == 200
        following = client.post("/token/refresh", {"refresh": pair.refresh})
        assert following.status_code == 200

        settings.SECRET_KEY_FALLBACKS = []
        assert client.post("/token/refresh", {"refresh": following.json()["refresh"]}).status_code == 200
        untouched = Client()
        settings.SECRET_KEY = OLD
        untouched.force_login(ada)
        settings.SECRET_KEY = NEW
        assert untouched.get("/products").status_code == 401


class TestDerived:
    def test_is_another_key_for_another_key_and_tells_neither(self):
        assert len({OLD, NEW, for_tokens(OLD), for_tokens(NEW)}) == 4
        assert len(for_tokens(OLD)) == 64
        assert for_tokens(OLD) == for_tokens(OLD)
