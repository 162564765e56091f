"""The folder through which the processes of one server share their metrics."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path


class MetricsFolderError(Exception):
    """The folder cannot be used. The message says why."""


def metrics_folder(name: str, port: int) -> Path:
    """Return the named folder; without a name, the default for this user and the server's port."""
    return Path(name or Path(tempfile.gettempdir()) / f"shop-recommendations-{os.geteuid()}-{port}")


def prepare(folder: Path) -> Path:
    """Create the folder, private to its owner, delete the files of exited processes, and return it.

    Raises MetricsFolderError if it cannot be created or belongs to another user.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise MetricsFolderError(f"{folder} cannot be created: {error.strerror}.") from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise MetricsFolderError(f"{folder} is not a directory of the user who starts the server.")
    for file in _files_of_exited(folder, "*.db"):
        file.unlink(missing_ok=True)
    return folder


def remove_stale_gauges(folder: str) -> None:
    """Delete the live gauges of exited processes. Their counters stay."""
    for file in _files_of_exited(Path(folder), "gauge_live*.db"):
        file.unlink(missing_ok=True)


def _files_of_exited(folder: Path, pattern: str) -> Iterator[Path]:
    for file in folder.glob(pattern):
        pid = file.stem.rpartition("_")[2]
        if pid.isdecimal() and not _is_running(int(pid)):
            yield file


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, as another user
        return True
    return True
