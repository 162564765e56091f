"""A session cookie that cannot be a key is ignored, before a database that cannot look it up is asked."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db

HOSTILE = ['"aaaaaaaaaaaa\\000"', '"\\355\\240\\200aaaaaaaaaaaa"', "a" * 3_000, "' OR 1=1; --aaaa"]


class TestSessionCookie:
    @pytest.mark.parametrize("url", ["/admin/", "/admin/login/", "/products"])
    @pytest.mark.parametrize("value", HOSTILE)
    def test_of_another_form_is_not_looked_up(self, url: str, value: str):
        with CaptureQueriesContext(connection) as queries:
            answer = Client().get(url, headers={"Cookie": f"sessionid={value}"})

        assert answer.status_code < 500
        assert not [query for query in queries if "django_session" in query["sql"]]

    def test_of_a_session_is(self, admin_client: Client):
        assert admin_client.get("/admin/").status_code == 200
