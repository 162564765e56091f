"""What is kept of one user, in this process and in the cache: told, and forgotten."""

from typing import Any

import orjson

from recommendations.caching import explanations, histories, shared_responses
from recommendations.selectors.shoppers import shoppers
from recommendations.wiring import answers
from recommendations.wiring.configured import kept

_AT_ONCE = 10_000  # ids in one query


def kept_of(user_id: int, external_id: str | None) -> dict[str, list[Any]]:
    """Return what the cache holds of that user and nothing else does: answers, and texts written for them."""
    found = {
        "answers": [
            orjson.loads(value.partition(b"\n")[2]) for value in _values(_answers(user_id, external_id))
        ],
        "texts": list(_values([explanations.beginning(user_id)])),
    }
    return {name: values for name, values in found.items() if values}


def forget_user(user_id: int, external_id: str | None) -> bool:
    """Drop all that this process and the cache keep of that user; return whether the cache was reached."""
    answers.ready().forget([user_id])
    answers.pasts().forget([user_id])
    starts = [*_answers(user_id, external_id), explanations.beginning(user_id)]
    gone = [kept().delete_beginning(start) for start in starts]
    kept().delete(histories.key_of(user_id))
    return None not in gone


def forget_the_gone() -> None:
    """Drop all that this process keeps of users who are gone, whichever process erased them.

    Nobody would be given it; it should not even stay in memory. 1 query for ten thousand users.
    """
    texts = [] if kept().is_shared else kept().beginning("words:")
    known = sorted(
        answers.ready().user_ids() | answers.pasts().user_ids() | {explanations.user_of(key) for key in texts}
    )
    for start in range(0, len(known), _AT_ONCE):
        ids = known[start : start + _AT_ONCE]
        gone = set(ids) - shoppers(ids).keys()
        answers.ready().forget(gone)
        answers.pasts().forget(gone)
        kept().delete_many([key for key in texts if explanations.user_of(key) in gone])


def _answers(user_id: int, external_id: str | None) -> list[str]:
    """Return how the keys of the user's answers begin, by either way to name them."""
    lookups: list[tuple[str, int | str]] = [("pk", user_id)]
    if external_id is not None:
        lookups.append(("external_id", external_id))
    return [shared_responses.beginning(lookup) for lookup in lookups]


def _values(starts: list[str]) -> list[Any]:
    keys = [key for start in starts for key in kept().beginning(start)]
    return [value for key, value in kept().get_many(keys).items() if not key.endswith(":claim")]
