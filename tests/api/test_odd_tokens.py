"""Tokens that are signed rightly but hold anything, and tokens that are no tokens, are refused with 401."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from access.models import Account
from access.services import logins, tokens
from tests.factories import StaffFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

HEADER = b'{"alg":"HS256","typ":"JWT"}'
TIMES = [
    *(
        "9e99",
        "1e999",
        "-1e999",
        "Infinity",
        "NaN",
        "-1",
        "0",
        "1.5e300",
        "9" * 30,
        "9" * 5_000,
        "9007199254740991",
    ),
    *('"4102444800"', '"soon"', "true", "null", "[]", "{}", "[4102444800]", "4102444800.5"),
]
TEXTS = [
    "[]",
    "{}",
    "true",
    "null",
    "1e999",
    "-1",
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\n"',
    '["x"]',
    "12345678901234567890",
]
IDS = [
    *TEXTS,
    "1",
    "1.9",
    '""',
    '"-1"',
    '"0"',
    '"1e3"',
    '" 1"',
    '"1.0"',
    '"٣"',
    f'"{"9" * 30}"',
    f'"{"9" * 5_000}"',
]
ODD = {
    "exp": TIMES,
    "iat": ["1e999", '"soon"', "[]", "{}", "9" * 5_000],
    "nbf": ["1e999", '"soon"', "[]", "{}", "9" * 5_000],
    "jti": TEXTS,
    "sub": ["[]", "{}", "7", "true"],
    "user_id": IDS,
    "token_type": [*TEXTS, '"any"', '"other"'],
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text("\x00\ud800é9"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


def encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def signed(payload: bytes, header: bytes = HEADER) -> str:
    """Return a token with this payload, signed with the right key."""
    message = encoded(header) + b"." + encoded(payload)
    digest = hmac.new(settings.JWT_SIGNING_KEY.encode(), message, hashlib.sha256).digest()
    return (message + b"." + encoded(digest)).decode()


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def changed(token: str, claim: str, value: str) -> str:
    """Return the token with another value, as JSON, in one claim."""
    claims = claims_of(token) | {claim: "VALUE"}
    return signed(json.dumps(claims).replace('"VALUE"', value).encode())


def without(token: str, claim: str) -> str:
    return signed(json.dumps({k: v for k, v in claims_of(token).items() if k != claim}).encode())


def statuses(token: str) -> dict[str, int]:
    """Return the status of everything that reads a token."""
    client = APIClient()
    bearer = {"authorization": f"Bearer {token}"}
    return {
        "read": client.get("/products", headers=bearer).status_code,
        "own": client.get("/recommend/1", headers=bearer).status_code,
        "write": client.post("/categories", {"name": "x"}, headers=bearer).status_code,
        "docs": client.get("/docs", headers=bearer).status_code,
        "refresh": client.post("/token/refresh", {"refresh": token}).status_code,
        "verify": client.post("/token/verify", {"token": token}).status_code,
        "logout": client.post("/token/logout", {"refresh": token}).status_code,
    }


def refused(token: str) -> bool:
    """Return whether the token is refused everywhere. A body with one that is too long may be 400."""
    allowed = {401} if len(token) <= 4_096 else {400, 401}
    return set(statuses(token).values()) <= allowed


@pytest.fixture
def ada(db) -> Account:
    return StaffFactory(username="ada")


@pytest.fixture(params=["access", "shopper", "refresh"])
def token(request: Any, ada: Account) -> str:
    """A valid token of each type."""
    pair = logins.log_in(ada, now=timezone.now())
    user = UserFactory(external_id="anna")
    shopper = str(tokens.shopper_token(user.pk, user.external_id))
    return {"access": pair.access, "shopper": shopper, "refresh": pair.refresh}[request.param]


class TestOddClaims:
    @pytest.mark.parametrize("claim", ODD)
    def test_are_refused_everywhere(self, token: str, claim: str):
        for value in ODD[claim]:
            assert refused(changed(token, claim, value)), value[:40]

    @pytest.mark.parametrize("claim", ["exp", "jti", "token_type"])
    def test_are_refused_if_missing(self, token: str, claim: str):
        assert refused(without(token, claim))

    def test_are_refused_as_logins(self, ada: Account):
        for value in [*TEXTS, '"1"', "1e400", "9" * 30]:
            assert refused(changed(logins.log_in(ada, now=timezone.now()).refresh, "login", value)), value

    def test_are_refused_as_external_ids(self):
        token = str(tokens.shopper_token(UserFactory(external_id="anna").pk, "anna"))

        for value in ("[]", "{}", "7", "true", '"a\\u0000b"', '"\\ud800"'):
            assert refused(changed(token, "ext", value)), value

    @hypothesis_settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
        max_examples=20,
    )
    @given(
        claims=st.dictionaries(
            st.sampled_from(
                [
                    "exp",
                    "iat",
                    "nbf",
                    "jti",
                    "sub",
                    "iss",
                    "aud",
                    "user_id",
                    "token_type",
                    "login",
                    "ext",
                    "mark",
                ]
            ),
            anything,
            min_size=1,
        )
    )
    def test_never_break_an_answer(self, token: str, claims: dict[str, Any]):
        payload = json.dumps(claims_of(token) | claims).encode()

        assert max(statuses(signed(payload)).values()) < 500


class TestOddTokens:
    @pytest.mark.parametrize(
        "header",
        [
            *(
                b'{"alg":' + b"[" * 2_500,
                b'{"alg":[]}',
                b'{"alg":{}}',
                b'{"alg":null}',
                b"[]",
                b'"x"',
                b"\xff",
            ),
            *(b'{"alg":"none"}', b'{"alg":"HS256","crit":5}', b'{"alg":"HS256","b64":false,"crit":["b64"]}'),
            b'{"alg":"HS256","kid":[]}',
            b'{"alg":"HS256","x":' + b"9" * 2_500 + b"0" * 2_500 + b"}",
        ],
        ids=lambda header: repr(header[:30]),
    )
    def test_are_refused_whatever_their_header(self, header: bytes):
        unsigned = (encoded(header) + b"." + encoded(b'{"exp":4102444800}') + b".AAAA").decode()

        assert refused(unsigned)

    @pytest.mark.parametrize("payload", [b"[" * 2_500, b"[]", b"null", b"1", b"", b"\xff", b'{"exp":'])
    def test_are_refused_whatever_their_payload(self, payload: bytes):
        assert refused(signed(payload))

    @pytest.mark.parametrize(
        "text", ["", ".", "..", "...", "a.b.c", "é.é.é", "=.=.=", "a" * 4_000, "\ud7ff.a.b"]
    )
    def test_are_refused_whatever_they_are(self, text: str):
        statuses_by_body = [
            APIClient().post(f"/token/{path}", {field: text}).status_code
            for path, field in (("refresh", "refresh"), ("verify", "token"), ("logout", "refresh"))
        ]

        assert set(statuses_by_body) <= {400, 401}
