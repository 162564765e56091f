"""What a key looks like: `recs_<prefix>_<secret>`, and the digest that is stored of it.

The secret has 256 random bits, so nobody can guess it, neither from here nor from a stolen database: one fast
SHA-256 is enough. A slow hash, as passwords need, would only slow down every request. The digest takes no key
of the server, or changing SECRET_KEY would kill all keys.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

_PREFIX_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
PREFIX_LENGTH = 8
_KEY = re.compile(rf"recs_([{_PREFIX_LETTERS}]{{{PREFIX_LENGTH}}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that nobody has seen yet. text: the whole key, the only time it is there."""

    prefix: str
    text: str = field(repr=False)


def new_key() -> NewKey:
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(PREFIX_LENGTH))
    return NewKey(prefix, f"recs_{prefix}_{secrets.token_urlsafe(32)}")


def prefix_of(text: str) -> str | None:
    """Return the prefix of a text that can be a key, else None."""
    found = _KEY.fullmatch(text)
    return found[1] if found else None


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
