"""Write a .env file for this machine. `make demo` runs it: `python -m recsite.config.dotenv`."""

import os
import re
import secrets
import sys
from pathlib import Path

from recsite.config.env import ROOT

# Plain HTTP, reads without login, and only this machine. `validation.py` requires the last two together.
LOOPBACK_ONLY = {
    "DEBUG": "false",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    "SECURE_SSL_REDIRECT": "false",
    "API_OPEN_READS": "true",
}


def write_once(directory: Path) -> str:
    """Write .env from .env.example unless it exists, and return a sentence that says what was done.

    Only its owner may read the file. Raises ValueError if the example lacks a required variable.
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
        return f"{path.name} already exists and is unchanged."
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return f"Wrote {path.name} with a new secret key, for plain HTTP on this machine only."


if __name__ == "__main__":
    sys.stdout.write(write_once(ROOT) + "\n")
