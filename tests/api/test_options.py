"""OPTIONS, which browsers and API tools send to any address."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

pytestmark = pytest.mark.django_db
REFUSED = {302, 401, 403, 404}  # the admin's pages, and addresses of staff


def addresses(patterns: Any, before: str = "") -> Iterator[str]:
    """Yield an address for each pattern, with 1 for each id in it."""
    for one in patterns:
        text = before + str(one.pattern)
        if not isinstance(one, URLPattern):
            yield from addresses(one.url_patterns, text)
            continue
        text = re.sub(r"\(\?P<form>[^)]*\)", "json", text)
        text = re.sub(r"\(\?P<\w+>[^)]*\)|<[^>]*>", "1", text)
        text = re.sub(r"\(\?![^)]*\)", "nothing", text)
        yield "/" + re.sub(r"\^|\$|/\?|\\Z", "", text).replace("[.]", ".")


ADDRESSES = sorted(set(addresses(get_resolver().url_patterns)))


class TestOptions:
    def test_is_tried_on_every_kind_of_address(self):
        assert {"/", "/docs", "/schema", "/schema.json", "/metrics", "/health/live", "/admin/"} < set(
            ADDRESSES
        )
        assert "/recommend/1" in ADDRESSES

    def test_answers_everywhere(self, client, open_reads):
        answered = {address: client.options(address) for address in ADDRESSES}

        assert {
            address: answer.status_code
            for address, answer in answered.items()
            if answer.status_code not in {200, *REFUSED}
        } == {}

    @pytest.mark.parametrize("accept", ["*/*", "text/html,*/*;q=0.8", "application/json"])
    @pytest.mark.parametrize("address", ["/docs", "/schema", "/schema.yaml", "/products"])
    def test_says_what_may_be_sent(self, client, open_reads, address, accept):
        answer = client.options(address, headers={"accept": accept})

        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
        assert "OPTIONS" in answer.headers["Allow"]
