"""Foreign keys that lead to a person, directly or through other tables, found by walking all models."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db.models import CASCADE, Model, QuerySet

from privacy.erasure_rules import ERASURE_RULES, ErasureRule
from privacy.person import PERSON_CLASSES, Person


@dataclass(frozen=True)
class Relation:
    """A relation of the model whose path, a lookup such as "user" or "run__user", leads to a person."""

    model: type[Model]
    field: Any  # a field of the model that is a relation
    path: str

    @property
    def name(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    @cached_property
    def rule(self) -> ErasureRule | None:
        """What erasure does with the rows; None if there is no rule."""
        if self.name in ERASURE_RULES:
            return ERASURE_RULES[self.name]
        return ErasureRule.DELETE if self.field.remote_field.on_delete is CASCADE else None

    def rows(self, person: Person) -> QuerySet[Model]:
        """Return the rows that refer to the person."""
        return self.model._base_manager.filter(**{self.path: person.pk}).order_by("pk")


def relations(person_class: type[Person]) -> list[Relation]:
    """Return all relations to users, or to accounts: the direct ones first, then those to their rows."""
    return list(_leading_to(person_class, "", frozenset({person_class})))


def relations_without_rule() -> list[str]:
    """Return the names of the relations to a person that have no erasure rule."""
    return [
        relation.name
        for person_class in PERSON_CLASSES
        for relation in relations(person_class)
        if relation.rule is None
    ]


def _leading_to(owner: type[Model], path: str, seen: frozenset[type[Model]]) -> Iterator[Relation]:
    found = [
        Relation(model, field, f"{field.name}__{path}" if path else field.name)
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
        for field in _fields(model)
        if field.is_relation and field.remote_field.model._meta.concrete_model is owner
    ]
    yield from found
    for relation in found:
        if relation.rule is ErasureRule.DELETE and relation.model not in seen:
            yield from _leading_to(relation.model, relation.path, seen | {relation.model})


def _fields(model: type[Model]) -> Iterable[Any]:
    return model._meta.local_fields
