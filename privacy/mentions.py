"""Rows that know a person without a relation to one: by name, by number as text, or inside packed data."""

import zlib
from abc import ABC, abstractmethod
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

from access.models import Account
from access.principals import account_identity
from catalog.models import Interaction, StoredAnswer, User
from privacy.erasure_rules import USERNAMES
from privacy.person import Person
from recommendations.models import StoredList

_SHOWN = (
    190  # characters of a value that certainly stand in an answer; `catalog.api.bulk` cuts what is longer
)


class Mention(Protocol):
    """One table's rows that know a person."""

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
    """Log-ins of an account. Whose a session is stands within, so every session is opened."""

    label: str = "sessions.Session"

    def rows(self, person: Any) -> Iterator[Model]:
        for session in Session.objects.order_by("pk").iterator():
            if session.get_decoded().get("_auth_user_id") == str(person.pk):
                yield session

    def erase(self, person: Any) -> int:
        keys = [session.pk for session in self.rows(person)]
        return Session.objects.filter(pk__in=keys).delete()[0]


@dataclass(frozen=True, slots=True)
class Answers:
    """What requests with an Idempotency-Key were answered: to an account, or naming a user within."""

    label: str = "catalog.StoredAnswer"

    def rows(self, person: Any) -> Iterator[Model]:
        if isinstance(person, Account):
            yield from StoredAnswer.objects.filter(caller=account_identity(person.pk)).order_by("pk")
        elif person.external_id:
            named = _as_told(person.external_id)
            for answer in StoredAnswer.objects.order_by("pk").iterator(100):
                if answer.body and named in zlib.decompress(answer.body):
                    yield answer

    def erase(self, person: Any) -> int:
        return StoredAnswer.objects.filter(pk__in=[row.pk for row in self.rows(person)]).delete()[0]


def _as_told(text: str) -> bytes:
    """Return how a text stands in an answer: as JSON writes it, and as far as a long one is shown."""
    return orjson.dumps(text[:_SHOWN])[1:-1]


class _Found(ABC):
    """Rows that one query finds."""

    def rows(self, person: Any) -> Iterator[Model]:
        yield from self._found(person).order_by("pk")

    def erase(self, person: Any) -> int:
        return self._found(person).delete()[0]

    @abstractmethod
    def _found(self, person: Any) -> QuerySet[Any]: ...


@dataclass(frozen=True)
class AdminLog(_Found):
    """What staff did with the person, and with a user's rows, which the log calls "… user 12 …"."""

    label: str = "admin.LogEntry"

    def _found(self, person: Any) -> QuerySet[Any]:
        persons, events, lists = (
            ContentType.objects.get_for_model(model).pk for model in (type(person), Interaction, StoredList)
        )
        found = Q(content_type=persons, object_id=str(person.pk))
        if isinstance(person, User):
            found |= Q(content_type=events, object_repr__contains=f" by user {person.pk} of ")
            found |= Q(content_type=lists, object_repr__endswith=f" for user {person.pk}")
        return LogEntry.objects.filter(found)


@dataclass(frozen=True)
class LoginAttempts(_Found):
    """What django-axes writes down of who tried to log in."""

    label: str

    def _found(self, person: Any) -> QuerySet[Any]:
        named = Q(username__iexact=person.username)
        if person.email:
            named |= Q(username__iexact=person.email)
        return apps.get_model(self.label)._base_manager.filter(named)


@dataclass(frozen=True)
class Username(_Found):
    """A column of rows of the shop that says which account made them; the rows stay, the name goes."""

    column: str

    @property
    def label(self) -> str:
        return self.column.rpartition(".")[0]

    def erase(self, person: Any) -> int:
        return self._found(person).update(**{self._field: ""})

    @property
    def _field(self) -> str:
        return self.column.rpartition(".")[2]

    def _found(self, person: Any) -> QuerySet[Any]:
        return apps.get_model(self.label)._base_manager.filter(**{self._field: person.username})


@cache
def mentions(of: type[Person]) -> tuple[Mention, ...]:
    """Return all of what is installed that mentions users, or accounts."""
    if of is User:
        return (AdminLog(), Answers())
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
