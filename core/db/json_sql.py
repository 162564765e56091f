"""Rows of the database as text within one statement: no two different rows are the same text."""

from typing import Any

from django.db.models import Func, QuerySet, Subquery, TextField


class Record(Func):
    """The given values as a JSON array.

    Django's own JSONArray asks each process's database once whether it knows JSON.
    """

    function = "JSON_ARRAY"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="JSON_BUILD_ARRAY(%(expressions)s)::text", **context
        )


class Joined(Func):
    """All values of a column, one after the other, with commas between, as one text."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="STRING_AGG(%(expressions)s, ',')", **context)


def only(rows: "QuerySet[Any]", value: Any) -> Subquery:
    """Return the one value that the rows come to: an aggregate of all of them."""
    return Subquery(rows.order_by().annotate(found=value).values("found"), output_field=TextField())
