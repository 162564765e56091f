"""Lets one person be gone from everywhere, and says what that took."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from access.models import Account
from catalog.models import User
from privacy.erasure_rules import ErasureRule
from privacy.errors import CacheUnreachable
from privacy.mentions import mentions
from privacy.models import Receipt, RightsAction
from privacy.person import Person
from privacy.relations import relations
from recommendations import wiring


@dataclass(frozen=True, slots=True)
class Count:
    """Rows by table: those that are gone, and those that stay and no longer know who it was."""

    gone: Mapping[str, int]
    forgot: Mapping[str, int]


def counted(person: Person) -> Count:
    """Return what erasing the person would take, without doing it. About 1 query a table."""
    gone, forgot = Counter({person._meta.label: 1}), Counter[str]()
    for relation in relations(type(person)):
        table = gone if relation.fate is ErasureRule.GOES else forgot
        table[relation.model._meta.label] += relation.rows(person).count()
    for mention in mentions(type(person)):
        gone[mention.label] += sum(1 for _ in mention.rows(person))
    return Count(_without_zeros(gone), _without_zeros(forgot))


def erase(person: Person, *, by: Account | None, now: datetime) -> Receipt:
    """Return the stored receipt; the person is gone from every table and from what this process keeps.

    by: the member of staff who does it, None on the command line
    All of it or nothing. A write for the person meanwhile waits, and then finds nobody. A user's account is
    not erased with the user, nor the user with the account. Raises CacheUnreachable.
    """
    table, pk = type(person)._base_manager, person.pk
    with transaction.atomic():
        table.select_for_update().filter(pk=pk).first()
        # Now, so that nothing is done where it cannot be done; and in the end, for what came meanwhile.
        if not _forget(person):
            raise CacheUnreachable
        gone, forgot = Counter[str](), Counter[str]()
        for mention in mentions(type(person)):
            gone[mention.label] += mention.erase(person)
        # Those that hang on others first, so that each is counted under its own name.
        for relation in reversed(relations(type(person))):
            rows = relation.rows(person)
            if relation.fate is ErasureRule.GOES:
                gone.update(rows.order_by().delete()[1])
            else:
                forgot[relation.model._meta.label] += rows.order_by().update(**{relation.field.name: None})
        gone.update(table.filter(pk=pk).delete()[1])
        counts = {"gone": _without_zeros(gone), "forgot": _without_zeros(forgot)}
        receipt = Receipt.objects.create(deed=RightsAction.ERASED, at=now, by=by, counts=counts)
        transaction.on_commit(lambda: _forget(person))
    return receipt


def _forget(person: Person) -> bool:
    """Return whether the caches could be told to forget the user; they keep nothing of accounts."""
    return not isinstance(person, User) or wiring.forget_user(person.pk, person.external_id)


def _without_zeros(counts: Mapping[str, int]) -> dict[str, int]:
    return {label: n for label, n in sorted(counts.items()) if n}
