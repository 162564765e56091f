"""Rows of a queryset as plain columns, without a model instance or a Python loop a row."""

from typing import Any

import numpy as np
from django.db import connections
from django.db.models import QuerySet
from numpy.typing import NDArray


def columns(queryset: "QuerySet[Any, Any]", n: int) -> list[tuple[Any, ...]]:
    """Return the n columns of a values_list queryset, each as a tuple. 1 query.

    The cursor's own rows are taken as they come, which is several times quicker than through the ORM; so
    only for columns that need no conversion: numbers and texts.
    """
    compiler = queryset.query.get_compiler(using=queryset.db)
    with connections[queryset.db].cursor() as cursor:
        cursor.execute(*compiler.as_sql())
        rows = cursor.fetchall()
    return list(zip(*rows, strict=True)) if rows else [() for _ in range(n)]


def integers(column: tuple[Any, ...]) -> NDArray[np.int64]:
    """Return a column of integers as an array, None as -1."""
    try:
        return np.array(column, np.int64)
    except TypeError:
        return np.array([-1 if value is None else value for value in column], np.int64)
