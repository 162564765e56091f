"""Errors of export and erasure."""


class PrivacyError(Exception):
    """Base class of this app's errors."""


class CacheUnreachable(PrivacyError):
    """Redis cannot be reached, so a user's cached data cannot be deleted."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing was erased: Redis cannot be reached, and it may hold data about the user. "
            "Try again when it is available, or unset REDIS_URL if it is permanently gone."
        )


class UnknownUser(PrivacyError):
    """No user or account has this reference."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"There is no user {reference[:300]!r}. Give a user as a number or ext:<external id>, "
            f"an account as account:<username>."
        )
