"""The same request over several connections at once, on a database of its own."""

import subprocess
import sys

import pytest

from tests.place import ROOT, environment

PROGRAM = """
import json
from concurrent.futures import ThreadPoolExecutor
import django
django.setup()
from django.core.management import call_command
from django.db import connections
from django.test import Client
from catalog.models import Interaction, StoredAnswer
from tests.factories import ProductFactory, StaffFactory, UserFactory

call_command("migrate", verbosity=0)
staff, user, product = StaffFactory(), UserFactory(), ProductFactory()
sent = [{"user_id": user.pk, "product_id": product.pk, "action_type": "view"}] * 300
clients = [Client(headers={"Idempotency-Key": "the-same"}) for _ in range(8)]
for client in clients:
    client.force_login(staff)

def post(client):
    try:
        answer = client.post("/interactions/bulk", json.dumps(sent), content_type="application/json")
        return answer.status_code, answer.content, answer.get("Idempotency-Replayed")
    finally:
        connections.close_all()

with ThreadPoolExecutor(8) as pool:
    answers = list(pool.map(post, clients))
print(json.dumps({
    "statuses": [status for status, *_ in answers],
    "bodies": len({body for _, body, _ in answers}),
    "replayed": sum(again == "true" for *_, again in answers),
    "rows": Interaction.objects.count(),
    "answers": StoredAnswer.objects.count(),
}))
"""


class TestEightAtOnce:
    @pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
    def test_store_once_and_answer_the_same(self, database: str):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env=environment(database, broker=""),
            check=True,
            capture_output=True,
            text=True,
        )

        assert done.stdout.strip() == (
            '{"statuses": [207, 207, 207, 207, 207, 207, 207, 207], "bodies": 1, "replayed": 7, "rows": 300, '
            '"answers": 1}'
        )
