"""Explanations by a real worker: a web server, a broker, a database and a chat model of their own."""

import json
from pathlib import Path

from tests.chat import KEY
from tests.llm_server import LLMServer, says
from tests.place import Place, told

PEOPLE = """
from catalog.models import Product, User
User.objects.create(name="Anna", external_id="anna")
User.objects.create(name="Ada", username="ada", is_staff=True, is_superuser=True)
Product.objects.bulk_create(Product(name=f"Lamp {n}", price=n) for n in range(5))
"""
ASKING = """
import json, sys, time
from django.test import Client
from catalog.models import User
client = Client()
client.force_login(User.objects.get(username="ada"))
first = client.get("/recommend/ext:anna").json()
end = time.monotonic() + 60
while (text := client.get(first["explanation_url"]).json())["status"] == "pending" and time.monotonic() < end:
    time.sleep(0.05)
second = client.get("/recommend/ext:anna").json()
print(json.dumps([first["explanation_source"], text["source"], text["text"], second["llm_explanation"]]))
"""


class TestWorker:
    def test_writes_what_the_next_answer_says(self, tmp_path: Path, redis_url: str):
        with LLMServer() as server:
            server.otherwise = says("For you, Anna.")
            place = Place(
                tmp_path,
                told(
                    f"sqlite:///{tmp_path / 'shop.sqlite3'}",
                    redis_url,
                    OPENAI_API_KEY=KEY,
                    OPENAI_BASE_URL=server.url,
                    OPENAI_TIMEOUT_SECONDS="30",
                    NO_PROXY="127.0.0.1,localhost",
                ),
            )
            place.manage("migrate", "--verbosity", "0")
            place.manage("shell", "--no-imports", "-c", PEOPLE)
            worker = place.worker("explanations", "explanations")
            try:
                said = json.loads(place.manage("shell", "--no-imports", "-c", ASKING))
            finally:
                worker.stop()

        assert said == ["template", "openai", "For you, Anna.", "For you, Anna."]
        assert len(server.questions) == 1
        assert KEY not in worker.log.read_text()
