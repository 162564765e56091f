"""Errors about keys and tokens. No message contains a secret."""


class AccessError(Exception):
    """Base class of this app's errors."""


class BadCredential(AccessError):
    """An invalid key or token. The message says why, as far as the client may know."""


class UnknownKey(AccessError):
    """No key has this prefix."""

    def __init__(self, prefix: str) -> None:
        super().__init__(f"There is no key {prefix[:80]!r}. `manage.py apikey list` shows all keys.")


class BadKeyRequest(AccessError):
    """A key cannot be created with these values. The message says what is allowed."""


class TooManyPasswords(AccessError):
    """This process is hashing a password, and may not hash another one yet."""

    def __init__(self) -> None:
        super().__init__("Other passwords are being checked. Try again in a second.")
