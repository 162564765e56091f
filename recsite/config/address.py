"""The address at which `make run` serves. `python -m recsite.config.address` prints it, for `make demo`."""

import sys

from recsite.config import env


def url(host: str, port: int) -> str:
    """Return the address of that host, a name or a number of either kind, and port."""
    bare = host.strip("[]")
    return f"http://[{bare}]:{port}" if ":" in bare else f"http://{bare}:{port}"


if __name__ == "__main__":
    read = env.read()
    sys.stdout.write(url(read.host, read.port) + "\n")
