"""Moments as the database counts them: whole seconds since 1970, in UTC."""

from typing import Any

from django.db.models import BigIntegerField, Func


class Seconds(Func):
    """A moment as seconds since 1970: an integer of the database's own, so no cell needs conversion."""

    output_field = BigIntegerField()
    template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Without the fraction, which SQLite would round.
        template = "CAST(strftime('%%%%s', substr(%(expressions)s, 1, 19)) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)
