"""Tests of content negotiation by the Accept header."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from core.api.responses import OrjsonRenderer
from core.api.views import SingleRendererNegotiation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_reads")]

JSON = [
    None,
    "*/*",
    "application/json",
    "application/*",
    "Application/JSON",
    "application/json; indent=4",
    "application/json;q=0.9, text/html",
    "text/html, */*;q=0.1",
]
OTHER = ["text/html", "application/xml", "application/jsonp", "image/*", "nonsense"]


def accepting(accept: str | None) -> dict[str, str]:
    return {} if accept is None else {"accept": accept}


class TestNegotiation:
    @pytest.mark.parametrize("accept", JSON)
    def test_answers_in_json_whoever_takes_it(self, client: Client, accept: str | None):
        answer = client.get("/products", headers=accepting(accept))

        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")

    @pytest.mark.parametrize("accept", OTHER)
    def test_refuses_who_takes_something_else_alone(self, client: Client, accept: str):
        assert client.get("/products", headers=accepting(accept)).status_code == 406

    @pytest.mark.parametrize("accept", JSON)
    def test_chooses_what_the_frameworks_own_would(self, accept: str | None):
        only = OrjsonRenderer()
        request = Request(APIRequestFactory().get("/", headers=accepting(accept)))

        chosen: list[Any] = [
            negotiation.select_renderer(request, [only])
            for negotiation in (SingleRendererNegotiation(), DefaultContentNegotiation())
        ]

        assert chosen[0] == chosen[1]

    def test_lets_the_schema_have_its_choice_of_forms(self, client: Client):
        forms = {
            accept: client.get("/schema", headers=accepting(accept)).headers["Content-Type"]
            for accept in ("application/json", "application/vnd.oai.openapi")
        }

        assert len(set(forms.values())) == 2
