"""Tasks are sent to the workers over a real Redis, within a time limit."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from observe import request_id
from recommendations import wiring
from recommendations.batch import queue as queue_module
from recommendations.batch.queue import Queue
from recommendations.errors import QueueUnavailable
from recsite.celery import app
from stack.processes import Child, ServerNotFound, free_port
from stack.redis_server import start_redis


@pytest.fixture
def there(redis_url: str) -> Redis:
    with Redis.from_url(redis_url) as client:
        yield client


class TestQueue:
    def test_hands_over_names_and_numbers_as_json(self, redis_url: str, there: Redis):
        Queue(redis_url).send("recommendations.shard", 7, 3)
        Queue(redis_url).send("recommendations.explanation", "abc")

        batch, explanations = (json.loads(there.lpop(name)) for name in ("batch", "explanations"))
        assert batch["headers"]["task"] == "recommendations.shard"
        assert batch["content-type"] == explanations["content-type"] == "application/json"
        assert batch["properties"]["delivery_mode"] == 2
        assert (there.llen("batch"), there.llen("explanations")) == (0, 0)

    def test_says_which_request_sent_it(self, redis_url: str, there: Redis):
        request_id.begin("r-7")
        Queue(redis_url).send("recommendations.shard", 7, 3)
        request_id.end()
        Queue(redis_url).send("recommendations.shard", 7, 4)

        headers = [json.loads(message)["headers"] for message in there.lrange("batch", 0, -1)]
        assert [each.get("request_id") for each in headers] == [None, "r-7"]

    def test_says_that_there_is_none(self):
        with pytest.raises(QueueUnavailable, match="CELERY_BROKER_URL is not set"):
            wiring.queue().send("recommendations.shard", 7, 3)

    def test_gives_up_at_once_while_the_broker_is_known_to_be_away(self, monkeypatch, caplog):
        queue = Queue(f"redis://127.0.0.1:{free_port()}/0")
        moment = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: moment)

        with pytest.raises(QueueUnavailable, match="cannot be reached"):
            queue.send("recommendations.shard", 7, 3)
        with pytest.raises(QueueUnavailable, match="did not answer a moment ago"):
            queue.send("recommendations.shard", 7, 3)
        moment += 10
        with pytest.raises(QueueUnavailable, match="cannot be reached"):
            queue.send("recommendations.shard", 7, 3)

        assert [record.levelname for record in caplog.records] == ["WARNING"] * 2

    def test_is_there_again_with_the_broker(self, redis_url: str, there: Redis, monkeypatch):
        moment = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: moment)
        queue = Queue(redis_url)
        queue.send("recommendations.shard", 1, 1)
        there.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try:
            queue.send("recommendations.shard", 1, 2)
        except QueueUnavailable:
            moment += 11
            queue.send("recommendations.shard", 1, 2)

        assert there.llen("batch") == 2


class TestTrouble:
    """Failures of the broker. Uses a server of its own, so that other tests are not affected."""

    @pytest.fixture
    def server(self, tmp_path: Path, redis_url: str) -> Iterator[Child]:
        # `redis_url` skips the test if there is no Redis to start.
        self.port = free_port()
        try:
            child = start_redis(tmp_path, self.port)
        except ServerNotFound as error:
            pytest.skip(str(error))
        yield child
        child.kill()

    def test_of_a_broker_that_stands_still_is_told_in_time(self, server: Child, monkeypatch):
        monkeypatch.setattr(queue_module, "TIMEOUT_SECONDS", 0.1)
        queue = Queue(f"redis://127.0.0.1:{self.port}/0")
        os.kill(server.pid, signal.SIGSTOP)
        try:
            with pytest.raises(QueueUnavailable, match="cannot be reached"):
                queue.send("recommendations.shard", 1, 2)
        finally:
            os.kill(server.pid, signal.SIGCONT)

    def test_of_a_broker_that_is_full_is_told(self, server: Child):
        with Redis(port=self.port) as client:
            client.config_set("maxmemory", "1kb")

        with pytest.raises(QueueUnavailable, match="cannot be reached"):
            Queue(f"redis://127.0.0.1:{self.port}/0").send("recommendations.shard", 1, 1)


class TestApplication:
    def test_takes_json_alone_and_one_task_at_a_time(self):
        assert app.conf.accept_content == ["json"]
        assert (app.conf.worker_prefetch_multiplier, app.conf.worker_disable_prefetch) == (1, True)
        assert (app.conf.task_acks_late, app.conf.task_reject_on_worker_lost) == (True, True)

    def test_gives_nobody_a_task_that_another_may_still_be_doing(self):
        options = app.conf.broker_transport_options

        assert app.conf.task_soft_time_limit < app.conf.task_time_limit < options["visibility_timeout"]

    def test_knows_every_task_that_beat_starts(self):
        from recsite.schedule import SCHEDULE

        app.loader.import_default_modules()

        assert {entry["task"] for entry in SCHEDULE.values()} <= set(app.tasks)

    def test_gives_what_takes_long_to_nobody_else(self):
        app.loader.import_default_modules()
        longest = app.conf.broker_transport_options["visibility_timeout"]

        late = [
            name
            for name, task in app.tasks.items()
            if name.startswith("recommendations.")
            and task.acks_late
            and (task.time_limit or app.conf.task_time_limit) > longest
        ]
        assert late == []
