"""Remembers that a model's files were read and found whole, so that a server reads them once.

A seal is a file beside the model's folder: a keyed digest (HMAC with SECRET_KEY) of the registered digest and
of what the system says of each file. Whatever is written to a file, or put in its place, moves its time of
change (ctime), which nobody can set, so the seal fits no more. Who does not know the key cannot seal.
"""

import hmac
import tempfile
from contextlib import suppress
from pathlib import Path

from django.utils.crypto import salted_hmac

from recommendations.training.manifest import Manifest

# A constant, not the module's name: moving the module must not make every server read all files again.
_SALT = "recommendations.services.seal"


def integrity_stamp(folder: Path, digest: str, manifest: Manifest) -> str:
    """Return what the files are sealed with as they are now; none is read. Raises OSError for one missing.

    Take it before the files are read: then it does not fit if one is changed meanwhile.
    """
    parts = [digest]
    for name in manifest.files:
        found = (folder / name).stat()
        parts.append(f"{name} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}")
    return salted_hmac(_SALT, "\n".join(parts), algorithm="sha256").hexdigest()


def has_stamp(folder: Path, seal: str) -> bool:
    """Return whether the seal was left beside the folder."""
    try:
        return hmac.compare_digest(_beside(folder).read_bytes(), seal.encode())
    except OSError:
        return False


def write_stamp(folder: Path, seal: str) -> None:
    """The seal lies beside the folder, unless this process may not write there: then others read again."""
    with (
        suppress(OSError),
        tempfile.TemporaryDirectory(prefix=".unfinished-fetch-", dir=folder.parent) as name,
    ):
        made = Path(name) / "seal"
        made.write_text(seal)
        made.replace(_beside(folder))


def remove_stamp(folder: Path) -> None:
    """No seal lies beside the folder, as far as this process may remove it."""
    with suppress(OSError):
        _beside(folder).unlink()


def _beside(folder: Path) -> Path:
    return folder.with_name(f".sealed-{folder.name}")
