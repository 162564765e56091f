"""Record the API's responses and their SQL: `python -m bench.recording FILE PATH FIRST LAST`.

The plain views (bench/plain) replay it. Every run records again, since the code may have changed.
"""

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg

Statement = tuple[str, list[Any]]


def main(file: Path, path: str, first: int, last: int) -> None:
    """Write {"statements": [SQL], "answers": {id: {"reads": [[statement, parameters]], "body": text}}}."""
    django.setup()
    from django.test import Client

    from recommendations import wiring

    wiring.warm_up()
    client = Client()
    statements: dict[str, int] = {}
    answers = {}
    for key in range(first, last + 1):
        with _reads() as reads:
            answer = client.get(path.replace("{id}", str(key)), headers={"host": "127.0.0.1"})
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code} for {key}: {answer.content!r}")
        numbered = [(statements.setdefault(sql, len(statements)), params) for sql, params in reads]
        answers[key] = {"reads": numbered, "body": answer.content.decode()}
    file.write_text(json.dumps({"statements": list(statements), "answers": answers}))


@contextmanager
def _reads() -> Iterator[list[Statement]]:
    from django.db import connection

    found: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append((sql, list(params or ())))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def keep_answers(recording: Path, database: Path | str) -> None:
    """Write the recorded bodies to the table bench_answer of the database, by id."""
    answers = json.loads(recording.read_text())["answers"]
    on_sqlite = isinstance(database, Path)
    connect: Any = sqlite3.connect if on_sqlite else psycopg.connect
    kind, values = ("BLOB", "?, ?") if on_sqlite else ("BYTEA", "%s, %s")
    with closing(connect(database)) as connection, connection:
        cursor = connection.cursor()
        cursor.execute("DROP TABLE IF EXISTS bench_answer")
        cursor.execute(f"CREATE TABLE bench_answer (id INTEGER PRIMARY KEY, body {kind} NOT NULL)")
        cursor.executemany(
            f"INSERT INTO bench_answer VALUES ({values})",  # noqa: S608  one of the two texts above
            [(int(key), answer["body"].encode()) for key, answer in answers.items()],
        )


def reads_of(recording: Path) -> float:
    """Return the average number of statements of a response."""
    answers = json.loads(recording.read_text())["answers"].values()
    return sum(len(answer["reads"]) for answer in answers) / len(answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
