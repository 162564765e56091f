"""A Celery worker's own /metrics: its counts, with the access rules of a web server's."""

from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from observe import metrics
from recsite import worker_metrics
from tests.waiting import PATIENCE_SECONDS

TOKEN = "a-token-for-prometheus"


@pytest.fixture
def url() -> Iterator[str]:
    metrics.turn_off()
    metrics.turn_on()
    server = worker_metrics.serve("127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    metrics.turn_off()


def get(address: str, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with urlopen(Request(address, headers=named), timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  http to loopback
        return answer.read().decode()


class TestWorkerMetrics:
    def test_tell_what_was_counted(self, url: str):
        metrics.recorder.model_called("written", 0.2)

        assert 'shop_llm_calls_total{outcome="written"} 1.0' in get(f"{url}/metrics")

    def test_are_for_whoever_has_the_token(self, url: str, settings):
        settings.METRICS_TOKEN = TOKEN

        assert "shop_" in get(f"{url}/metrics", Authorization=f"Bearer {TOKEN}")
        with pytest.raises(HTTPError, match="403"):
            get(f"{url}/metrics")

    def test_are_not_for_whoever_asks_through_a_proxy(self, url: str):
        with pytest.raises(HTTPError, match="403"):
            get(f"{url}/metrics", X_Forwarded_For="10.0.0.1")

    def test_are_all_that_there_is(self, url: str):
        with pytest.raises(HTTPError, match="404"):
            get(f"{url}/")
