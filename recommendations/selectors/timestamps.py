"""Times as whole seconds since 1970 in UTC, computed by the database."""

from typing import Any

from django.db.models import BigIntegerField, Func


class Seconds(Func):
    """A time as whole seconds since 1970. The database returns integers, so no value needs conversion."""

    output_field = BigIntegerField()
    template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # The fraction is cut off first, since SQLite would round it.
        template = "CAST(strftime('%%%%s', substr(%(expressions)s, 1, 19)) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)
