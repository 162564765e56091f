"""Export and erasure of what the caches hold about a user."""

from typing import Any

import orjson

from recommendations.caching import explanations, histories, shared_responses
from recommendations.selectors.shoppers import shoppers
from recommendations.wiring import answers
from recommendations.wiring.configured import shared_cache

_CHUNK = 10_000  # ids in one query


def cached_about(user_id: int, external_id: str | None) -> dict[str, list[Any]]:
    """Return what only the cache holds about the user: responses, and explanations written for them."""
    held = {
        "answers": [
            orjson.loads(value.partition(b"\n")[2])
            for value in _values(_response_prefixes(user_id, external_id))
        ],
        "texts": list(_values([explanations.key_prefix(user_id)])),
    }
    return {name: values for name, values in held.items() if values}


def forget_user(user_id: int, external_id: str | None) -> bool:
    """Drop everything about the user from this process and the cache. Return whether the cache answered."""
    answers.response_cache().forget([user_id])
    answers.history_cache().forget([user_id])
    prefixes = [*_response_prefixes(user_id, external_id), explanations.key_prefix(user_id)]
    deleted = [shared_cache().delete_prefix(prefix) for prefix in prefixes]
    shared_cache().delete(histories.cache_key(user_id))
    return None not in deleted


def forget_deleted_users() -> None:
    """Drop everything about deleted users from this process, whichever process deleted them.

    Validation already keeps it from being served; this removes it from memory. 1 query for 10,000 users.
    """
    texts = [] if shared_cache().is_shared else shared_cache().keys_with_prefix("words:")
    user_ids = sorted(
        answers.response_cache().user_ids()
        | answers.history_cache().user_ids()
        | {explanations.user_id_in(key) for key in texts}
    )
    for start in range(0, len(user_ids), _CHUNK):
        ids = user_ids[start : start + _CHUNK]
        deleted = set(ids) - shoppers(ids).keys()
        answers.response_cache().forget(deleted)
        answers.history_cache().forget(deleted)
        shared_cache().delete_many([key for key in texts if explanations.user_id_in(key) in deleted])


def _response_prefixes(user_id: int, external_id: str | None) -> list[str]:
    """Return the prefixes of the keys of the user's responses, by id and by external id."""
    lookups: list[tuple[str, int | str]] = [("pk", user_id)]
    if external_id is not None:
        lookups.append(("external_id", external_id))
    return [shared_responses.key_prefix(lookup) for lookup in lookups]


def _values(prefixes: list[str]) -> list[Any]:
    keys = [key for prefix in prefixes for key in shared_cache().keys_with_prefix(prefix)]
    return [value for key, value in shared_cache().get_many(keys).items() if not key.endswith(":claim")]
