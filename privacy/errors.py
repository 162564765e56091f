"""What can go wrong when somebody asks for their rights, by name."""


class PrivacyError(Exception):
    """Base of these errors."""


class CacheUnreachable(PrivacyError):
    """What Redis keeps of somebody cannot be told or deleted now."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing was erased: Redis cannot be reached, and what it keeps of the user would stay there. "
            "Try again when it is back, or without REDIS_URL if it is gone for good."
        )


class UnknownUser(PrivacyError):
    """Nobody is known by that reference."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"There is no user {reference[:300]!r}; name one by number or as ext:<external id>, "
            f"an account as account:<username>."
        )
