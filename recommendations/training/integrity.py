"""Integrity stamps: record that a model's files were verified, so that each server reads them once.

A stamp is a file next to the model's folder. It holds an HMAC, keyed with SECRET_KEY, of the registered
digest and of each file's inode, size and times. Writing to a file or replacing it changes its ctime, which no
program can set, so the stamp no longer matches. A valid stamp cannot be made without the key.
"""

import hmac
import tempfile
from contextlib import suppress
from pathlib import Path

from django.utils.crypto import salted_hmac

from recommendations.training.manifest import Manifest

# A constant rather than the module's name: moving the module must not invalidate every stamp.
_SALT = "recommendations.services.seal"


def integrity_stamp(folder: Path, digest: str, manifest: Manifest) -> str:
    """Return the stamp of the files as they are now, without reading them. Raises OSError for a missing file.

    Take it before reading the files: if one changes meanwhile, the stamp does not match.
    """
    parts = [digest]
    for name in manifest.files:
        status = (folder / name).stat()
        parts.append(f"{name} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}")
    return salted_hmac(_SALT, "\n".join(parts), algorithm="sha256").hexdigest()


def has_stamp(folder: Path, stamp: str) -> bool:
    """Return whether the folder has this stamp."""
    try:
        return hmac.compare_digest(_stamp_file(folder).read_bytes(), stamp.encode())
    except OSError:
        return False


def write_stamp(folder: Path, stamp: str) -> None:
    """Write the stamp next to the folder. If it cannot be written, every process verifies the files."""
    with (
        suppress(OSError),
        tempfile.TemporaryDirectory(prefix=".unfinished-fetch-", dir=folder.parent) as name,
    ):
        file = Path(name) / "stamp"
        file.write_text(stamp)
        file.replace(_stamp_file(folder))


def remove_stamp(folder: Path) -> None:
    """Remove the folder's stamp, if there is one and this process may remove it."""
    with suppress(OSError):
        _stamp_file(folder).unlink()


def _stamp_file(folder: Path) -> Path:
    return folder.with_name(f".sealed-{folder.name}")
