"""Whether a web server of this service lives: `python -m deploy.health` exits with 0 if it does."""

import http.client
import os
import sys

# Where a server of an older version knows no such question, that it answers at all is enough.
ASKED = ("/health/live", "/")


def is_healthy(port: int, host: str = "127.0.0.1") -> bool:
    """Whether the server on this port answers, and not that it is broken. host: a name that it answers to."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        for path in ASKED:
            connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.client.NOT_FOUND:
                return answer.status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return False


def main() -> int:
    """Ask the server of this container, by the first name that it answers to."""
    names = os.environ.get("ALLOWED_HOSTS", "").split(",")
    return 0 if is_healthy(int(os.environ.get("PORT", "8000")), names[0].strip() or "127.0.0.1") else 1


if __name__ == "__main__":
    sys.exit(main())
