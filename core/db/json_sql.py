"""SQL functions that turn rows into text within one statement."""

# ruff: noqa: S608  the SQL holds names of columns, no values

from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, F, Func, QuerySet, Subquery, TextField, Value


class JsonText(Func):
    """A text as a JSON string."""

    function = "JSON_QUOTE"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="TO_JSON(%(expressions)s)::text", **context)


class JsonType(Func):
    """The type of a JSON document, such as "object"."""

    function = "JSON_TYPE"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSONB_TYPEOF", **context)


class JoinedText(Func):
    """Aggregate of all values of a column as one text, separated by commas."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="STRING_AGG(%(expressions)s, ',')", **context)


class HoldsAnyOf(Func):
    """Whether the list under this name of a JSON object of lists holds one of these texts."""

    output_field = BooleanField()

    def __init__(self, document: str, name: str, texts: Sequence[str]) -> None:
        super().__init__(F(document), Value(name), *map(Value, texts))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        document, name, *texts = [compiler.compile(part) for part in self.source_expressions]
        held = ", ".join(sql for sql, _ in texts)
        sql = (
            f"EXISTS (SELECT 1 FROM json_each({document[0]}) AS named,"
            " json_each(CASE named.type WHEN 'array' THEN named.value ELSE '[]' END) AS held"
            f" WHERE named.key = {name[0]} AND held.value IN ({held}))"
        )
        return sql, [*document[1], *name[1], *(param for _, params in texts for param in params)]

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        document, name, *texts = [compiler.compile(part) for part in self.source_expressions]
        held = ", ".join(f"{sql}::text" for sql, _ in texts)
        sql = f"COALESCE(jsonb_exists_any({document[0]} -> {name[0]}::text, ARRAY[{held}]), false)"
        return sql, [*document[1], *name[1], *(param for _, params in texts for param in params)]


def aggregate_subquery(rows: "QuerySet[Any]", value: Any) -> Subquery:
    """Return a subquery for the aggregate `value` over all the rows."""
    return Subquery(rows.order_by().annotate(found=value).values("found"), output_field=TextField())
