"""Keys derived from SECRET_KEY, each for one purpose."""

import hmac


def for_tokens(secret_key: str) -> str:
    """Return the default key for signing tokens. It reveals nothing about SECRET_KEY."""
    return _derived(secret_key, b"shop-recommendations/tokens")


def for_explanation_ids(secret_key: str) -> str:
    """Return the key for the ids of explanations. It reveals nothing about SECRET_KEY."""
    return _derived(secret_key, b"shop-recommendations/explanation-ids")


def _derived(secret_key: str, purpose: bytes) -> str:
    """Return one expansion step of HKDF (Krawczyk and Eronen, RFC 5869, 2010) for this purpose."""
    return hmac.new(secret_key.encode(), purpose + b"\x01", "sha256").hexdigest()
