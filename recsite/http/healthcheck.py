"""The health check of the container: `python -m recsite.http.healthcheck PORT HOSTS` exits with 0 or 1."""

import http.client
import sys

# Older versions of the service do not have the first path. Any response of theirs counts.
PATHS = ("/health/live", "/")


_MAX_BYTES = 65_536


def is_healthy(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether the server on this port responds without an error. host: one of its ALLOWED_HOSTS"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        for path in PATHS:
            connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
            response = connection.getresponse()
            response.read(_MAX_BYTES)
            if response.status != http.client.NOT_FOUND:
                return response.status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return False


def main(port: str, allowed_hosts: str) -> int:
    """Return 0 if the server on this port is healthy, else 1. Uses the first of its allowed hosts."""
    name = allowed_hosts.partition(",")[0].strip()
    return 0 if is_healthy(int(port), name or "127.0.0.1") else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
