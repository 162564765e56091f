"""What other processes are given of an answer, and what they do with anything else."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from observe.metrics import KEPT, LIVE, AnswerLabels
from recommendations.caching.answers import Answer
from recommendations.caching.packed_answer import deserialize, serialize
from recommendations.serving.results import LiveGrounds, ModelRef

GROUNDS = LiveGrounds(
    chosen=ModelRef("hybrid", "v1"),
    user_id=7,
    products=[1, 20, 300],
    facts=bytes(range(16)),
    is_plain=True,
    stamp="s",
    read_at=1.5,
    made_at=2.25,
    list_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
)
ANSWER = Answer(
    b'{"text": "two\\nlines"}\n', GROUNDS, '"etag"', AnswerLabels("hybrid", "popular", "no history"), LIVE
)


class TestPacked:
    @pytest.mark.parametrize("list_at", [GROUNDS.list_at, None])
    def test_comes_back_as_it_was(self, list_at: datetime | None):
        grounds = replace(GROUNDS, list_at=list_at)

        answer = deserialize(serialize(ANSWER, grounds, "us"), "us")

        assert answer == replace(ANSWER, grounds=grounds, origin=KEPT)

    def test_of_another_maker_is_nothing(self):
        assert deserialize(serialize(ANSWER, GROUNDS, "us"), "them") is None

    @pytest.mark.parametrize(
        "kept", [b"", b"\n", b"{}\nbody", b"[]\nbody", b"nonsense", "text", 7, None, {"a": 1}]
    )
    def test_anything_else_is_nothing(self, kept: Any):
        assert deserialize(kept, "us") is None

    def test_a_head_without_a_body_is_nothing(self):
        assert deserialize(serialize(replace(ANSWER, body=b""), GROUNDS, "us"), "us") is None
