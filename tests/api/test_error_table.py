"""The one table from error to status, and what is said and logged of each."""

import logging

import orjson
import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import IntegrityError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404
from rest_framework.exceptions import APIException, NotAuthenticated, Throttled, ValidationError
from rest_framework.request import Request

from recommendations.errors import BadAsk, UnknownProduct, UnknownShopper, UnknownStrategy
from recsite.http.errors import problem_response

pytestmark = pytest.mark.django_db


class TestTable:
    def answer(self, error, request):
        return problem_response(error, {"request": request})

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (ProtectedError("secret", set()), 409),
            (IntegrityError("UNIQUE constraint failed: secret"), 409),
            (BadAsk({"field": "offset", "value": "x", "message": "No."}), 400),
            (UnknownProduct("7"), 404),
            (UnknownShopper("7"), 404),
            (UnknownStrategy("magic", ["content"]), 400),
            (RequestDataTooBig("secret"), 413),
            (PermissionDenied("secret"), 403),
            (Http404("secret"), 404),
        ],
    )
    def test_gives_an_error_its_status(self, error, status, rf):
        answer = self.answer(error, rf.get("/x"))

        assert answer.status_code == status
        assert b"secret" not in answer.content

    def test_passes_on_when_to_come_back(self, rf):
        assert self.answer(Throttled(wait=2.5), rf.get("/x")).headers["Retry-After"] == "3"

    def test_says_when_to_ask_a_database_again_that_is_away(self, rf):
        answer = self.answer(OperationalError("secret"), rf.get("/x"))

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert b"secret" not in answer.content

    def test_passes_on_how_to_log_in(self, rf):
        error = NotAuthenticated()
        error.auth_header = "Bearer"

        assert self.answer(error, rf.get("/x")).headers["WWW-Authenticate"] == "Bearer"

    def test_logs_what_is_our_fault(self, rf, caplog):
        assert self.answer(APIException("down"), rf.get("/x")).status_code == 500
        assert "GET /x answered 500" in caplog.text

    def test_takes_a_fault_of_no_field(self, rf):
        answer = self.answer(ValidationError("Not today."), Request(rf.get("/x")))

        assert orjson.loads(answer.content)["errors"] == [
            {"field": None, "value": None, "message": "Not today."}
        ]

    def test_knows_nothing_of_a_defect(self, rf):
        assert self.answer(ValueError("x"), rf.get("/x")) is None

    def test_logs_the_words_that_the_caller_does_not_see(self, rf, caplog):
        caplog.set_level(logging.INFO)

        self.answer(IntegrityError("UNIQUE constraint failed: x"), rf.get("/x"))

        assert "UNIQUE constraint failed: x" in caplog.text
