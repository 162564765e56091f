"""Throttle scopes: the groups of requests that are counted together. Each view maps its methods to scopes."""

from collections.abc import Mapping
from enum import StrEnum


class ThrottleScope(StrEnum):
    """The scopes. `recsite/config/throttle_rates.py` has the rate limits of each."""

    RECOMMEND = "recommend"  # lists of products and their explanations
    SESSION = "session"  # the same for an anonymous visitor, never cached
    READ = "read"  # stored rows
    WRITE = "write"
    BULK = "bulk"  # up to 10,000 rows, or the lists of 1,000 shoppers, in one request
    TOKEN = "token"  # noqa: S105  tokens, without passwords
    LOGIN = "login"  # passwords, in the admin as well


ThrottleScopes = Mapping[str, ThrottleScope]  # HTTP method → scope

READING: ThrottleScopes = {"GET": ThrottleScope.READ}
RECOMMENDING: ThrottleScopes = {"GET": ThrottleScope.RECOMMEND}
READING_AND_WRITING: ThrottleScopes = {
    **READING,
    **dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), ThrottleScope.WRITE),
}
BULK_PUT: ThrottleScopes = {"PUT": ThrottleScope.BULK}


def posting(scope: ThrottleScope) -> ThrottleScopes:
    """Return the scopes of a view that only takes POST."""
    return {"POST": scope}
