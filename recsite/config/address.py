"""The URL of `make run`. `python -m recsite.config.address` prints it for `make demo`."""

import sys

from recsite.config import env


def url(host: str, port: int) -> str:
    """Return the URL of the host, a name or an IPv4 or IPv6 address, and port."""
    bare = host.strip("[]")
    return f"http://[{bare}]:{port}" if ":" in bare else f"http://{bare}:{port}"


if __name__ == "__main__":
    read = env.read()
    sys.stdout.write(url(read.host, read.port) + "\n")
