"""Two servers with one Redis let in exactly as many requests as one would; without it each counts alone."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.database_files import DatabaseFiles
from tests.integration.test_serve import serving
from tests.waiting import PATIENCE_SECONDS

LIMIT, ASKED = 60, 400


@pytest.fixture
def shop(tmp_path: Path, database_files: DatabaseFiles) -> Path:
    return database_files.migrated(tmp_path / "shop.sqlite3")


def status(url: str) -> int:
    try:
        with urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  always http to loopback
            return answer.status
    except HTTPError as refusal:
        refusal.close()
        return refusal.code


def statuses(shop: Path, **variables: str) -> Counter[int]:
    """Return what two servers answered to all who asked at once, half of them each."""
    limited = {"THROTTLE_RATES": f"read:address={LIMIT}/h", "METRICS": "false", **variables}
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(shop, **limited)) for _ in range(2)]
        with ThreadPoolExecutor(32) as pool:
            return Counter(pool.map(status, (urls * (ASKED // 2))))


class TestTwoServers:
    def test_with_one_redis_let_in_exactly_the_limit(self, shop: Path, redis_url: str):
        # So patient that a machine with much else to do is not taken for a Redis that is away.
        patient = f"{redis_url}?socket_timeout=30&socket_connect_timeout=30"

        assert statuses(shop, REDIS_URL=patient) == {200: LIMIT, 429: ASKED - LIMIT}

    def test_without_it_let_in_the_limit_each(self, shop: Path):
        assert statuses(shop) == {200: 2 * LIMIT, 429: ASKED - 2 * LIMIT}
