"""What can go wrong when somebody asks for their rights, by name."""


class PrivacyError(Exception):
    """Base of these errors."""


class UnknownUser(PrivacyError):
    """Nobody is known by that reference."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"There is no user {reference[:300]!r}; name one by number, or as ext:<external id>."
        )
