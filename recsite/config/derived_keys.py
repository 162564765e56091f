"""Keys derived from SECRET_KEY, each for one purpose."""

import hmac


def for_tokens(secret_key: str) -> str:
    """Return the default key for signing tokens. It reveals nothing about SECRET_KEY.

    One expansion step of HKDF (Krawczyk and Eronen, RFC 5869, 2010) with a label for this purpose.
    """
    return hmac.new(secret_key.encode(), b"shop-recommendations/tokens\x01", "sha256").hexdigest()
