"""Rows that know a user without a relation to one: by name, by number as text, or within something packed."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import orjson
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Model, Q, QuerySet

from catalog.models import Interaction, StoredAnswer, User
from privacy.erasure_rules import USERNAMES
from privacy.person import Person
from recommendations.models import StoredList

_SHOWN = (
    190  # characters of a value that certainly stand in an answer; `catalog.api.bulk` cuts what is longer
)


class Mention(Protocol):
    """One table's rows that know a user."""

    @property
    def label(self) -> str:
        """The table: "app.Model"."""
        ...

    def rows(self, person: Person) -> Iterator[Model]:
        """Yield them."""
        ...

    def erase(self, person: Person) -> int:
        """They are gone, or know nobody any more; return how many."""
        ...


@dataclass(frozen=True, slots=True)
class Sessions:
    """Log-ins. Who is logged in stands within, so every session is opened."""

    label: str = "sessions.Session"

    def rows(self, person: Person) -> Iterator[Model]:
        for session in Session.objects.order_by("pk").iterator():
            if session.get_decoded().get("_auth_user_id") == str(person.id):
                yield session

    def erase(self, person: Person) -> int:
        keys = [session.pk for session in self.rows(person)]
        return Session.objects.filter(pk__in=keys).delete()[0]


@dataclass(frozen=True, slots=True)
class AdminLog:
    """What staff did with the user, and with the user's rows, which the log calls "… user 12 …"."""

    label: str = "admin.LogEntry"

    def rows(self, person: Person) -> Iterator[Model]:
        yield from self._found(person).order_by("pk")

    def erase(self, person: Person) -> int:
        return self._found(person).delete()[0]

    def _found(self, person: Person) -> QuerySet[LogEntry]:
        users, events, lists = (
            ContentType.objects.get_for_model(model).pk for model in (User, Interaction, StoredList)
        )
        return LogEntry.objects.filter(
            Q(content_type=users, object_id=str(person.id))
            | Q(content_type=events, object_repr__contains=f" by user {person.id} of ")
            | Q(content_type=lists, object_repr__endswith=f" for user {person.id}")
        )


@dataclass(frozen=True, slots=True)
class Answers:
    """What requests with an Idempotency-Key were answered: by the user, or naming them within."""

    label: str = "catalog.StoredAnswer"

    def rows(self, person: Person) -> Iterator[Model]:
        named = [_as_told(text) for text in (person.external_id, person.username) if text]
        for answer in StoredAnswer.objects.order_by("pk").iterator(100):
            body = zlib.decompress(answer.body) if answer.body else b""
            if answer.caller == f"user:{person.id}" or any(text in body for text in named):
                yield answer

    def erase(self, person: Person) -> int:
        return StoredAnswer.objects.filter(pk__in=[row.pk for row in self.rows(person)]).delete()[0]


def _as_told(text: str) -> bytes:
    """Return how a text stands in an answer: as JSON writes it, and as far as a long one is shown."""
    return orjson.dumps(text[:_SHOWN])[1:-1]


@dataclass(frozen=True, slots=True)
class LoginAttempts:
    """What django-axes writes down of who tried to log in."""

    label: str

    def rows(self, person: Person) -> Iterator[Model]:
        yield from self._found(person).order_by("pk")

    def erase(self, person: Person) -> int:
        return self._found(person).delete()[0]

    def _found(self, person: Person) -> QuerySet[Any]:
        named = Q(username__iexact=person.username)
        if person.email:
            named |= Q(username__iexact=person.email)
        return apps.get_model(self.label)._base_manager.filter(named)


@dataclass(frozen=True, slots=True)
class Username:
    """A column of rows of the shop that says who made them; the rows stay, the name goes."""

    column: str

    @property
    def label(self) -> str:
        return self.column.rpartition(".")[0]

    def rows(self, person: Person) -> Iterator[Model]:
        yield from self._found(person).order_by("pk")

    def erase(self, person: Person) -> int:
        return self._found(person).update(**{self._field: ""})

    @property
    def _field(self) -> str:
        return self.column.rpartition(".")[2]

    def _found(self, person: Person) -> QuerySet[Any]:
        return apps.get_model(self.label)._base_manager.filter(**{self._field: person.username})


@cache
def mentions() -> tuple[Mention, ...]:
    """Return all of what is installed."""
    attempts: list[Mention] = []
    if apps.is_installed("axes"):
        attempts = [
            LoginAttempts(model._meta.label)
            for model in apps.get_app_config("axes").get_models()
            if any(field.name == "username" for field in model._meta.fields)
        ]
    known = {model._meta.label for model in apps.get_models()}
    names = [Username(column) for column in USERNAMES if column.rpartition(".")[0] in known]
    return (Sessions(), AdminLog(), Answers(), *attempts, *names)
