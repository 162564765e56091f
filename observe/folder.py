"""The directory in which the processes of one server count together."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path


class BadFolder(Exception):
    """Why nothing can be counted there."""


def own_folder(named: str, port: int) -> Path:
    """Return the named directory; without a name the one of whatever listens on the port for this user."""
    return Path(named or Path(tempfile.gettempdir()) / f"shop-recommendations-{os.geteuid()}-{port}")


def prepared(folder: Path) -> Path:
    """Return the directory: made if need be, for nobody else, and without the files of processes that ended.

    Raises BadFolder where it cannot be had, or is another's.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise BadFolder(f"{folder} cannot be made: {error.strerror}.") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise BadFolder(f"{folder} is not a directory of the user who starts the server.")
    for file in _of_the_dead(folder, "*.db"):
        file.unlink(missing_ok=True)
    return folder


def bury(folder: str) -> None:
    """Whatever held only while its process lived is gone with it; what it counted stays."""
    for file in _of_the_dead(Path(folder), "gauge_live*.db"):
        file.unlink(missing_ok=True)


def _of_the_dead(folder: Path, pattern: str) -> Iterator[Path]:
    for file in folder.glob(pattern):
        process = file.stem.rpartition("_")[2]
        if process.isdecimal() and not _lives(int(process)):
            yield file


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, which lives
        return True
    return True
