"""The format of API keys, `recs_<prefix>_<secret>`, and the digest that is stored.

The secret has 256 random bits, so it cannot be guessed, even with a stolen database: one fast SHA-256 is
enough. A slow hash, as passwords need, would slow down every request. The digest does not depend on
SECRET_KEY, so changing that does not invalidate keys.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

_PREFIX_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no two look alike
PREFIX_LENGTH = 8
_KEY = re.compile(rf"recs_([{_PREFIX_LETTERS}]{{{PREFIX_LENGTH}}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key. text: the complete key, which is stored nowhere."""

    prefix: str
    text: str = field(repr=False)


def new_key() -> NewKey:
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(PREFIX_LENGTH))
    return NewKey(prefix, f"recs_{prefix}_{secrets.token_urlsafe(32)}")


def prefix_of(text: str) -> str | None:
    """Return the prefix of a text in the format of a key, else None."""
    found = _KEY.fullmatch(text)
    return found[1] if found else None


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
