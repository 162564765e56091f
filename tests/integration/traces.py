"""A user and an account with rows in every table that can refer to them, and a search for such rows."""

import json
import pickle
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import connection
from django.test import Client

from access.models import Account
from catalog.models import FormerUser, StoredAnswer, User
from privacy.models import Receipt, RightsAction
from recommendations.models import StoredList, TrainedModel, WrittenText
from tests.factories import (
    NOON,
    AccountFactory,
    InteractionFactory,
    ProductFactory,
    StaffFactory,
    UserFactory,
)

ID = 918_273_645
EXTERNAL_ID, EMAIL = "ext-canary-7", "mail-canary-7@shop.example"
CANARIES = (EXTERNAL_ID, "login-canary-7", EMAIL, "Name Canary Seven")


@dataclass(frozen=True)
class Trace:
    """name: the relation or indirect reference; leave: creates a row that refers to the person"""

    name: str
    leave: Callable[[Any], object]


def log(of: Any, by: Account) -> LogEntry:
    content_type = ContentType.objects.get_for_model(of)
    return LogEntry.objects.create(
        user=by, content_type=content_type, object_id=str(of.pk), object_repr=str(of), action_flag=CHANGE
    )


def former_ids(user: User) -> FormerUser:
    return FormerUser.objects.create(id=ID + 1, external_id=f"{EXTERNAL_ID}-guest", user=user, merged_at=NOON)


def stored_list(user: User) -> StoredList:
    return StoredList.objects.create(
        user=user,
        strategy="content",
        top_n=5,
        picks=[],
        explanation=f"Dear {user.name}, enjoy!",
        event_count=0,
        digest="d",
        generated_at=NOON,
    )


def trained(account: Account) -> TrainedModel:
    row = {"configuration": {}, "n_events": 1, "n_bytes": 1, "created_at": NOON, "digest": "d"}
    return TrainedModel.objects.create(strategy="content", version="1", created_by=account.username, **row)


def answered(caller: str, body: str, key: str) -> StoredAnswer:
    packed = zlib.compress(body.encode())
    return StoredAnswer.objects.create(
        caller=caller, key=key, request_digest="d", body=packed, created_at=NOON
    )


def attempt(label: str) -> Callable[[Account], object]:
    def leave(account: Account) -> object:
        model = apps.get_model(label)
        n_failed = {"failures_since_start": 1} if label == "axes.AccessAttempt" else {}
        return model.objects.create(
            username=account.username.upper(), ip_address="10.0.0.1", path_info="/admin/login/", **n_failed
        )

    return leave


def api_key(account: Account) -> object:
    return apps.get_model("access.ApiKey").objects.create(
        name="shop", prefix="abcdefgh", digest="d", scopes="events:write", created_at=NOON, created_by=account
    )


def login(account: Account) -> object:
    later = NOON + timedelta(days=1)
    return apps.get_model("access.Login").objects.create(
        account=account, jti="j", password_mark="m", created_at=NOON, refreshed_at=NOON, expires_at=later
    )


def receipt(account: Account) -> Receipt:
    return Receipt.objects.create(action=RightsAction.EXPORTED, at=NOON, by=account, counts={})


def text_of(user: User) -> WrittenText:
    evidence = {"user_name": user.name}
    return WrittenText.objects.create(
        digest="d", user=user, evidence=evidence, text=f"Dear {user.name}", asked_at=NOON, expires_at=NOON
    )


def run(account: Account) -> object:
    return apps.get_model("recommendations.GenerationRun").objects.create(
        strategy="content", top_n=5, started_by=account.username, started_at=NOON, seen_at=NOON, n_total=1
    )


TRACES = {
    User: [
        Trace(
            "catalog.Interaction.user",
            lambda user: InteractionFactory(user=user, event_key="ext-canary-7/1"),
        ),
        Trace("catalog.FormerUser.user", former_ids),
        Trace("recommendations.StoredList.user", stored_list),
        Trace("recommendations.WrittenText.user", text_of),
        Trace("admin.LogEntry", lambda user: log(user, by=StaffFactory())),
        Trace("admin.LogEntry", lambda user: log(InteractionFactory(user=user), by=StaffFactory())),
        Trace("admin.LogEntry", lambda user: log(user.stored_lists.get(), by=StaffFactory())),
        Trace("catalog.StoredAnswer", lambda user: answered("key:1", '{"value": "ext:ext-canary-7"}', "k2")),
    ],
    Account: [
        Trace(
            "access.Account_groups.account",
            lambda account: account.groups.add(Group.objects.create(name="Editors")),
        ),
        Trace(
            "access.Account_user_permissions.account",
            lambda account: account.user_permissions.add(Permission.objects.first()),
        ),
        Trace("admin.LogEntry.user", lambda account: log(ProductFactory(), by=account)),
        Trace(
            "privacy.Receipt.by",
            lambda account: Receipt.objects.create(
                action=RightsAction.EXPORTED, at=NOON, by=account, counts={}
            ),
        ),
        Trace("access.ApiKey.created_by", api_key),
        Trace("access.Login.account", login),
        Trace("catalog.User.account", lambda account: UserFactory(account=account)),
        Trace("sessions.Session", lambda account: Client().force_login(account)),
        Trace("admin.LogEntry", lambda account: log(account, by=StaffFactory())),
        Trace("catalog.StoredAnswer", lambda account: answered(f"account:{account.pk}", "{}", "k1")),
        Trace("axes.AccessAttempt", attempt("axes.AccessAttempt")),
        Trace("axes.AccessFailureLog", attempt("axes.AccessFailureLog")),
        Trace("axes.AccessLog", attempt("axes.AccessLog")),
        Trace("recommendations.TrainedModel", trained),
        Trace("recommendations.GenerationRun", run),
    ],
}


def labels(of: type[User] | type[Account]) -> set[str]:
    """Return the tables of the traces."""
    return {".".join(trace.name.split(".")[:2]) for trace in TRACES[of]}


def user_known_everywhere(**values: Any) -> User:
    """Return a user with all of a user's traces."""
    return _known(UserFactory(pk=ID, **{"external_id": EXTERNAL_ID, "name": "Name Canary Seven"} | values))


def account_known_everywhere(**values: Any) -> Account:
    """Return an account with all of an account's traces."""
    return _known(AccountFactory(pk=ID, username="login-canary-7", email=EMAIL, **values))


def _known(person: Any) -> Any:
    for trace in TRACES[type(person)]:
        trace.leave(person)
    return person


def found() -> list[str]:
    """Return every column of any table, and every cache entry, that refers to the person."""
    return [*_in_tables(), *_in_sessions(), *_in_caches()]


def _in_tables() -> Iterator[str]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  names of our own
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    if _is_trace(value):
                        yield f"{table}.{column}: {value!r}"


def _in_sessions() -> Iterator[str]:
    for session in Session.objects.all():
        if _is_trace(json.dumps(session.get_decoded())):
            yield f"session {session.pk}"


def _in_caches() -> Iterator[str]:
    for name in caches:
        kept = getattr(caches[name], "_cache", {})
        for key, value in kept.items() if isinstance(kept, dict) else ():
            if _is_trace(key) or _is_trace(repr(pickle.loads(value))):  # noqa: S301  of our own process
                yield f"cache {name}: {key}"


def _is_trace(value: Any) -> bool:
    if isinstance(value, bytes | memoryview):
        packed = bytes(value)
        try:
            value = zlib.decompress(packed).decode("utf-8", "replace")
        except zlib.error:
            value = packed.decode("utf-8", "replace")
    text = str(value).lower()
    return str(ID) in text or any(canary.lower() in text for canary in CANARIES)
