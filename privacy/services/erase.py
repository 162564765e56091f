"""Erase one person from every table and cache, and count the affected rows."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from access.models import Account
from catalog.models import User
from privacy.erasure_rules import ErasureRule
from privacy.errors import CacheUnreachable
from privacy.indirect_references import indirect_references
from privacy.models import Receipt, RightsAction
from privacy.person import Person
from privacy.relations import relations
from recommendations import wiring


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Numbers of rows by table: deleted ones, and kept ones that no longer refer to the person."""

    gone: Mapping[str, int]
    forgot: Mapping[str, int]


def count_rows(person: Person) -> RowCounts:
    """Return the numbers of rows that erasing the person would affect. About 1 query a table."""
    gone, forgot = Counter({person._meta.label: 1}), Counter[str]()
    for relation in relations(type(person)):
        counter = gone if relation.rule is ErasureRule.DELETE else forgot
        counter[relation.model._meta.label] += relation.rows(person).count()
    for reference in indirect_references(type(person)):
        gone[reference.label] += sum(1 for _ in reference.rows(person))
    return RowCounts(_without_zeros(gone), _without_zeros(forgot))


def erase(person: Person, *, by: Account | None, now: datetime) -> Receipt:
    """Erase the person from every table and cache in one transaction, and return the stored receipt.

    by: the member of staff, None on the command line
    A concurrent write for the person waits and then fails. A user's account is not erased with the user, nor
    the user with the account. Raises CacheUnreachable.
    """
    table, pk = type(person)._base_manager, person.pk
    with transaction.atomic():
        table.select_for_update().filter(pk=pk).first()
        # First, so that nothing is deleted if Redis is away; again after the commit, for later cache entries.
        if not _forget(person):
            raise CacheUnreachable
        gone, forgot = Counter[str](), Counter[str]()
        for reference in indirect_references(type(person)):
            gone[reference.label] += reference.erase(person)
        # Dependent rows first, so that each row is counted in its own table.
        for relation in reversed(relations(type(person))):
            rows = relation.rows(person)
            if relation.rule is ErasureRule.DELETE:
                gone.update(rows.order_by().delete()[1])
            else:
                forgot[relation.model._meta.label] += rows.order_by().update(**{relation.field.name: None})
        gone.update(table.filter(pk=pk).delete()[1])
        counts = {"gone": _without_zeros(gone), "forgot": _without_zeros(forgot)}
        receipt = Receipt.objects.create(action=RightsAction.ERASED, at=now, by=by, counts=counts)
        transaction.on_commit(lambda: _forget(person))
    return receipt


def _forget(person: Person) -> bool:
    """Remove a user from the caches; return whether they were reached. They hold nothing about accounts."""
    if not isinstance(person, User):
        return True
    former = person.former_ids.values_list("pk", "external_id")
    reached = [wiring.forget_user(*ids) for ids in [(person.pk, person.external_id), *former]]
    return all(reached)


def _without_zeros(counts: Mapping[str, int]) -> dict[str, int]:
    return {label: n for label, n in sorted(counts.items()) if n}
