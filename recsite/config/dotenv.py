"""Writes a .env for development on this machine. `make demo` calls it: `python -m recsite.config.dotenv`."""

import os
import re
import secrets
import sys
from pathlib import Path

from recsite.config.env import ROOT

# Plain HTTP, no log-in to read, and nobody but this machine: env.py holds the last two together.
LOOPBACK_ONLY = {
    "DEBUG": "false",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    "SECURE_SSL_REDIRECT": "false",
    "API_OPEN_READS": "true",
}


def write_once(directory: Path) -> str:
    """Return a sentence on what was done: .env is written from .env.example, unless there is one already.

    Only its owner may read it. Raises ValueError if the example lacks a variable that must be set.
    """
    path = directory / ".env"
    text = (directory / ".env.example").read_text(encoding="utf-8")
    for name, value in {"SECRET_KEY": secrets.token_urlsafe(48), **LOOPBACK_ONLY}.items():
        text, n_lines = re.subn(rf"(?m)^#?{name}=.*$", f"{name}={value}", text)
        if n_lines != 1:
            raise ValueError(f".env.example must have one line for {name}; it has {n_lines}.")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
    except FileExistsError:
        return f"{path.name} is there already; it stays as it is."
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return f"{path.name} is written, with a fresh secret key, for plain HTTP on this machine only."


if __name__ == "__main__":
    sys.stdout.write(write_once(ROOT) + "\n")
