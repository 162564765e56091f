"""A live answer as bytes, for other processes: what it stands on as JSON, then its body."""

from datetime import datetime
from typing import Any

import orjson

from observe.metrics import KEPT, AnswerLabels
from recommendations.caching.answers import Answer
from recommendations.serving.results import LiveGrounds, ModelRef

_END = b"\n"  # which JSON of one line does not hold


def serialize(answer: Answer, grounds: LiveGrounds, made_by: str) -> bytes:
    """made_by: what changes with all that makes answers besides the shop"""
    head = {
        "made_by": made_by,
        "chosen": [grounds.chosen.strategy, grounds.chosen.version],
        "user_id": grounds.user_id,
        "products": grounds.products,
        "facts": grounds.facts.hex(),
        "is_plain": grounds.is_plain,
        "stamp": grounds.stamp,
        "read_at": grounds.read_at,
        "made_at": grounds.made_at,
        "list_at": grounds.list_at and grounds.list_at.isoformat(),
        "etag": answer.etag,
        "tally": list(answer.tally),
    }
    return orjson.dumps(head) + _END + answer.body


def deserialize(kept: Any, made_by: str) -> Answer | None:
    """Return the answer as it was packed, its origin KEPT; None for anything else, or by another maker."""
    try:
        head, _, body = kept.partition(_END)
        told = orjson.loads(head)
        if told["made_by"] != made_by or not body:
            return None
        strategy, version = told["chosen"]
        list_at = told["list_at"]
        grounds = LiveGrounds(
            chosen=ModelRef(strategy, version),
            user_id=told["user_id"],
            products=told["products"],
            facts=bytes.fromhex(told["facts"]),
            is_plain=told["is_plain"],
            stamp=told["stamp"],
            read_at=told["read_at"],
            made_at=told["made_at"],
            list_at=None if list_at is None else datetime.fromisoformat(list_at),
        )
        return Answer(body, grounds, told["etag"], AnswerLabels(*told["tally"]), KEPT)
    except (AttributeError, KeyError, TypeError, ValueError):  # what another program put there
        return None
