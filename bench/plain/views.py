"""The least that a REST framework view does for a response: the same reads, or one read, and the bytes."""

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
    """Return, for each id, the SQL with its parameters, and the response as a value to render."""
    recording = json.loads(Path(os.environ["BENCH_RECORDING"]).read_text())
    sql = recording["statements"]
    return {
        key: ([(sql[number], params) for number, params in answer["reads"]], json.loads(answer["body"]))
        for key, answer in recording["answers"].items()
    }


class Plain(APIView):
    """Base view with the policies and rate limits of the project's own views."""

    policies = reads(Scope.RECOMMEND_READ)
    throttle_scopes = RECOMMENDING


class SameReads(Plain):
    """Runs the recorded reads with a raw cursor and renders the recorded response."""

    def get(self, request: Request, key: str) -> Response:
        statements, answer = _recorded()[key]
        with connection.cursor() as cursor:
            for sql, params in statements:
                cursor.execute(sql, params)
                cursor.fetchall()
        return Response(answer)


class OneRead(Plain):
    """Reads the response's bytes by primary key and sends them."""

    def get(self, request: Request, key: str) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM bench_answer WHERE id = %s", [key])
            row = cursor.fetchone()
        if row is None:
            raise NotFound
        return HttpResponse(bytes(row[0]), content_type="application/json")


class Ready(Plain):
    """Responds once the server is up and has read the recording."""

    def get(self, request: Request) -> Response:
        return Response({"answers": len(_recorded())})
