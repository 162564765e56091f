"""Keys made of SECRET_KEY, each for one purpose."""

import hmac


def for_tokens(secret_key: str) -> str:
    """Return the key that signs tokens where none is set; it tells nothing of the key that it is made of.

    One step of HKDF (RFC 5869) with a label: another label gives another key.
    """
    return hmac.new(secret_key.encode(), b"shop-recommendations/tokens\x01", "sha256").hexdigest()
