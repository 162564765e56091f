"""Redis cache of live answers, shared by all processes and servers."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from observe import metrics
from observe.metrics import CACHED, AnswerLabels
from recommendations.caching.claims import Cache, get_or_claim
from recommendations.caching.responses import PATIENCE_SECONDS, Answer, AnswerSource
from recommendations.caching.versions import Validator
from recommendations.selectors.shop_state import Lookup
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import AnswerVersion, ModelRef, SnapshotVersion
from recommendations.serving.state import ShopperState

# Long enough for any answer. If a process dies with a claim, others wait no longer than that.
_CLAIM_SECONDS = 2.0
_END = b"\n"  # JSON of one line does not contain it


def key_prefix(lookup: Lookup) -> str:
    """Return how the keys of all answers to that lookup begin. The user cannot be read from it."""
    return f"results:{hashlib.blake2b(repr(lookup).encode(), digest_size=16).hexdigest()}:"


@dataclass(frozen=True, slots=True)
class SharedResponseCache:
    """Returns the answer that some process gave while it is valid; otherwise asks `inner` and shares that.

    made_by:     changes with everything that makes answers, besides the shop and the strategy's model
    ttl_seconds: how long Redis keeps an answer
    """

    inner: AnswerSource
    cache: Cache
    validator: Validator
    made_by: str
    ttl_seconds: float

    def __call__(self, request: RecommendationRequest, state: ShopperState) -> Answer:
        """Return the answer. No query for a hit; on a miss those of `inner`."""
        key = self._key(request)
        cached, is_mine = get_or_claim(
            self.cache, key, claim_seconds=_CLAIM_SECONDS, patience_seconds=PATIENCE_SECONDS
        )
        if cached is not None:
            answer = deserialize(cached, self.made_by)
            if answer and answer.version and self.validator(answer.version, state):
                metrics.recorder.cache("results", metrics.HIT)
                return answer
        metrics.recorder.cache("results", metrics.MISS if cached is None else metrics.STALE)
        try:
            answer = self.inner(request, state)
            version = answer.version
            if version and version.snapshot:
                value = serialize(answer, version, version.snapshot, self.made_by)
                self.cache.set(key, value, self.ttl_seconds)
            return answer
        finally:
            if is_mine:  # even after storing it: the answer may expire before the claim does
                self.cache.release(key)

    def _key(self, request: RecommendationRequest) -> str:
        text = repr(request).encode("utf-8", "backslashreplace")
        return key_prefix(request.lookup) + hashlib.blake2b(text, digest_size=16).hexdigest()


def serialize(answer: Answer, version: AnswerVersion, snapshot: SnapshotVersion, made_by: str) -> bytes:
    """Return a live answer as bytes: its version as a line of JSON, then its body."""
    head = {
        "made_by": made_by,
        "model": [version.model.strategy, version.model.version],
        "shopper": [version.shopper.id, version.shopper.name, version.shopper.history_version],
        "product_ids": version.product_ids,
        "digest": version.digest.hex(),
        "uses_list": version.uses_list,
        "stored_list": version.stored_list,
        "snapshot": [snapshot.stamp, snapshot.activity, snapshot.renewed_at, snapshot.computed_at],
        "etag": answer.etag,
        "labels": list(answer.labels),
    }
    return orjson.dumps(head) + _END + answer.body


def deserialize(value: Any, made_by: str) -> Answer | None:
    """Return the serialized answer, its origin CACHED; None for anything else, or from another maker."""
    try:
        line, _, body = value.partition(_END)
        head = orjson.loads(line)
        if head["made_by"] != made_by or not body:
            return None
        version = AnswerVersion(
            model=ModelRef(*head["model"]),
            shopper=Shopper(*head["shopper"]),
            product_ids=head["product_ids"],
            digest=bytes.fromhex(head["digest"]),
            uses_list=head["uses_list"],
            stored_list=head["stored_list"],
            snapshot=SnapshotVersion(*head["snapshot"]),
        )
        return Answer(body, version, head["etag"], AnswerLabels(*head["labels"]), CACHED)
    except (AttributeError, KeyError, TypeError, ValueError):  # another program wrote it
        return None
