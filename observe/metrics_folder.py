"""The folder through which the processes of one server share their metrics."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


class MetricsFolderError(Exception):
    """The folder cannot be used. The message says why."""


def metrics_folder(name: str, port: int) -> Path:
    """Return the named folder, prepared; without a name, a new one for the server on this port.

    The new folder has a name that nobody can guess, so that nobody can take it first. Folders that ended
    servers of the same account and port have left are removed. Raises MetricsFolderError.
    """
    if name:
        return prepare(Path(name))
    prefix = f"shop-recommendations-{os.geteuid()}-{port}-"
    for abandoned in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        _remove_abandoned(abandoned)
    try:
        return Path(tempfile.mkdtemp(prefix=prefix))
    except OSError as error:
        raise MetricsFolderError(
            f"No folder can be created in {tempfile.gettempdir()}: {error.strerror}."
        ) from None


def prepare(folder: Path) -> Path:
    """Create the folder, private to its owner, delete the files of exited processes, and return it.

    Raises MetricsFolderError if it cannot be created, is a symbolic link or belongs to another user, or if
    others can write to it and so replace the files.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise MetricsFolderError(f"{folder} cannot be created: {error.strerror}.") from None
    if not _is_own_directory(status):
        raise MetricsFolderError(f"{folder} is not a directory of the user who starts the server.")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise MetricsFolderError(f"{folder} can be changed by other users: chmod go-w {folder}.")
    for file in _files_of_exited(folder, "*.db"):
        file.unlink(missing_ok=True)
    return folder


def _is_own_directory(status: os.stat_result) -> bool:
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _remove_abandoned(folder: Path) -> None:
    """Remove the folder if it is one of this user without files of running processes."""
    with suppress(OSError):  # another server may be removing it, or it still has files
        if _is_own_directory(folder.lstat()):
            for file in _files_of_exited(folder, "*.db"):
                file.unlink(missing_ok=True)
            folder.rmdir()


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
