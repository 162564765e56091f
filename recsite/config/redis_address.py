"""Which server and database of it the address of a Redis names, however it is spelled."""

from urllib.parse import parse_qs, urlsplit

Server = tuple[str, int]
_PLAIN, _UNIX = {"redis", "rediss"}, "unix"
_HOME = {"localhost": "127.0.0.1", "::1": "127.0.0.1"}


def server_of(url: str) -> Server | None:
    """Return host and port, or the socket and 0; None for what is no Redis."""
    parts = urlsplit(url)
    if parts.scheme == _UNIX:
        return parts.path, 0
    if parts.scheme not in _PLAIN:
        return None
    host = parts.hostname or "localhost"
    return _HOME.get(host, host), parts.port or 6379


def database_of(url: str) -> tuple[Server, int] | None:
    """Return the server and the number of the database; None for what is no Redis."""
    server, parts = server_of(url), urlsplit(url)
    if server is None:
        return None
    named = parse_qs(parts.query).get("db", [""])[0]
    if not named and parts.scheme in _PLAIN:
        named = parts.path.strip("/")
    return server, int(named) if named.isdecimal() else 0
