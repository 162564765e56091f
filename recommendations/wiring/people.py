"""What is kept of one user, in this process and in the cache: told, and forgotten."""

from typing import Any

import orjson

from recommendations.caching import explanations, histories, shared_responses
from recommendations.selectors.shoppers import shoppers
from recommendations.wiring import answers
from recommendations.wiring.configured import shared_cache

_AT_ONCE = 10_000  # ids in one query


def cached_about(user_id: int, external_id: str | None) -> dict[str, list[Any]]:
    """Return what the cache holds of that user and nothing else does: answers, and texts written for them."""
    found = {
        "answers": [
            orjson.loads(value.partition(b"\n")[2]) for value in _values(_answers(user_id, external_id))
        ],
        "texts": list(_values([explanations.key_prefix(user_id)])),
    }
    return {name: values for name, values in found.items() if values}


def forget_user(user_id: int, external_id: str | None) -> bool:
    """Drop all that this process and the cache keep of that user; return whether the cache was reached."""
    answers.response_cache().forget([user_id])
    answers.history_cache().forget([user_id])
    starts = [*_answers(user_id, external_id), explanations.key_prefix(user_id)]
    gone = [shared_cache().delete_beginning(start) for start in starts]
    shared_cache().delete(histories.cache_key(user_id))
    return None not in gone


def forget_deleted_users() -> None:
    """Drop all that this process keeps of users who are gone, whichever process erased them.

    Nobody would be given it; it should not even stay in memory. 1 query for ten thousand users.
    """
    texts = [] if shared_cache().is_shared else shared_cache().beginning("words:")
    known = sorted(
        answers.response_cache().user_ids()
        | answers.history_cache().user_ids()
        | {explanations.user_id_in(key) for key in texts}
    )
    for start in range(0, len(known), _AT_ONCE):
        ids = known[start : start + _AT_ONCE]
        gone = set(ids) - shoppers(ids).keys()
        answers.response_cache().forget(gone)
        answers.history_cache().forget(gone)
        shared_cache().delete_many([key for key in texts if explanations.user_id_in(key) in gone])


def _answers(user_id: int, external_id: str | None) -> list[str]:
    """Return how the keys of the user's answers begin, by either way to name them."""
    lookups: list[tuple[str, int | str]] = [("pk", user_id)]
    if external_id is not None:
        lookups.append(("external_id", external_id))
    return [shared_responses.key_prefix(lookup) for lookup in lookups]


def _values(starts: list[str]) -> list[Any]:
    keys = [key for start in starts for key in shared_cache().beginning(start)]
    return [value for key, value in shared_cache().get_many(keys).items() if not key.endswith(":claim")]
