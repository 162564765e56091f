"""A user who has left a trace wherever one can be left, and a search of every table and cache for it."""

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

from catalog.models import StoredAnswer, User
from privacy.models import Receipt, RightsAction
from recommendations.models import StoredList, TrainedModel, WrittenText
from tests.factories import NOON, InteractionFactory, ProductFactory, StaffFactory, UserFactory

ID = 918_273_645
CANARIES = ("ext-canary-7", "login-canary-7", "mail-canary-7@shop.example", "Name Canary Seven")


@dataclass(frozen=True)
class Trace:
    """name: the relation or the mention that it is a trace by; leave: leaves it"""

    name: str
    leave: Callable[[User], object]


def log(of: Any, by: User) -> LogEntry:
    content_type = ContentType.objects.get_for_model(of)
    return LogEntry.objects.create(
        user=by, content_type=content_type, object_id=str(of.pk), object_repr=str(of), action_flag=CHANGE
    )


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


def trained(user: User) -> TrainedModel:
    row = {"recipe": {}, "n_events": 1, "n_bytes": 1, "created_at": NOON, "digest": "d"}
    return TrainedModel.objects.create(strategy="content", version="1", created_by=user.username, **row)


def answered(caller: str, body: str, key: str) -> StoredAnswer:
    packed = zlib.compress(body.encode())
    return StoredAnswer.objects.create(
        caller=caller, key=key, request_digest="d", body=packed, created_at=NOON
    )


def attempt(label: str) -> Callable[[User], object]:
    def leave(user: User) -> object:
        model = apps.get_model(label)
        n_failed = {"failures_since_start": 1} if label == "axes.AccessAttempt" else {}
        return model.objects.create(
            username=user.username.upper(), ip_address="10.0.0.1", path_info="/admin/login/", **n_failed
        )

    return leave


def api_key(user: User) -> object:
    return apps.get_model("access.ApiKey").objects.create(
        name="shop", prefix="abcdefgh", digest="d", scopes="events:write", created_at=NOON, created_by=user
    )


def login(user: User) -> object:
    later = NOON + timedelta(days=1)
    return apps.get_model("access.Login").objects.create(
        user=user, jti="j", password_mark="m", created_at=NOON, refreshed_at=NOON, expires_at=later
    )


def text_of(user: User) -> WrittenText:
    evidence = {"user_name": user.name}
    return WrittenText.objects.create(
        digest="d", user=user, evidence=evidence, text=f"Dear {user.name}", asked_at=NOON, expires_at=NOON
    )


def run(user: User) -> object:
    return apps.get_model("recommendations.GenerationRun").objects.create(
        strategy="content", top_n=5, started_by=user.username, started_at=NOON, seen_at=NOON, n_total=1
    )


TRACES = [
    Trace("catalog.Interaction.user", lambda user: InteractionFactory(user=user, event_key="ext-canary-7/1")),
    Trace("recommendations.StoredList.user", stored_list),
    Trace("recommendations.WrittenText.user", text_of),
    Trace("catalog.User_groups.user", lambda user: user.groups.add(Group.objects.create(name="Editors"))),
    Trace(
        "catalog.User_user_permissions.user",
        lambda user: user.user_permissions.add(Permission.objects.first()),
    ),
    Trace("admin.LogEntry.user", lambda user: log(ProductFactory(), by=user)),
    Trace(
        "privacy.Receipt.by",
        lambda user: Receipt.objects.create(deed=RightsAction.EXPORTED, at=NOON, by=user, counts={}),
    ),
    Trace("access.ApiKey.created_by", api_key),
    Trace("access.Login.user", login),
    Trace("sessions.Session", lambda user: Client().force_login(user)),
    Trace("admin.LogEntry", lambda user: log(user, by=StaffFactory())),
    Trace("admin.LogEntry", lambda user: log(InteractionFactory(user=user), by=StaffFactory())),
    Trace("admin.LogEntry", lambda user: log(user.stored_lists.get(), by=StaffFactory())),
    Trace("catalog.StoredAnswer", lambda user: answered(f"user:{user.pk}", "{}", "k1")),
    Trace("catalog.StoredAnswer", lambda user: answered("key:1", f'{{"value": "ext:{CANARIES[0]}"}}', "k2")),
    Trace("axes.AccessAttempt", attempt("axes.AccessAttempt")),
    Trace("axes.AccessFailureLog", attempt("axes.AccessFailureLog")),
    Trace("axes.AccessLog", attempt("axes.AccessLog")),
    Trace("recommendations.TrainedModel", trained),
    Trace("recommendations.GenerationRun", run),
]


def is_installed(trace: Trace) -> bool:
    label = ".".join(trace.name.split(".")[:2])
    return label in {model._meta.label for model in apps.get_models(include_auto_created=True)}


def known_everywhere(**values: Any) -> User:
    """Return a user with all of these traces."""
    external_id, username, email, name = CANARIES
    usual = {"external_id": external_id, "username": username, "email": email, "name": name}
    user = UserFactory(pk=ID, **usual | values)
    for trace in TRACES:
        if is_installed(trace):
            trace.leave(user)
    return user


def found() -> list[str]:
    """Return where any trace of the user is, in any column of any table, or in the cache."""
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
