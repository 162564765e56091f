"""The least that a REST framework view can do for an answer: the same reads, or one read, and the bytes."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.policies import reads
from access.scopes import Scope
from access.throttle_scopes import RECOMMENDING


@cache
def _recorded() -> dict[str, tuple[list[tuple[str, list[Any]]], Any]]:
    """Return, for each id, the SQL with its parameters, and the answer as a value to be rendered."""
    recording = json.loads(Path(os.environ["BENCH_RECORDING"]).read_text())
    sql = recording["statements"]
    return {
        key: ([(sql[number], params) for number, params in answer["reads"]], json.loads(answer["body"]))
        for key, answer in recording["answers"].items()
    }


class Plain(APIView):
    """Lets in whom the project's own views let in, as often."""

    needs = reads(Scope.RECOMMEND_READ)
    paces = RECOMMENDING


class SameReads(Plain):
    """Makes the recorded reads by raw cursor, and renders the recorded answer."""

    def get(self, request: Request, key: str) -> Response:
        statements, answer = _recorded()[key]
        with connection.cursor() as cursor:
            for sql, params in statements:
                cursor.execute(sql, params)
                cursor.fetchall()
        return Response(answer)


class OneRead(Plain):
    """Reads the answer's bytes by primary key, and sends them."""

    def get(self, request: Request, key: str) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM bench_answer WHERE id = %s", [key])
            row = cursor.fetchone()
        if row is None:
            raise NotFound
        return HttpResponse(bytes(row[0]), content_type="application/json")


class Ready(Plain):
    """Says that the server is up, and that it has read the recording."""

    def get(self, request: Request) -> Response:
        return Response({"answers": len(_recorded())})
