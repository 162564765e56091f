"""Export of all data about one person as a document for JSON."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Model

from access.models import Account
from catalog.models import User
from privacy.erasure_rules import SECRETS
from privacy.indirect_references import indirect_references
from privacy.models import Receipt, RightsAction
from privacy.person import PERSON_CLASSES, Person
from privacy.relations import relations
from recommendations import wiring

Row = dict[str, Any]
Tables = dict[str, dict[Any, Row]]  # rows by table and primary key


def export(person: Person, *, by: Account | None, now: datetime) -> dict[str, Any]:
    """Return all data about the person and store a receipt. by: as for `erase`"""
    document = collect(person, now=now)
    counts = {label: len(rows) for label, rows in document["tables"].items()}
    Receipt.objects.create(action=RightsAction.EXPORTED, at=now, by=by, counts=counts)
    return document


def as_json(document: dict[str, Any]) -> bytes:
    """Return the document as readable JSON: indented, times in UTC."""
    return orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


def collect(person: Person, *, now: datetime) -> dict[str, Any]:
    """Return the person's row, the rows of every table that refer to them, and their cached data.

    Secrets are left out. A foreign key has the name of its row next to the id. About 1 query a table.
    """
    with transaction.atomic():
        tables: Tables = {}
        for relation in relations(type(person)):
            names = [field.name for field in relation.model._meta.concrete_fields if field.is_relation]
            rows = relation.rows(person).select_related(*names)
            _add(tables, relation.model._meta.label, rows.iterator(2_000))
        for reference in indirect_references(type(person)):
            _add(tables, reference.label, reference.rows(person))
        lists = {label: list(by_pk.values()) for label, by_pk in tables.items() if by_pk}
    caches = wiring.cached_about(person.pk, person.external_id) if isinstance(person, User) else {}
    kind = "user" if isinstance(person, User) else "account"
    return {"exported_at": now, kind: _values(person), "tables": lists, "caches": caches}


def _add(tables: Tables, label: str, rows: Iterable[Model]) -> None:
    """Add the rows to the table, each once, even if several relations lead to it."""
    by_pk = tables.setdefault(label, {})
    for row in rows:
        by_pk.setdefault(row.pk, _values(row))


def _values(row: Model) -> Row:
    values: Row = {}
    field: Any
    for field in row._meta.concrete_fields:
        if f"{row._meta.label}.{field.name}" in SECRETS:
            continue
        value = field.value_from_object(row)
        if field.is_relation and value is not None and field.remote_field.model not in PERSON_CLASSES:
            value = {"id": value, "name": str(getattr(row, field.name))}
        values[field.name] = bytes(value).hex() if isinstance(value, bytes | memoryview) else value
    return values
