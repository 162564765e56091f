"""The examples of the OpenAPI schema work as they stand, on rows that the demo shop has."""

import csv
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from access.scopes import Scope
from recommendations.batch import runs
from recommendations.batch.runs import RunParameters
from tests.api.callers import key_header, key_with
from tests.api.spots import document
from tests.factories import CategoryFactory, ProductFactory, StaffFactory, UserFactory
from tests.place import ROOT

DEMO = ROOT / "data" / "online_retail"
# These need what no shop has at first: a password, a token, a text that a worker writes.
NOT_TRIED = {"log_in", "log_out", "refresh_token", "verify_token", "get_explanation"}
ORDER = ("create", "replace", "get", "list", "update", "", "delete")


def demo(name: str) -> list[dict[str, str]]:
    with (DEMO / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CATEGORIES = {row["category"] for row in demo("products.csv")}


def calls() -> Iterator[tuple[str, str, str, Any]]:
    """Yield name, method, address and body of each call: what creates rows first, what deletes them last."""
    for address, methods in document()["paths"].items():
        for method, operation in methods.items():
            path = address
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
            body = (
                operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            )
            yield operation["operationId"], method, path, body


def place(name: str) -> int:
    return next(index for index, verb in enumerate(ORDER) if name.startswith(verb) or not verb)


def in_order() -> list[tuple[str, str, str, Any]]:
    tried = sorted((call for call in calls() if call[0] not in NOT_TRIED), key=lambda call: place(call[0]))
    by_name = {call[0]: call for call in tried}
    # The user that PUT makes is deleted, so it is made once more, to be merged.
    return [
        *(call for call in tried if call[0] != "merge_user"),
        by_name["replace_user"],
        by_name["merge_user"],
    ]


CALLS = in_order()


@pytest.mark.django_db
class TestExamples:
    def test_name_rows_of_the_demo_shop(self):
        addresses = {path for _, _, path, _ in CALLS}

        assert {"12347"} <= {row["id"] for row in demo("users.csv")}
        assert {"2383", "12"} <= {row["id"] for row in demo("products.csv")}
        assert {"/recommend/ext:12347", "/products/ext:2383/similar", "/categories/1", "/runs/1"} <= addresses
        # The one that the example of POST makes.
        assert f"/categories/{len(CATEGORIES) + 1}" in addresses

    def test_work_as_they_stand(self):
        for name in sorted(CATEGORIES):
            CategoryFactory(name=name)
        UserFactory(external_id="12347", name="Customer 12347")
        for key in ("2383", "12"):
            ProductFactory(external_id=key, category="Kitchen & Dining")
        run = runs.begin_run(RunParameters("content", "", 5, n_total=1, started_by="ada"), timezone.now())
        key, staff = APIClient(), APIClient()
        key.credentials(HTTP_AUTHORIZATION=key_header(key_with(*Scope)))
        staff.force_login(StaffFactory())
        ids = {"/runs/1": f"/runs/{run.pk}"}

        failed = []
        for name, method, path, body in CALLS:
            client = staff if name == "get_run" else key
            answer = getattr(client, method)(ids.get(path, path), body)
            if name == "create_category":
                made = answer.json()["id"]
                ids[f"/categories/{len(CATEGORIES) + 1}"] = f"/categories/{made}"
                ids["/categories/1"] = f"/categories/{made - 1}"
            if not 200 <= answer.status_code < 300:
                failed.append((name, path, answer.status_code, answer.content[:200]))
        assert failed == []
        assert len(CALLS) > 30
