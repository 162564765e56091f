"""SQL functions that turn rows into text within one statement; different rows give different text."""

from typing import Any

from django.db.models import Func, QuerySet, Subquery, TextField


class JsonArray(Func):
    """The given values as a JSON array.

    Django's JSONArray makes a query in each process to find out whether the database supports JSON.
    """

    function = "JSON_ARRAY"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="JSON_BUILD_ARRAY(%(expressions)s)::text", **context
        )


class JoinedText(Func):
    """Aggregate of all values of a column as one text, separated by commas."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="STRING_AGG(%(expressions)s, ',')", **context)


def aggregate_subquery(rows: "QuerySet[Any]", value: Any) -> Subquery:
    """Return a subquery for the aggregate `value` over all the rows."""
    return Subquery(rows.order_by().annotate(found=value).values("found"), output_field=TextField())
