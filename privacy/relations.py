"""Finds every table that knows a person through relations, by walking all models."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db.models import CASCADE, Model, QuerySet

from privacy.erasure_rules import ERASURE_RULES, ErasureRule
from privacy.person import PERSONS, Person


@dataclass(frozen=True)
class Relation:
    """model's rows know a person by the path, a lookup such as "user" or "run__user"."""

    model: type[Model]
    field: Any  # a field of the model that is a relation
    path: str

    @property
    def name(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    @cached_property
    def fate(self) -> ErasureRule | None:
        """What becomes of the rows; None where nobody has said it."""
        if self.name in ERASURE_RULES:
            return ERASURE_RULES[self.name]
        return ErasureRule.GOES if self.field.remote_field.on_delete is CASCADE else None

    def rows(self, person: Person) -> QuerySet[Model]:
        """Return the rows that know the person."""
        return self.model._base_manager.filter(**{self.path: person.pk}).order_by("pk")


def relations(of: type[Person]) -> list[Relation]:
    """Return all that lead to users, or to accounts, the nearest first; the farther hang on these."""
    return list(_leading_to(of, "", frozenset({of})))


def undecided() -> list[str]:
    """Return the names of those of which nobody has said what becomes of their rows."""
    return [relation.name for of in PERSONS for relation in relations(of) if relation.fate is None]


def _leading_to(owner: type[Model], path: str, seen: frozenset[type[Model]]) -> Iterator[Relation]:
    found = [
        Relation(model, field, f"{field.name}__{path}" if path else field.name)
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
        for field in _columns(model)
        if field.is_relation and field.remote_field.model._meta.concrete_model is owner
    ]
    yield from found
    for relation in found:
        if relation.fate is ErasureRule.GOES and relation.model not in seen:
            yield from _leading_to(relation.model, relation.path, seen | {relation.model})


def _columns(model: type[Model]) -> Iterable[Any]:
    return model._meta.local_fields
