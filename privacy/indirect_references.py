"""Rows that refer to a person without a foreign key: by name, by an id as text, or inside serialized data."""

import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from urllib.parse import quote

import orjson
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Model, Q, QuerySet

from access.models import Account
from access.principals import account_identity
from catalog.models import FormerUser, Interaction, StoredAnswer, User
from core.text import MAX_SHOWN
from privacy.erasure_rules import USERNAMES
from privacy.person import Person
from recommendations.models import StoredList

# Characters of an external id that every error shows in full: `core.text` cuts what follows "ext:".
_SHOWN_CHARACTERS = MAX_SHOWN - len("ext:")


class IndirectReference(Protocol):
    """The rows of one table that refer to a person."""

    @property
    def label(self) -> str:
        """The table: "app.Model"."""
        ...

    def rows(self, person: Person) -> Iterator[Model]:
        """Yield the rows."""
        ...

    def erase(self, person: Person) -> int:
        """Delete or anonymize the rows, and return their number."""
        ...


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of an account. The account is inside the session data, so all sessions are decoded."""

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
    """Stored responses to requests with an Idempotency-Key: sent to an account, or mentioning the person.

    A key is the caller's choice, so it may hold the person's external id, number, username or email address.
    """

    label: str = "catalog.StoredAnswer"

    def rows(self, person: Any) -> Iterator[Model]:
        own = account_identity(person.pk) if isinstance(person, Account) else None
        in_key, in_body = _mention_in_key(person), _mention_in_body(person)
        for answer in StoredAnswer.objects.order_by("pk").iterator(100):
            if (
                answer.caller == own
                or in_key.search(answer.key)
                or (in_body and answer.body and in_body.search(zlib.decompress(answer.body)))
            ):
                yield answer

    def erase(self, person: Any) -> int:
        return StoredAnswer.objects.filter(pk__in=[row.pk for row in self.rows(person)]).delete()[0]


def _mention_in_key(person: Any) -> re.Pattern[str]:
    """Return the pattern of keys that mention the person, in any case, as text or percent-encoded.

    A number is a mention only after the word: "user-12" is one of user 12, "batch-12" is not.
    """
    if isinstance(person, Account):
        noun, numbers, names = "account", [person.pk], [person.username, person.email]
    else:
        noun, (numbers, names) = "user", _ids(person)
    forms = {form for name in names if name for form in (name, quote(name, safe=""))}
    number = rf"{noun}(?:[-_]?id)?[-_.:=/]*(?:{'|'.join(map(str, numbers))})(?![0-9])"
    return re.compile("|".join([*map(re.escape, sorted(forms)), number]), re.IGNORECASE)


def _mention_in_body(person: Any) -> re.Pattern[bytes] | None:
    """Return the pattern of responses that mention a user: they show a field's value, cut if it is long."""
    if isinstance(person, Account):
        return None
    numbers, names = _ids(person)
    number = b'"user_id","value":"?(?:%s)[^0-9]' % b"|".join(b"%d" % number for number in numbers)
    texts = [re.escape(orjson.dumps(name[:_SHOWN_CHARACTERS])[1:-1]) for name in names]
    return re.compile(b"|".join([number, *texts]))


def _ids(user: User) -> tuple[list[int], list[str]]:
    """Return the numbers and the external ids of the user and of those merged into them. 1 query."""
    former = FormerUser.objects.filter(user=user).values_list("pk", "external_id")
    rows = [(user.pk, user.external_id), *former]
    return [number for number, _ in rows], [name for _, name in rows if name]


class _QueryReference(ABC):
    """Rows found by one query."""

    def rows(self, person: Any) -> Iterator[Model]:
        yield from self._query(person).order_by("pk")

    def erase(self, person: Any) -> int:
        return self._query(person).delete()[0]

    @abstractmethod
    def _query(self, person: Any) -> QuerySet[Any]: ...


@dataclass(frozen=True)
class AdminLog(_QueryReference):
    """Log entries of changes to the person and to a user's rows, which the log describes as "… user 12 …"."""

    label: str = "admin.LogEntry"

    def _query(self, person: Any) -> QuerySet[Any]:
        persons, events, lists = (
            ContentType.objects.get_for_model(model).pk for model in (type(person), Interaction, StoredList)
        )
        numbers = _ids(person)[0] if isinstance(person, User) else [person.pk]
        condition = Q(content_type=persons, object_id__in=[str(number) for number in numbers])
        for number in numbers if isinstance(person, User) else ():
            condition |= Q(content_type=events, object_repr__contains=f" by user {number} of ")
            condition |= Q(content_type=lists, object_repr__endswith=f" for user {number}")
        return LogEntry.objects.filter(condition)


@dataclass(frozen=True)
class LoginAttempts(_QueryReference):
    """Rows of django-axes about attempts to log in."""

    label: str

    def _query(self, person: Any) -> QuerySet[Any]:
        condition = Q(username__iexact=person.username)
        if person.email:
            condition |= Q(username__iexact=person.email)
        return apps.get_model(self.label)._base_manager.filter(condition)


@dataclass(frozen=True)
class Username(_QueryReference):
    """A column with the username that created a row. The rows are kept, the username is emptied."""

    column: str

    @property
    def label(self) -> str:
        return self.column.rpartition(".")[0]

    def erase(self, person: Any) -> int:
        return self._query(person).update(**{self._field: ""})

    @property
    def _field(self) -> str:
        return self.column.rpartition(".")[2]

    def _query(self, person: Any) -> QuerySet[Any]:
        return apps.get_model(self.label)._base_manager.filter(**{self._field: person.username})


@cache
def indirect_references(person_class: type[Person]) -> tuple[IndirectReference, ...]:
    """Return the indirect references of the installed apps to users, or to accounts."""
    if person_class is User:
        return (AdminLog(), Answers())
    attempts: list[IndirectReference] = []
    if apps.is_installed("axes"):
        attempts = [
            LoginAttempts(model._meta.label)
            for model in apps.get_app_config("axes").get_models()
            if any(field.name == "username" for field in model._meta.fields)
        ]
    installed = {model._meta.label for model in apps.get_models()}
    usernames = [Username(column) for column in USERNAMES if column.rpartition(".")[0] in installed]
    return (Sessions(), AdminLog(), Answers(), *attempts, *usernames)
