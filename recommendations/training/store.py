"""Store of models' files: one folder per strategy and version, and an optional shared storage."""

import fcntl
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import Storage

from recommendations.errors import ModelUnavailable, TrainingUnderWay
from recommendations.training import integrity
from recommendations.training.manifest import MANIFEST, DamagedModel, Manifest, sync

logger = logging.getLogger(__name__)
MAX_DOWNLOAD_SECONDS = 1_800  # of a model, whatever the storage's own time-outs are
_CHUNK = 1 << 20
_UNFINISHED = ".unfinished-"
_LOCK = ".lock"
# No download takes this long, so an older folder was left by a killed process.
_STALE_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class ModelStore:
    """root: MODEL_DIR; storage: a Django storage that several servers share, or None"""

    root: Path
    storage: Storage | None = None

    @contextmanager
    def staging(self, strategy: str) -> Iterator[Path]:
        """Yield an empty folder for a new model, and remove it at the end unless `keep` has renamed it.

        Allows one training per strategy and server at a time. Removes what a killed training left behind.
        Raises TrainingUnderWay, and OSError when nothing can be written.
        """
        folder = self.root / strategy
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TrainingUnderWay(strategy) from None
            for leftover in folder.glob(f"{_UNFINISHED}training-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            staged = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}training-", dir=folder))
            try:
                yield staged
            finally:
                shutil.rmtree(staged, ignore_errors=True)

    def keep(self, staged: Path, strategy: str, version: str) -> tuple[Manifest, str]:
        """Rename the staged folder to the version's, upload it, and return its manifest and digest.

        The files are synced to disk before the folder is renamed. Raises OSError or the storage's errors;
        nothing of the version is left then.
        """
        manifest = Manifest.of(staged)
        digest = manifest.write(staged)
        folder = self._folder(strategy, version)
        staged.rename(folder)
        try:
            sync(self.root / strategy)
            integrity.write_stamp(folder, integrity.integrity_stamp(folder, digest, manifest))
            self._upload(manifest, strategy, version)
        except BaseException:
            self.remove(strategy, version, digest)
            raise
        return manifest, digest

    def open(self, strategy: str, version: str, digest: str) -> Path:
        """Return the version's folder, downloaded from the storage if it is missing or damaged.

        digest: the registered one. Contents are verified only if a file has changed since the last time, so
        opening a large model takes no longer. Raises ModelUnavailable with the problem.
        """
        folder = self._folder(strategy, version)
        try:
            _check(folder, digest)
        except (OSError, ValueError, TypeError, DamagedModel) as error:
            problem = str(error) if isinstance(error, DamagedModel) else f"{folder} cannot be read: {error}"
            if self.storage is None:
                raise ModelUnavailable(strategy, version, problem) from error
            logger.info("Downloading model %s %s from the storage: %s.", strategy, version, problem)
            self._fetch(self.storage, strategy, version, digest)
        return folder

    def remove(self, strategy: str, version: str, digest: str) -> None:
        """Remove the files of the version that exist, first here and then in the storage.

        digest: the registered one; a manifest in the storage with another digest is ignored. Raises OSError
        or the storage's errors for files that cannot be removed.
        """
        folder = self._folder(strategy, version)
        names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        integrity.remove_stamp(folder)
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
        if self.storage is None:
            return
        stored = f"{strategy}/{version}"
        if self.storage.exists(f"{stored}/{MANIFEST}"):
            try:
                with self.storage.open(f"{stored}/{MANIFEST}") as file:
                    names |= set(Manifest.load(file, digest).files)
            except DamagedModel as error:
                logger.warning("Some files of %s %s may remain in the storage: %s.", strategy, version, error)
        for name in [MANIFEST, *sorted(names - {MANIFEST})]:
            self.storage.delete(f"{stored}/{name}")

    def _folder(self, strategy: str, version: str) -> Path:
        return self.root / strategy / version

    def _upload(self, manifest: Manifest, strategy: str, version: str) -> None:
        if self.storage is None:
            return
        for file_name in [
            *manifest.files,
            MANIFEST,
        ]:  # the manifest comes last: if it exists, so do all files
            name = f"{strategy}/{version}/{file_name}"
            with (self._folder(strategy, version) / file_name).open("rb") as file:
                stored = self.storage.save(name, File(file))
            if stored != name:
                self.storage.delete(stored)
                raise OSError(f"the storage already contains {name}")

    def _fetch(self, storage: Storage, strategy: str, version: str, digest: str) -> None:
        """Download the version's folder and verify it. Raises ModelUnavailable; nothing changes then."""
        parent, folder = self.root / strategy, self._folder(strategy, version)
        staged = None
        try:
            parent.mkdir(parents=True, exist_ok=True)
            staged = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}fetch-", dir=parent))
            with storage.open(f"{strategy}/{version}/{MANIFEST}") as file:
                manifest = Manifest.load(file, digest)
            deadline = time.monotonic() + MAX_DOWNLOAD_SECONDS
            for name, entry in manifest.files.items():
                (staged / name).parent.mkdir(parents=True, exist_ok=True)
                with (
                    storage.open(f"{strategy}/{version}/{name}") as file,
                    (staged / name).open("wb") as local,
                ):
                    _copy(file, local, entry.size, deadline)
            manifest.check_contents(staged)
            manifest.write(staged)
            _put(staged, folder, digest)
            _check(folder, digest)
        # Each storage raises errors of its own, and none of them may affect other models.
        except Exception as error:
            raise ModelUnavailable(strategy, version, f"the storage has no intact copy: {error}") from error
        finally:
            if staged is not None:
                shutil.rmtree(staged, ignore_errors=True)
            _remove_leftovers(parent)


def _copy(file: IO[bytes], local: IO[bytes], n_bytes: int, deadline: float) -> None:
    """Copy the file, which has n_bytes. Raises DamagedModel if it has more, TimeoutError at the deadline."""
    while chunk := file.read(min(_CHUNK, n_bytes + 1)):
        n_bytes -= len(chunk)
        if n_bytes < 0:
            raise DamagedModel(f"{local.name} has more bytes in the storage than were registered")
        if time.monotonic() > deadline:
            raise TimeoutError(f"the download took more than {MAX_DOWNLOAD_SECONDS:,} seconds")
        local.write(chunk)


def _remove_leftovers(parent: Path) -> None:
    """Remove what killed downloads left behind, but not the downloads of other processes in progress."""
    for leftover in parent.glob(f"{_UNFINISHED}fetch-*"):
        with suppress(FileNotFoundError):  # another process may have removed it
            if leftover.stat().st_mtime < time.time() - _STALE_SECONDS:
                shutil.rmtree(leftover, ignore_errors=True)


def _check(folder: Path, digest: str) -> None:
    """Raise DamagedModel or OSError unless every file is the registered one.

    Files that a process on this server has verified are not read again until one of them changes.
    """
    manifest = Manifest.read(folder, digest)
    manifest.check_sizes(folder)
    stamp = integrity.integrity_stamp(folder, digest, manifest)
    if not integrity.has_stamp(folder, stamp):
        manifest.check_contents(folder)
        integrity.write_stamp(folder, stamp)


def _put(staged: Path, folder: Path, digest: str) -> None:
    """Rename the staged folder to the version's. Replaces a damaged folder, but keeps an intact one."""
    try:
        staged.rename(folder)
    except OSError:
        try:
            _check(folder, digest)
        except (OSError, DamagedModel):
            damaged = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}fetch-", dir=folder.parent))
            folder.rename(damaged / folder.name)
            shutil.rmtree(damaged, ignore_errors=True)
            staged.rename(folder)
    sync(folder.parent)
