"""Serialization of answers for other processes."""

from dataclasses import replace
from typing import Any

import pytest

from observe.metrics import CACHED, LIVE, AnswerLabels
from recommendations.caching.responses import Answer
from recommendations.caching.shared_responses import deserialize, serialize
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.results import AnswerVersion, ModelRef, SnapshotVersion

SNAPSHOT = SnapshotVersion("s", "p", 1.5, 2.25)
VERSION = AnswerVersion(
    model=ModelRef("hybrid", "v1"),
    shopper=Shopper(7, "Zoë", 12),
    product_ids=[1, 20, 300],
    digest=bytes(range(16)),
    uses_list=True,
    stored_list="a list",
    snapshot=SNAPSHOT,
)
ANSWER = Answer(
    b'{"text": "two\\nlines"}\n', VERSION, '"etag"', AnswerLabels("hybrid", "popular", "no history"), LIVE
)


class TestSerializedAnswer:
    @pytest.mark.parametrize("stored_list", [VERSION.stored_list, None])
    def test_round_trips(self, stored_list: str | None):
        version = replace(VERSION, stored_list=stored_list)

        answer = deserialize(serialize(ANSWER, version, SNAPSHOT, "us"), "us")

        assert answer == replace(ANSWER, version=version, origin=CACHED)

    def test_of_another_maker_is_rejected(self):
        assert deserialize(serialize(ANSWER, VERSION, SNAPSHOT, "us"), "them") is None

    @pytest.mark.parametrize(
        "value", [b"", b"\n", b"{}\nbody", b"[]\nbody", b"nonsense", "text", 7, None, {"a": 1}]
    )
    def test_anything_else_is_rejected(self, value: Any):
        assert deserialize(value, "us") is None

    def test_a_head_without_a_body_is_rejected(self):
        assert deserialize(serialize(replace(ANSWER, body=b""), VERSION, SNAPSHOT, "us"), "us") is None
