"""What categories and tags have in common: a name that is unique whatever its case and Unicode form."""

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from catalog.models.fields import TracedQuerySet, name_field
from core.text import MAX_LENGTH, comparable

T = TypeVar("T", bound="Term")


class TermQuerySet(TracedQuerySet[T]):
    """Queryset whose methods also set `comparable_name`."""

    def update(self, **kwargs: Any) -> int:
        if isinstance(kwargs.get("name"), str):
            kwargs["comparable_name"] = comparable(kwargs["name"])
        return super().update(**kwargs)

    def bulk_create(self, objs: Iterable[T], *args: Any, **kwargs: Any) -> list[T]:
        objs = list(objs)
        for term in objs:
            term.comparable_name = comparable(term.name)
        return super().bulk_create(objs, *args, **kwargs)


class Term(models.Model):
    name = name_field(unique=True)
    comparable_name = models.CharField(  # noqa: DJ001  empty for rows written by SQL
        max_length=MAX_LENGTH,
        unique=True,
        null=True,
        editable=False,
        help_text="The name without case and Unicode form, which two rows must not share.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar = TermQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        if fields is None or "name" in fields:
            self.comparable_name = comparable(self.name)
            if fields is not None:
                kwargs["update_fields"] = {*fields, "comparable_name"}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Raise ValidationError if another row's name differs by case or Unicode form alone."""
        same = type(self)._default_manager.filter(comparable_name=comparable(self.name))
        for other in same.exclude(pk=self.pk).exclude(name=self.name):
            message = f"Another {self._meta.verbose_name} is called {other.name!r}; case makes no difference."
            raise ValidationError({"name": message})
