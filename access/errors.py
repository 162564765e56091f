"""What can be wrong with keys and tokens. No message holds a secret."""


class AccessError(Exception):
    """What this app raises."""


class BadCredential(AccessError):
    """A key or token that lets nobody in; the message says why, as far as its holder may know."""


class UnknownKey(AccessError):
    """No key has this prefix."""

    def __init__(self, prefix: str) -> None:
        super().__init__(f"There is no key {prefix[:80]!r}; `manage.py apikey list` shows them all.")


class BadKeyRequest(AccessError):
    """A key cannot be made like this; the message says what would do."""
