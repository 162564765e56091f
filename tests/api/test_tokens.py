"""/token: login, refresh, verification, logout; and a shopper's token."""

from datetime import timedelta

import jwt
import pytest
import time_machine
from django.utils import timezone

from access.models import Account, Login
from access.services import logins, tokens
from tests.factories import AccountFactory, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "a-long-password-indeed"


def with_password(person: Account) -> Account:
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def ada(db) -> Account:
    return with_password(StaffFactory(username="ada"))


def log_in(client, username="ada", password=PASSWORD):
    return client.post("/token", {"username": username, "password": password})


def go_on(client, pair):
    return client.post("/token/refresh", {"refresh": pair["refresh"]})


def products(client, access):
    return client.get("/products", headers={"authorization": f"Bearer {access}"})


class TestLoggingIn:
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_gives_a_pair_that_works(self, client, ada, slash):
        answer = client.post(f"/token{slash}", {"username": "ada", "password": PASSWORD})

        pair = answer.json()
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert pair["expires_in"] == 300
        assert products(client, pair["access"]).status_code == 200
        ada.refresh_from_db()
        assert ada.last_login is not None

    def test_answers_alike_whatever_is_wrong(self, client, ada):
        with_password(StaffFactory(username="gone", is_active=False))
        answers = [
            log_in(client, password="wrong"),
            log_in(client, username="nobody"),
            log_in(client, username="gone"),
            log_in(client, username=AccountFactory().username),
        ]

        assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
        assert answers[0].json()["detail"] == "No active account has this username and password."

    def test_takes_no_less_time_for_a_username_that_nobody_has(self, client, ada, monkeypatch):
        hashed = []
        monkeypatch.setattr(
            "django.contrib.auth.hashers.MD5PasswordHasher.encode",
            lambda self, password, salt: hashed.append(password) or "md5$a$b",
        )

        for username in ("ada", "nobody"):
            log_in(client, username=username, password="wrong")

        assert hashed.count("wrong") == 2

    def test_gives_a_shoppers_account_a_token_of_that_shopper(self, client):
        other, anna = UserFactory(), UserFactory(external_id="anna")
        anna.account = with_password(AccountFactory(username="anna"))
        anna.save()

        pair = log_in(client, username="anna").json()

        header = {"authorization": f"Bearer {pair['access']}"}
        assert client.get("/users/ext:anna", headers=header).json()["id"] == anna.pk
        assert client.get(f"/users/{other.pk}", headers=header).status_code == 403
        assert client.post("/users", {"name": "x"}, headers=header).status_code == 403

    def test_refuses_an_account_that_is_neither_staff_nor_a_shoppers(self, client):
        with_password(AccountFactory(username="eve"))

        answer = log_in(client, username="eve")

        assert answer.status_code == 401
        assert answer.json()["detail"] == logins.NO_TOKEN
        assert not Login.objects.exists()

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"username": "ada"},
            {"username": "ada", "password": "x" * 1025},
            {"username": "a" * 151, "password": "hidden-word"},
            {"username": "ada", "password": "hidden\0word"},
            {"username": "ada", "password": "hidden-word", "pasword": "hidden-word"},  # codespell:ignore
            {"username": ["ada"], "password": {"hidden-word": 1}},
            ["hidden-word"],
            "hidden-word",
        ],
    )
    def test_tells_nothing_of_a_body_that_is_wrong(self, client, body):
        answer = client.post("/token", body)

        assert answer.status_code == 400
        assert b"hidden" not in answer.content
        assert b"xxxx" not in answer.content

    def test_refuses_what_is_secret_in_an_address(self, client, ada):
        answer = client.post(f"/token?username=ada&password={PASSWORD}", {})

        assert answer.status_code == 400
        assert PASSWORD.encode() not in answer.content

    def test_clears_away_what_has_expired(self, client, ada):
        log_in(client)
        Login.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        log_in(client)

        assert Login.objects.count() == 1


class TestAccessToken:
    def test_is_checked_without_a_query(self, client, ada, django_assert_num_queries):
        access = log_in(client).json()["access"]
        products(client, access)  # statements are prepared

        with django_assert_num_queries(0):
            answer = client.get("/users/x?unknown=1", headers={"authorization": f"Bearer {access}"})

        assert answer.status_code == 400

    def test_lives_five_minutes_whoever_is_disabled(self, client, ada):
        with time_machine.travel(timezone.now(), tick=False) as clock:
            access = log_in(client).json()["access"]
            Account.objects.filter(pk=ada.pk).update(is_active=False)

            clock.shift(299)
            assert products(client, access).status_code == 200
            clock.shift(1)
            answer = products(client, access)

        assert answer.status_code == 401
        assert answer.json()["detail"] == "Token is expired."

    def test_is_known_again_in_bounded_memory(self, ada, monkeypatch):
        monkeypatch.setattr(tokens, "_MAX_CACHED", 3)
        texts = [str(tokens.access_token(ada)) for _ in range(5)]

        callers = [tokens.token_caller(text) for text in (*texts, *texts)]

        assert {caller.account_id for caller in callers} == {ada.pk}
        assert len(tokens._cache) <= 3

    def test_writes_only_what_its_user_may_now(self, client, ada):
        header = {"authorization": f"Bearer {log_in(client).json()['access']}"}
        assert client.post("/categories", {"name": "One"}, headers=header).status_code == 201

        for loss in ({"is_superuser": False}, {"is_superuser": True, "is_active": False}):
            Account.objects.filter(pk=ada.pk).update(**loss)
            assert client.post("/categories", {"name": "Two"}, headers=header).status_code == 403

    def test_says_little_of_its_user(self, client, ada):
        claims = jwt.decode(log_in(client).json()["access"], options={"verify_signature": False})

        assert set(claims) == {"token_type", "exp", "jti", "user_id", "mark"}


class TestRefreshing:
    def test_gives_the_next_pair_with_what_the_user_is_now(self, client, ada):
        pair = log_in(client).json()
        UserFactory(account=ada)
        Account.objects.filter(pk=ada.pk).update(is_staff=False, is_superuser=False)

        following = go_on(client, pair).json()

        assert set(following) == {"access", "refresh", "expires_in"}
        assert following["refresh"] != pair["refresh"]
        assert products(client, pair["access"]).status_code == 200
        assert (
            client.get("/users", headers={"authorization": f"Bearer {following['access']}"}).status_code
            == 403
        )

    def test_ends_the_log_in_when_a_token_comes_twice(self, client, ada):
        first = log_in(client).json()
        second = go_on(client, first).json()

        again, later = go_on(client, first), go_on(client, second)

        assert (again.status_code, later.status_code) == (401, 401)
        assert "was used before" in again.json()["detail"]
        assert again.headers["WWW-Authenticate"]

    def test_leaves_other_log_ins_alone(self, client, ada):
        stolen, mine = log_in(client).json(), log_in(client).json()
        go_on(client, stolen)
        go_on(client, stolen)

        assert go_on(client, mine).status_code == 200

    def test_is_refused_to_an_account_that_has_lost_its_access(self, client, ada):
        pair = log_in(client).json()
        Account.objects.filter(pk=ada.pk).update(is_staff=False, is_superuser=False)

        assert go_on(client, pair).json()["detail"] == logins.ENDED
        assert Login.objects.get().ended_at is not None

    def test_is_refused_to_a_disabled_user_even_when_enabled_again(self, client, ada):
        pair = log_in(client).json()
        Account.objects.filter(pk=ada.pk).update(is_active=False)
        assert go_on(client, pair).status_code == 401
        Account.objects.filter(pk=ada.pk).update(is_active=True)

        assert go_on(client, pair).status_code == 401

    def test_is_refused_after_a_password_change(self, client, ada):
        pair = log_in(client).json()
        ada.set_password("another-long-password")
        ada.save()

        assert go_on(client, pair).status_code == 401

    def test_is_refused_when_the_user_is_gone(self, client, ada):
        pair = log_in(client).json()
        ada.delete()

        assert go_on(client, pair).status_code == 401

    def test_begins_the_fourteen_days_anew(self, client, ada):
        with time_machine.travel(timezone.now(), tick=False) as clock:
            pair = log_in(client).json()
            for _ in range(2):
                clock.shift(timedelta(days=13))
                pair = go_on(client, pair).json()
            clock.shift(timedelta(days=14))
            assert go_on(client, pair).json()["detail"] == "Token is expired."

    @pytest.mark.parametrize("kind", ["access", "nonsense", "shopper"])
    def test_takes_refresh_tokens_only(self, client, ada, kind):
        text = {
            "access": str(tokens.access_token(ada)),
            "shopper": str(tokens.shopper_token(1, None)),
            "nonsense": "a.b.c",
        }[kind]

        assert client.post("/token/refresh", {"refresh": text}).status_code == 401
        assert client.post("/token/logout", {"refresh": text}).status_code == 401


class TestVerifying:
    def test_says_what_a_token_is(self, client, ada):
        pair = log_in(client).json()

        kinds = {
            name: client.post("/token/verify", {"token": pair[name]}).json() for name in ("access", "refresh")
        }

        assert kinds["access"]["token_type"] == "access"
        assert 290 < kinds["access"]["expires_in"] <= 300
        assert kinds["refresh"]["token_type"] == "refresh"

    def test_knows_used_and_ended_refresh_tokens(self, client, ada):
        first = log_in(client).json()
        second = go_on(client, first).json()

        assert client.post("/token/verify", {"token": first["refresh"]}).status_code == 401
        assert client.post("/token/verify", {"token": second["refresh"]}).status_code == 200
        client.post("/token/logout", {"refresh": second["refresh"]})
        assert client.post("/token/verify", {"token": second["refresh"]}).status_code == 401
        assert client.post("/token/verify", {"token": "x"}).status_code == 401


class TestLoggingOut:
    def test_refuses_the_refresh_token_from_then_on(self, client, ada):
        pair = log_in(client).json()

        answer = client.post("/token/logout", {"refresh": pair["refresh"]})

        assert (answer.status_code, answer.content) == (204, b"")
        assert go_on(client, pair).status_code == 401
        assert client.post("/token/logout", {"refresh": pair["refresh"]}).status_code == 204


class TestStored:
    def test_holds_no_token(self, client, ada):
        pair = log_in(client).json()

        (row,) = Login.objects.values()
        assert not any(
            part in str(row) for name in ("access", "refresh") for part in pair[name].split(".")[1:]
        )
        assert str(Login.objects.get()) == f"login {row['id']}"


class TestCaller:
    @pytest.mark.parametrize(("staff", "superuser"), [(True, False), (False, True), (True, True)])
    def test_is_staff_and_has_no_more_power(self, db, staff, superuser):
        account = StaffFactory(is_staff=staff, is_superuser=superuser)

        caller = tokens.token_caller(str(tokens.access_token(account)))

        assert (caller.account_id, caller.is_staff, caller.is_superuser) == (account.pk, True, False)

    def test_of_a_shopper_is_known_by_both_names(self, db):
        caller = tokens.token_caller(str(tokens.shopper_token(12, "anna")))

        assert (caller.user_id, caller.external_id) == (12, "anna")


class TestClearing:
    def test_leaves_a_log_in_that_was_refreshed_meanwhile(self, client, ada):
        with time_machine.travel(timezone.now(), tick=False) as clock:
            pair = log_in(client).json()
            clock.shift(timedelta(days=13))
            pair = go_on(client, pair).json()
            clock.shift(timedelta(days=2))
            log_in(client)

            assert go_on(client, pair).status_code == 200
