"""Explanations by a real worker: a web server, a broker, a database and a chat model of their own."""

import json
from pathlib import Path

from tests.chat import KEY
from tests.database_files import DatabaseFiles
from tests.llm_server import LLMServer, says
from tests.place import Place, environment
from tests.waiting import PATIENCE_SECONDS

# Anna and five lamps.
PEOPLE = """
from access.models import Account
from catalog.models import Product, User
User.objects.create(name="Anna", external_id="anna")
Account.objects.create(username="ada", is_staff=True, is_superuser=True)
Product.objects.bulk_create(Product(name=f"Lamp {n}", price=n) for n in range(5))
"""
ASKING = f"""
{PEOPLE}
import json
from django.test import Client
from access.models import Account
from catalog.models import User
from tests.waiting import until
client = Client()
client.force_login(Account.objects.get(username="ada"))
first = client.get("/recommend/ext:anna").json()
until(lambda: client.get(first["explanation_url"]).json()["status"] != "pending")
text = client.get(first["explanation_url"]).json()
second = client.get("/recommend/ext:anna").json()
print(json.dumps([first["explanation_source"], text["source"], text["text"], second["llm_explanation"]]))
"""


LIMIT = """
from recsite.celery import app
app.loader.import_default_modules()
print(app.tasks["recommendations.explanation"].rate_limit)
"""


def shop(folder: Path, database: Path, broker: str, server: LLMServer, **more: str) -> Place:
    """Return a shop with a model that explains."""
    return Place(
        folder,
        environment(
            f"sqlite:///{database}",
            broker,
            OPENAI_API_KEY=KEY,
            OPENAI_BASE_URL=server.url,
            OPENAI_TIMEOUT_SECONDS=str(PATIENCE_SECONDS),
            NO_PROXY="127.0.0.1,localhost",
            **more,
        ),
    )


class TestWorker:
    def test_writes_what_the_next_answer_says(
        self, tmp_path: Path, database_files: DatabaseFiles, redis_url: str
    ):
        with LLMServer() as server:
            server.otherwise = says("We picked these for you, Anna.")
            database = database_files.migrated(tmp_path / "shop.sqlite3")
            place = shop(tmp_path, database, redis_url, server)
            worker = place.worker("explanations", "explanations")
            try:
                output = json.loads(place.manage("shell", "--no-imports", "-c", ASKING))
            finally:
                worker.stop()

        text = "We picked these for you, Anna."
        assert output == ["template", "openai", text, text]
        assert len(server.questions) == 1
        assert KEY not in worker.log.read_text()

    def test_asks_the_model_no_more_often_than_it_may(self, tmp_path: Path, redis_url: str):
        """The limit is celery's own: to watch it hold tasks back would take time."""
        with LLMServer() as server:
            place = shop(tmp_path, tmp_path / "none", redis_url, server, EXPLANATION_RATE="7/h")

            assert place.manage("shell", "--no-imports", "-c", LIMIT).split() == ["7/h"]
