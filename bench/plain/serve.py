"""Start the server of the plain views, as recsite.serve starts the project's."""

import os
import sys

from recsite.config import env
from recsite.serve import granian

if __name__ == "__main__":
    *arguments, _ = granian(env.read(), "127.0.0.1")
    os.execv(sys.executable, [sys.executable, *arguments, "bench.plain.wsgi:application"])  # noqa: S606
