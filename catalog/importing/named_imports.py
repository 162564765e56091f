"""Imports of a catalogue in several calls under a name, and what they lack at the end."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from django.db import transaction
from django.db.models import QuerySet

from catalog.errors import ImportIncomplete
from catalog.models import ImportPart, Product
from core.db.staging import count, fields_of, set_where, staged

RETENTION_PERIOD = timedelta(hours=24)
# A product without an external id was made by hand. One that is newer than the import cannot be in it.
_MISSING = """
    FROM catalog_product AS stored
    LEFT JOIN staged_present AS present ON present.external_id = stored.external_id
    WHERE present.external_id IS NULL AND stored.external_id IS NOT NULL AND stored.is_active
        AND stored.created_at < (SELECT created_at FROM catalog_importpart WHERE id = {first})
"""


@dataclass(frozen=True, slots=True)
class NamedImport:
    """Identifies an import. caller: who sends it"""

    caller: str
    name: str

    def parts(self, now: datetime) -> QuerySet[ImportPart]:
        since = now - RETENTION_PERIOD
        return ImportPart.objects.filter(caller=self.caller, name=self.name, created_at__gt=since)


@dataclass(frozen=True, slots=True)
class Missing:
    """How many active products an import did not have, and whether they were deactivated."""

    count: int
    is_deactivated: bool


def note_products(of: NamedImport, external_ids: Iterable[str], now: datetime) -> None:
    """Store that a call of the import has sent these products. 1 query."""
    ids = zlib.compress(orjson.dumps(list(external_ids)), 1)
    ImportPart.objects.create(caller=of.caller, name=of.name, external_ids=ids, created_at=now)


@transaction.atomic
def finish_import(of: NamedImport, *, total: int, deactivates: bool, now: datetime) -> Missing:
    """Count the active products that no call of the import had, deactivate them if asked, and end the import.

    total: how many products the calls had together; another number than noted means that a call is missing,
    or was another import's
    Products without an external id, and those made since the import began, are never missing.
    Raises ImportIncomplete, and changes nothing. 8 queries in one transaction.
    """
    parts = list(of.parts(now).select_for_update().order_by("pk"))
    present: set[str] = set()
    for part in parts:
        present.update(orjson.loads(zlib.decompress(part.external_ids)))
    if len(present) != total or not parts:
        raise ImportIncomplete(of.name, n_noted=len(present), n_calls=len(parts), total=total)
    began = min(parts, key=lambda part: part.created_at)
    with staged("staged_present", fields_of(Product, ["external_id"]), ([key] for key in sorted(present))):
        source = _MISSING.format(first=int(began.pk))
        if deactivates:
            values = {"is_active": False, "awaits_import": True, "updated_at": now}
            n_missing = set_where(Product, values, f"SELECT stored.id {source}")
        else:
            n_missing = count(source)
    ImportPart.objects.filter(pk__in=[part.pk for part in parts]).delete()
    return Missing(n_missing, deactivates)


def remove_old_parts(now: datetime) -> int:
    """Delete what unfinished imports have noted more than 24 hours ago, and return the number of calls."""
    return ImportPart.objects.filter(created_at__lte=now - RETENTION_PERIOD).delete()[0]
