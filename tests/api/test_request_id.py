"""The id of a request: accepted or created, returned, logged, and passed on to tasks."""

import json
import logging
import re
from types import SimpleNamespace

import pytest

from observe import request_id, tasks
from observe.logs import formatter
from tests.waiting import PATIENCE_SECONDS

MADE = re.compile("[0-9a-f]{16}")


class TestRequestId:
    @pytest.mark.parametrize("sent", ["abc-123", "~" * 128])
    def test_is_the_one_that_was_sent(self, client, sent: str):
        assert client.get("/", headers={"X-Request-ID": sent})["X-Request-ID"] == sent

    @pytest.mark.parametrize("sent", ["", "two words", "x" * 129, "é", "a\tb", "a\nb"])
    def test_is_made_in_place_of_what_cannot_be_one(self, client, sent: str):
        assert MADE.fullmatch(client.get("/", headers={"X-Request-ID": sent})["X-Request-ID"])

    def test_is_another_one_each_time(self, client):
        assert client.get("/")["X-Request-ID"] != client.get("/")["X-Request-ID"]

    def test_is_in_what_is_refused_before_any_view(self, client):
        answer = client.get("/", headers={"Host": "stranger.example", "X-Request-ID": "r-3"})

        assert (answer.status_code, answer["X-Request-ID"]) == (400, "r-3")

    def test_is_in_every_line_of_the_request(self, client):
        lines: list[str] = []
        handler = logging.Handler()
        handler.setFormatter(formatter("json"))
        handler.emit = lambda record: lines.append(handler.format(record))
        logging.getLogger().addHandler(handler)

        client.get("/nowhere", headers={"X-Request-ID": "r-4"})

        logging.getLogger().removeHandler(handler)
        assert lines
        assert {json.loads(line)["request_id"] for line in lines} == {"r-4"}


class TestTasks:
    def test_carry_it_from_the_request_to_the_worker(self):
        request_id.begin("r-5")
        headers: dict[str, object] = {"id": "task"}

        tasks.add_request_id(headers=headers)
        request_id.end()
        tasks.begin_request(task=SimpleNamespace(request=SimpleNamespace(**headers)))

        assert request_id.current() == "r-5"
        tasks.end_request()
        assert request_id.current() == ""

    def test_get_a_new_one_when_nobody_asked(self):
        headers: dict[str, object] = {}
        request_id.end()

        tasks.add_request_id(headers=headers)
        tasks.begin_request(task=SimpleNamespace(request=SimpleNamespace(**headers)))

        assert headers == {}
        assert MADE.fullmatch(request_id.current())

    def test_keep_it_through_celery_itself(self):
        from celery import Celery

        app = Celery("t", broker="memory://", backend="cache+memory://", set_as_current=False)
        seen: list[str] = []

        @app.task
        def look() -> None:
            seen.append(request_id.current())

        tasks.connect()
        request_id.begin("r-6")
        look.delay()
        request_id.end()
        with app.connection_for_read() as connection, app.amqp.TaskConsumer(connection.channel()) as consumer:
            from celery.worker.request import Request

            def run(body: object, message: object) -> None:
                Request(message, app=app, task=app.tasks[look.name], connection_errors=()).execute()

            consumer.on_message = None
            consumer.register_callback(run)
            connection.drain_events(timeout=PATIENCE_SECONDS)

        assert seen == ["r-6"]
