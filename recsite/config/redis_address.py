"""The server and the database that a Redis URL names."""

from urllib.parse import parse_qs, urlsplit

Server = tuple[str, int]
_TCP_SCHEMES, _UNIX_SCHEME = {"redis", "rediss"}, "unix"
_LOOPBACK = {"localhost": "127.0.0.1", "::1": "127.0.0.1"}


def server_of(url: str) -> Server | None:
    """Return the host and port, or the path of the socket and 0; None if the URL is not for Redis."""
    parts = urlsplit(url)
    if parts.scheme == _UNIX_SCHEME:
        return parts.path, 0
    if parts.scheme not in _TCP_SCHEMES:
        return None
    host = parts.hostname or "localhost"
    return _LOOPBACK.get(host, host), parts.port or 6379


def database_of(url: str) -> tuple[Server, int] | None:
    """Return the server and the number of the database; None if the URL is not for Redis."""
    server, parts = server_of(url), urlsplit(url)
    if server is None:
        return None
    number = parse_qs(parts.query).get("db", [""])[0]
    if not number and parts.scheme in _TCP_SCHEMES:
        number = parts.path.strip("/")
    return server, int(number) if number.isdecimal() else 0
