"""What /metrics tells of the cache in Redis."""

import pytest

from recsite.cache.redis import TolerantRedisCache
from stack.processes import free_port
from tests.integration.test_openai_metrics import reported

pytestmark = pytest.mark.usefixtures("counted_anew")


class TestMetrics:
    def test_count_what_was_found(self, redis_url: str):
        cache = TolerantRedisCache(redis_url, {})
        cache.set("a", 1, 60)

        cache.get("a")
        cache.get("b")
        cache.get("c")

        assert reported("shop_redis_calls_total") == {"done": 4, "hit": 1, "miss": 2}

    def test_count_what_failed_and_what_was_not_tried(self):
        cache = TolerantRedisCache(f"redis://127.0.0.1:{free_port()}/0", {"OPTIONS": {"rest_seconds": 60}})

        for _ in range(3):
            cache.set("a", 1, 60)

        assert reported("shop_redis_calls_total") == {"failed": 1, "skipped": 2}
