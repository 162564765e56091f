"""Everything about one user, as one value that becomes JSON."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Model

from catalog.models import User
from privacy.erasure_rules import SECRETS
from privacy.mentions import mentions
from privacy.models import Receipt, RightsAction
from privacy.person import Person
from privacy.relations import relations
from recommendations import wiring

Row = dict[str, Any]
Tables = dict[str, dict[Any, Row]]  # rows by table and primary key


def exported(user: User, *, by: User | None, now: datetime) -> dict[str, Any]:
    """Return everything about the user, and leave a receipt. by: who did it, None on the command line"""
    found = everything(user, now=now)
    counts = {label: len(rows) for label, rows in found["tables"].items()}
    Receipt.objects.create(deed=RightsAction.EXPORTED, at=now, by=by, counts=counts)
    return found


def as_json(document: dict[str, Any]) -> bytes:
    """Return the document as JSON for people: indented, moments in UTC."""
    return orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


def everything(user: User, *, now: datetime) -> dict[str, Any]:
    """Return the user's own row, by table every other row that knows them, and what the cache keeps of them.

    Secrets are left out.

    Where a row leads to another one, that one's name stands beside its number. About 1 query a table.
    """
    person = Person.of(user)
    with transaction.atomic():
        tables: Tables = {}
        for relation in relations():
            names = [field.name for field in relation.model._meta.concrete_fields if field.is_relation]
            linked = relation.rows(person.id).select_related(*names)
            _add(tables, relation.model._meta.label, linked.iterator(2_000))
        for mention in mentions():
            _add(tables, mention.label, mention.rows(person))
        found = {label: list(rows.values()) for label, rows in tables.items() if rows}
    caches = wiring.cached_about(person.id, person.external_id)
    return {"exported_at": now, "user": _plain(user), "tables": found, "caches": caches}


def _add(tables: Tables, label: str, rows: Iterable[Model]) -> None:
    """The rows stand in the table, each once, however many ways lead to it."""
    known = tables.setdefault(label, {})
    for row in rows:
        known.setdefault(row.pk, _plain(row))


def _plain(row: Model) -> Row:
    plain: Row = {}
    field: Any
    for field in row._meta.concrete_fields:
        if f"{row._meta.label}.{field.name}" in SECRETS:
            continue
        value = field.value_from_object(row)
        if field.is_relation and value is not None and field.remote_field.model is not User:
            value = {"id": value, "name": str(getattr(row, field.name))}
        plain[field.name] = bytes(value).hex() if isinstance(value, bytes | memoryview) else value
    return plain
