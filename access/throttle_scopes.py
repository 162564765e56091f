"""What is counted together when somebody asks often: each view says by which pace its methods go."""

from collections.abc import Mapping
from enum import StrEnum


class ThrottleScope(StrEnum):
    """The scopes of throttling. `recsite/config/throttle_rates.py` says how often one may ask in each."""

    RECOMMEND = "recommend"  # what is answered with a list of products, and the words for it
    SESSION = "session"  # the same for a visitor whom nobody knows, never kept
    READ = "read"  # what is answered as it is stored
    WRITE = "write"
    BULK = "bulk"  # up to 10,000 events at once
    TOKEN = "token"  # noqa: S105  log-ins and what comes of them


ThrottleScopes = Mapping[str, ThrottleScope]  # HTTP method → pace

READING: ThrottleScopes = {"GET": ThrottleScope.READ}
RECOMMENDING: ThrottleScopes = {"GET": ThrottleScope.RECOMMEND}
READING_AND_WRITING: ThrottleScopes = {
    **READING,
    **dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), ThrottleScope.WRITE),
}


def posting(pace: ThrottleScope) -> ThrottleScopes:
    """Return the paces of what is only posted."""
    return {"POST": pace}


def throttle_scope_for(paces: ThrottleScopes, method: str | None) -> ThrottleScope:
    """Return by which pace the method goes; one that is not named, such as HEAD, by the first."""
    return paces.get(method or "") or next(iter(paces.values()))
