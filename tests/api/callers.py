"""Every kind of caller: its credentials, and its column of the table in docs/security.md."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

import jwt
from django.conf import settings
from django.contrib.auth.models import Permission
from django.utils import timezone
from rest_framework.test import APIClient

from access.models import Account, ApiKey
from access.scopes import Scope
from access.services import logins, tokens
from access.services.keys import CreatedKey, make_key, revoke_key
from catalog.models import User
from tests.factories import AccountFactory, StaffFactory


@dataclass(frozen=True)
class Caller:
    """kind: nobody, bad, shopper, other, staff or key; may: the permissions or scopes of the caller"""

    name: str
    kind: str
    authorization: str | None = None
    session: Account | None = None
    may: frozenset[str] = field(default_factory=frozenset)
    may_all: bool = False

    @cached_property
    def client(self) -> APIClient:
        client = APIClient()
        if self.session is not None:
            client.force_login(self.session)
        if self.authorization is not None:
            client.credentials(HTTP_AUTHORIZATION=self.authorization)
        return client


def key_with(*scopes: Scope, **others: object) -> CreatedKey:
    return make_key(name="Test", scopes=list(scopes), now=timezone.now(), **others)


def key_header(made: CreatedKey) -> str:
    return f"Api-Key {made.text}"


def bearer(token: object) -> str:
    return f"Bearer {token}"


def shopper_token(shopper: User) -> object:
    return tokens.shopper_token(shopper.pk, shopper.external_id)


def clerk_with(*names: str) -> Account:
    """A member of staff with only these permissions."""
    clerk = StaffFactory(is_superuser=False)
    codenames = [name.split(".")[1] for name in names]
    clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return clerk


def everybody(shopper: User, other: User, permissions: frozenset[str]) -> Iterator[Caller]:
    """Yield every kind of caller. permissions: all permissions in the table"""
    yield Caller("nobody", "nobody")
    yield Caller("a stranger's Basic credentials", "nobody", "Basic YTpi")
    yield Caller("an account without rights", "nobody", session=AccountFactory())
    yield Caller("the shopper's token", "shopper", bearer(shopper_token(shopper)))
    yield Caller("another shopper's token", "other", bearer(shopper_token(other)))
    for staff, may in ((clerk_with(), frozenset()), *((clerk_with(name), {name}) for name in permissions)):
        named = " and ".join(may) or "no permission"
        yield Caller(f"staff with {named}, session", "staff", session=staff, may=frozenset(may))
        yield Caller(
            f"staff with {named}, token", "staff", bearer(tokens.access_token(staff)), may=frozenset(may)
        )
    clerk = clerk_with(*permissions)
    yield Caller("staff with all, session", "staff", session=clerk, may=permissions)
    yield Caller("staff with all, token", "staff", bearer(tokens.access_token(clerk)), may=permissions)
    boss = StaffFactory(is_staff=False)
    yield Caller("superuser, session", "staff", session=boss, may_all=True)
    yield Caller("superuser, token", "staff", bearer(tokens.access_token(boss)), may_all=True)
    for scope in Scope:
        yield Caller(f"key {scope}", "key", key_header(key_with(scope)), may=frozenset({scope.value}))
    yield from bad_keys()
    yield from bad_tokens(boss)


def bad_keys() -> Iterator[Caller]:
    now = timezone.now()
    expired, revoked, good = (key_with(*Scope) for _ in range(3))
    ApiKey.objects.filter(pk=expired.row.pk).update(expires_at=now - timedelta(seconds=1))
    revoke_key(key=revoked.row, now=now)
    other = key_with(*Scope)
    yield Caller("expired key", "bad", key_header(expired))
    yield Caller("revoked key", "bad", key_header(revoked))
    yield Caller("key with a changed end", "bad", f"Api-Key {changed(good.text)}")
    yield Caller("key with another one's prefix", "bad", f"Api-Key {good.text[:14]}{other.text[14:]}")
    yield Caller("digest for a key", "bad", f"Api-Key {good.row.digest}")
    yield Caller("prefix for a key", "bad", f"Api-Key recs_{good.row.prefix}_")
    yield Caller("nothing for a key", "bad", "Api-Key")
    yield Caller("key as a token", "bad", bearer(good.text))


def bad_tokens(boss: Account) -> Iterator[Caller]:
    good = str(tokens.access_token(boss))
    head, claims, signature = good.split(".")
    expired = tokens.access_token(boss)
    expired.set_exp(lifetime=-timedelta(seconds=1))
    payload = jwt.decode(good, options={"verify_signature": False})
    yield Caller("expired token", "bad", bearer(expired))
    yield Caller("token with a changed signature", "bad", bearer(f"{head}.{claims}.{changed(signature, 5)}"))
    yield Caller(
        "token with changed claims", "bad", bearer(f"{head}.{part({**payload, 'user_id': '1'})}.{signature}")
    )
    yield Caller("token signed with another key", "bad", bearer(jwt.encode(payload, "k" * 40, "HS256")))
    yield Caller(
        "token signed with SECRET_KEY", "bad", bearer(jwt.encode(payload, settings.SECRET_KEY, "HS256"))
    )
    yield Caller("token signed by nobody", "bad", bearer(f"{part({'alg': 'none', 'typ': 'JWT'})}.{claims}."))
    yield Caller(
        "token of another algorithm",
        "bad",
        bearer(jwt.encode(payload, settings.JWT_SIGNING_KEY * 2, "HS512")),
    )
    yield Caller("token without an end", "bad", bearer(signed({**payload, "exp": None})))
    yield Caller("token of an unknown kind", "bad", bearer(signed({**payload, "token_type": "boss"})))
    yield Caller("token of no user", "bad", bearer(signed({**payload, "user_id": "x"})))
    yield Caller("refresh token", "bad", bearer(logins.log_in(boss, now=timezone.now()).refresh))
    yield Caller("token as a key", "bad", f"Api-Key {good}")
    yield Caller("nothing for a token", "bad", "Bearer")


def changed(text: str, place: int = -3) -> str:
    """The text with one letter changed."""
    letters = list(text)
    letters[place] = "A" if letters[place] != "A" else "B"
    return "".join(letters)


def part(claims: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


def signed(claims: dict) -> str:
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(present, settings.JWT_SIGNING_KEY, "HS256")
