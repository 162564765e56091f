"""Refusal of insecure values: keys that can be guessed, hosts of strangers, servers without encryption.

DEBUG allows all of them, and each has a variable that allows it alone.
"""

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from recsite.config.env import Environment

# As in Django's check security.W009.
MIN_KEY_LENGTH = 50
MIN_TOKEN_LENGTH = 16
MIN_DIFFERENT = 5
# What templates and examples contain. A random key contains none of these.
PLACEHOLDERS = ("django-insecure-", "changeme", "change-me", "change_me", "replace-me", "your-secret")
NEW_KEY = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
# A domain under which anybody can register a name: one label, or a registry's such as co.uk.
PUBLIC_SUFFIX = re.compile(r"\.[^.]*\.?|\.(ac|co|com|edu|go|gov|ne|net|or|org)\.[a-z]{2}\.?")
OWN_MACHINE = ".localhost"


def refuse_insecure(env: "Environment") -> None:
    """Raise ImproperlyConfigured, naming the variable but no key, if a value is insecure and not allowed."""
    _check_formats(env)
    for allowed, check in (
        (env.allow_weak_keys, _check_keys),
        (env.allow_any_host, _check_hosts),
        (env.allow_any_host, _check_trusted_domains),
        (not env.secure_ssl_redirect, _check_origins),
        (env.allow_plain_http_model, _check_model_server),
    ):
        if not (env.debug or allowed):
            check(env)


def weakness(key: str, min_length: int = MIN_KEY_LENGTH) -> str | None:
    """Return why a key can be guessed, None if nothing shows it."""
    if len(key) < min_length:
        return f"has {len(key)} characters"
    if (n_different := len(set(key))) < MIN_DIFFERENT:
        return f"has {n_different} different characters"
    found = next((text for text in PLACEHOLDERS if text in key.lower()), None)
    return f"contains {found!r}, as examples do" if found else None


def is_loopback(host: str | None) -> bool:
    """Return whether the host, a name or an IP address, is this machine. A name is not looked up."""
    name = (host or "").strip("[]").lower()
    if name == "localhost" or name.endswith(OWN_MACHINE):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def is_any_host(pattern: str) -> bool:
    """Return whether the pattern of ALLOWED_HOSTS matches hosts of strangers: *, or a domain such as .com."""
    pattern = pattern.lower()
    return pattern == "*" or (pattern != OWN_MACHINE and bool(PUBLIC_SUFFIX.fullmatch(pattern)))


def parsed(url: str) -> SplitResult | None:
    """Return the parts of an http or https URL with a host, None for any other text."""
    if re.search(r"[\s\\]", url):
        return None
    try:
        parts = urlsplit(url)
        return parts if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def secrets_in_query(url: str) -> list[str]:
    """Return the values in the query of an address, except a version: some servers take a key there."""
    pairs = parse_qsl(parts.query) if (parts := parsed(url)) is not None else []
    return [value for name, value in pairs if not name.lower().endswith("version")]


def _check_keys(env: "Environment") -> None:
    for name, keys, min_length in (
        ("SECRET_KEY", [env.secret_key], MIN_KEY_LENGTH),
        ("SECRET_KEY_FALLBACKS", env.secret_key_fallbacks, MIN_KEY_LENGTH),
        ("JWT_SIGNING_KEY", [env.jwt_signing_key], MIN_KEY_LENGTH),
        ("JWT_VERIFYING_KEYS", env.jwt_verifying_keys, MIN_KEY_LENGTH),
        ("METRICS_TOKEN", [env.metrics_token] if env.metrics_token else [], MIN_TOKEN_LENGTH),
    ):
        for place, key in enumerate(keys, start=1):
            if reason := weakness(key, min_length):
                which = name if len(keys) == 1 else f"{name}, key {place} of {len(keys)},"
                raise ImproperlyConfigured(
                    f"{which} {reason}, so others can guess it. It must have {min_length} or more random "
                    f"characters: {NEW_KEY}. ALLOW_WEAK_KEYS=true or DEBUG=true allows it on your "
                    f"own machine."
                )


def _check_hosts(env: "Environment") -> None:
    for pattern in env.allowed_hosts:
        if is_any_host(pattern):
            raise ImproperlyConfigured(
                f"ALLOWED_HOSTS contains {pattern[:80]!r}, which matches hosts of strangers. List the "
                f"names of the service, such as shop.example or .shop.example. ALLOW_ANY_HOST=true allows "
                f"it behind a proxy that checks the Host header."
            )


def _check_model_server(env: "Environment") -> None:
    parts = parsed(env.openai_base_url)
    if parts is not None and parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ImproperlyConfigured(
            f"OPENAI_BASE_URL sends names and histories of shoppers, and the API key, unencrypted to "
            f"{str(parts.hostname)[:80]}. Use https://, or a server on this machine. "
            f"ALLOW_PLAIN_HTTP_MODEL=true allows it in a private network."
        )


def _check_formats(env: "Environment") -> None:
    """Check what nothing allows: texts that are no URL, host or origin, or that mean something else."""
    if parsed(env.openai_base_url) is None:
        raise ImproperlyConfigured(
            "OPENAI_BASE_URL must be a URL that begins with https:// or http://, such as "
            "https://api.openai.com/v1."
        )
    for pattern in env.allowed_hosts:
        if "*" in pattern and pattern != "*":
            raise ImproperlyConfigured(
                f"ALLOWED_HOSTS contains {pattern[:80]!r}, which matches no host. For a domain and its "
                f"subdomains, write .shop.example."
            )
    for name, origins, subdomains in (
        ("CSRF_TRUSTED_ORIGINS", env.csrf_trusted_origins, "*"),
        ("CORS_ALLOWED_ORIGINS", env.cors_allowed_origins, ""),
    ):
        for origin in origins:
            parts = parsed(origin.replace("://*.", "://", 1) if subdomains else origin)
            if parts is None or origin.count("/") != 2 or re.search(r"[*@?#]", parts.netloc):
                raise ImproperlyConfigured(
                    f"{name} contains {origin[:80]!r}. Each must be an origin, such as https://shop.example: "
                    f"a scheme and a host, without a path{'' if subdomains else ' or *'}."
                )


def _check_origins(env: "Environment") -> None:
    """Refuse plain HTTP: others on the network can change such a page, and act as the person who opens it."""
    for name, origins in (
        ("CSRF_TRUSTED_ORIGINS", env.csrf_trusted_origins),
        ("CORS_ALLOWED_ORIGINS", env.cors_allowed_origins),
    ):
        for origin in origins:
            if origin.startswith("http:") and not is_loopback(urlsplit(origin).hostname):
                raise ImproperlyConfigured(
                    f"{name} contains {origin[:80]!r}. Others on the network can change pages without HTTPS. "
                    f"Use https://. SECURE_SSL_REDIRECT=false allows it, as it allows plain HTTP here."
                )


def _check_trusted_domains(env: "Environment") -> None:
    for origin in env.csrf_trusted_origins:
        _, is_domain, suffix = origin.partition("://*")
        if is_domain and is_any_host(suffix.partition(":")[0]):
            raise ImproperlyConfigured(
                f"CSRF_TRUSTED_ORIGINS contains {origin[:80]!r}, which matches sites of strangers. List the "
                f"origins of the service, such as https://admin.shop.example."
            )
