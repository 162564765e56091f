"""Everything about one person, as one value that becomes JSON."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Model

from access.models import Account
from catalog.models import User
from privacy.erasure_rules import SECRETS
from privacy.mentions import mentions
from privacy.models import Receipt, RightsAction
from privacy.person import PERSONS, Person
from privacy.relations import relations
from recommendations import wiring

Row = dict[str, Any]
Tables = dict[str, dict[Any, Row]]  # rows by table and primary key


def exported(person: Person, *, by: Account | None, now: datetime) -> dict[str, Any]:
    """Return everything about the person, and leave a receipt. by: who did it, None on the command line"""
    found = everything(person, now=now)
    counts = {label: len(rows) for label, rows in found["tables"].items()}
    Receipt.objects.create(deed=RightsAction.EXPORTED, at=now, by=by, counts=counts)
    return found


def as_json(document: dict[str, Any]) -> bytes:
    """Return the document as JSON for people: indented, moments in UTC."""
    return orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


def everything(person: Person, *, now: datetime) -> dict[str, Any]:
    """Return the person's row, by table every other row that knows them, and what the cache keeps of them.

    Secrets are left out.

    Where a row leads to another one, that one's name stands beside its number. About 1 query a table.
    """
    with transaction.atomic():
        tables: Tables = {}
        for relation in relations(type(person)):
            names = [field.name for field in relation.model._meta.concrete_fields if field.is_relation]
            linked = relation.rows(person).select_related(*names)
            _add(tables, relation.model._meta.label, linked.iterator(2_000))
        for mention in mentions(type(person)):
            _add(tables, mention.label, mention.rows(person))
        found = {label: list(rows.values()) for label, rows in tables.items() if rows}
    caches = wiring.cached_about(person.pk, person.external_id) if isinstance(person, User) else {}
    kind = "user" if isinstance(person, User) else "account"
    return {"exported_at": now, kind: _plain(person), "tables": found, "caches": caches}


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
        if field.is_relation and value is not None and field.remote_field.model not in PERSONS:
            value = {"id": value, "name": str(getattr(row, field.name))}
        plain[field.name] = bytes(value).hex() if isinstance(value, bytes | memoryview) else value
    return plain
