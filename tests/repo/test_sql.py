"""SQL is written by the ORM, or by us with its values apart: nothing from outside is part of a statement."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsite.config.env import ROOT

APPS = ("access", "catalog", "core", "observe", "privacy", "recommendations", "recsite", "stack")
SOURCES = sorted(
    path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts
)
EXECUTES = {"execute", "executemany", "executescript", "copy", "fetch"}
PUTS_SQL_INTO_QUERIES = {"raw", "extra", "RawSQL"}
# Where a statement is put together, and of what: quoted names of our own tables, placeholders, a number.
PUT_TOGETHER = {
    "access/services/checking.py": {"int(timeout)"},
    "catalog/search/index.py": {"SQLITE_INDEX", "_TEXT"},
    "catalog/triggers/__init__.py": {"connection.ops.quote_name(name)", "on"},
    "catalog/changes.py": {"columns_sql(connection.vendor)"},
    "recommendations/stores.py": {"sql"},
}
# Statements that arrive by a name: compiled by the ORM, or put together of quoted names of our own.
NAMED = {
    ("core/db/prepared.py", "native"),
    ("core/db/prepared.py", "sql"),
    ("recsite/database_writes.py", "_GROW"),
    ("recsite/postgresql/base.py", "sql"),
    ("recsite/postgresql/connection.py", "_IDLE"),
    ("recommendations/selectors/shop_state.py", "sql"),
    ("catalog/search/index.py", "statement"),
    ("catalog/triggers/__init__.py", "sql"),
    ("catalog/triggers/__init__.py", "statement"),
    ("catalog/triggers/__init__.py", "wanted[name].sql"),
    ("catalog/services/bulk_edit.py", "statement"),
    ("catalog/services/event_insert.py", "_SQLITE_LOOKUP"),
    ("recsite/sqlite/base.py", "sql"),
    ("core/db/staging.py", "statement"),
    ("core/db/staging.py", "insert"),
    ("catalog/importing/duplicates.py", "_BEFORE"),
    ("catalog/importing/duplicates.py", "_ADD"),
}


def calls(code: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call of a method or function, with its bare name."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), node


def doubtful(own: str, code: str) -> list[str]:
    """Return the statements in the code that are neither constant nor listed above. own: the file's name"""
    found = []
    for name, call in calls(code):
        if name in PUTS_SQL_INTO_QUERIES and (call.args or call.keywords):
            found.append(ast.unparse(call))
        if name not in EXECUTES or not call.args:
            continue
        match call.args[0]:
            case ast.Constant(value=str()):
                pass
            case ast.JoinedStr(values=values):
                taken = {ast.unparse(part.value) for part in values if isinstance(part, ast.FormattedValue)}
                found += sorted(taken - PUT_TOGETHER.get(own, set()))
            case statement if (own, ast.unparse(statement)) not in NAMED:
                found.append(ast.unparse(statement))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
class TestStatements:
    def test_have_their_values_apart(self, path: Path):
        assert doubtful(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) == []


class TestDoubt:
    @pytest.mark.parametrize(
        "code",
        [
            "cursor.execute(f'SELECT {name}')",
            "cursor.execute('SELECT %s' % name)",
            "cursor.execute('SELECT {}'.format(name))",
            "cursor.execute('SELECT ' + name)",
            "cursor.executemany(statement, rows)",
            "User.objects.raw('SELECT 1')",
            "User.objects.extra(where=[name])",
            "RawSQL('SELECT 1', [])",
        ],
    )
    def test_falls_on_what_may_hold_a_value(self, code: str):
        assert len(doubtful("catalog/selectors.py", code)) == 1

    def test_does_not_fall_on_values_apart(self):
        assert doubtful("catalog/selectors.py", "cursor.execute('SELECT %s', [name])") == []

    def test_lists_nothing_that_is_gone(self):
        named = {
            (str(path.relative_to(ROOT)), ast.unparse(call.args[0]))
            for path in SOURCES
            for name, call in calls(path.read_text(encoding="utf-8"))
            if name in EXECUTES and call.args
        }

        assert named >= NAMED
        assert {own for own, _ in named} >= PUT_TOGETHER.keys()
