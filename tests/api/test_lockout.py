"""Lockout after wrong passwords, in the admin and at /token, without revealing which usernames exist."""

from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from catalog.models import User
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

PASSWORD = "a-long-password-indeed"
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def ada(db) -> User:
    ada = StaffFactory(username="ada")
    ada.set_password(PASSWORD)
    ada.save()
    return ada


def token(username="ada", password="wrong", address=HERE, **headers):  # noqa: S107
    body = {"username": username, "password": password}
    return APIClient().post("/token", body, REMOTE_ADDR=address, headers=headers)


def admin(username="ada", password="wrong", address=HERE):  # noqa: S107
    return Client().post("/admin/login/", {"username": username, "password": password}, REMOTE_ADDR=address)


def guess(n, ask=token, **how):
    return [ask(**how).status_code for _ in range(n)]


class TestToken:
    def test_is_locked_after_five_wrong_passwords_even_for_the_right_one(self, ada):
        assert guess(5) == [401, 401, 401, 401, 429]

        answer = token(password=PASSWORD)

        assert answer.status_code == 429
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert 890 < int(answer.headers["Retry-After"]) <= 900
        assert answer.json()["title"] == "Too Many Requests"

    def test_answers_alike_for_a_username_that_nobody_has(self, ada):
        with time_machine.travel(timezone.now(), tick=False):
            known = [(a.status_code, a.content) for a in (token() for _ in range(7))]
            unknown = [(a.status_code, a.content) for a in (token(username="nobody") for _ in range(7))]

        assert known == unknown

    def test_is_open_again_after_the_time_it_said(self, ada):
        with time_machine.travel(timezone.now(), tick=False) as clock:
            guess(5)
            clock.shift(timedelta(minutes=10))
            assert token().headers["Retry-After"] == "300"  # trying on does not make it longer
            clock.shift(timedelta(minutes=5, seconds=1))

            assert token(password=PASSWORD).status_code == 200

    def test_is_forgotten_after_logging_in(self, ada):
        guess(4)
        assert token(password=PASSWORD).status_code == 200

        assert guess(4) == [401] * 4

    def test_stays_open_from_elsewhere_and_for_others(self, ada):
        guess(5)

        assert token(password=PASSWORD, address=THERE).status_code == 200
        assert token(username="bob").status_code == 401

    def test_is_not_got_around_by_another_browser(self, ada):
        statuses = [token(**{"user-agent": f"Browser {n}"}).status_code for n in range(6)]

        assert statuses[-2:] == [429, 429]

    def test_is_not_got_around_by_a_forged_address(self, ada):
        statuses = [token(**{"x-forwarded-for": f"198.51.100.{n}"}).status_code for n in range(6)]

        assert statuses[-2:] == [429, 429]

    @pytest.mark.parametrize(
        "addresses",
        [
            [f"2001:db8:1:2::{n}" for n in range(1, 7)],
            [
                "192.0.2.1",
                "::ffff:192.0.2.1",
                "192.0.2.1",
                "::ffff:c000:201",
                "192.0.2.1",
                "::ffff:192.0.2.1",
            ],
        ],
        ids=["of one /64", "of one IPv4 address"],
    )
    def test_is_not_got_around_by_other_addresses(self, ada, addresses):
        statuses = [token(address=address).status_code for address in addresses]

        assert statuses[-2:] == [429, 429]

    def test_is_of_one_ipv6_network_only(self, ada):
        guess(5, address="2001:db8:1:2::1")

        assert token(password=PASSWORD, address="2001:db8:1:3::1").status_code == 200

    def test_leaves_what_else_is_asked_from_there_alone(self, ada, client):
        guess(5)

        assert client.get("/", REMOTE_ADDR=HERE).status_code == 200

    def test_counts_only_so_many(self, ada, settings):
        settings.AXES_FAILURE_LIMIT = 2

        assert guess(3) == [401, 429, 429]


class TestAdmin:
    def test_is_locked_along_with_it(self, ada):
        guess(3)
        assert guess(2, admin) == [200, 429]

        answer = admin(password=PASSWORD)

        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 890
        assert "Try again in 15 minutes" in answer.content.decode()
        assert token(password=PASSWORD).status_code == 429
        assert admin(password=PASSWORD, address=THERE).status_code == 302


class TestWhatIsKept:
    def test_is_no_password_and_no_username_in_logs(self, ada, caplog):
        guess(6, password="hidden-word", username="ada-lovelace")
        guess(6, admin, password="hidden-word", username="ada-lovelace")

        assert "login failure" in caplog.text
        assert HERE in caplog.text
        assert "hidden-word" not in caplog.text + str(list(AccessAttempt.objects.values()))
        assert "ada-lovelace" not in caplog.text


class TestBehindProxies:
    @pytest.mark.parametrize(
        ("n", "forwarded", "counted"),
        [
            (0, "198.51.100.9", HERE),
            (1, "198.51.100.9", "198.51.100.9"),
            (1, "203.0.113.5, 198.51.100.9", "198.51.100.9"),
            (2, "203.0.113.5, 198.51.100.9, 10.0.0.1", "198.51.100.9"),
            (1, "2001:db8:1:2::1", "2001:db8:1:2::"),
            (1, "::ffff:198.51.100.9", "198.51.100.9"),
            (1, "nonsense", HERE),
            (1, "", HERE),
            (2, "198.51.100.9", HERE),
        ],
    )
    def test_believes_only_what_they_have_noted(self, ada, settings, n, forwarded, counted):
        settings.TRUSTED_PROXIES = n

        token(**{"x-forwarded-for": forwarded})

        assert AccessAttempt.objects.get().ip_address == counted

    def test_takes_no_address_for_one_where_there_is_none(self, ada):
        assert token(address="").status_code == 401
        assert AccessAttempt.objects.get().ip_address is None
