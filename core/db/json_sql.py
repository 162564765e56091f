"""SQL functions that turn rows into text within one statement."""

from typing import Any

from django.db.models import Func, QuerySet, Subquery, TextField


class JsonText(Func):
    """A text as a JSON string."""

    function = "JSON_QUOTE"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="TO_JSON(%(expressions)s)::text", **context)


class JoinedText(Func):
    """Aggregate of all values of a column as one text, separated by commas."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="STRING_AGG(%(expressions)s, ',')", **context)


def aggregate_subquery(rows: "QuerySet[Any]", value: Any) -> Subquery:
    """Return a subquery for the aggregate `value` over all the rows."""
    return Subquery(rows.order_by().annotate(found=value).values("found"), output_field=TextField())
