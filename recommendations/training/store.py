"""Where the files of models are: a folder a strategy and version, and a storage behind it if one is named."""

import fcntl
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.core.files import File
from django.core.files.storage import Storage

from recommendations.errors import ModelUnavailable, TrainingUnderWay
from recommendations.training import integrity
from recommendations.training.manifest import MANIFEST, DamagedModel, Manifest, sync

logger = logging.getLogger(__name__)
_UNFINISHED = ".unfinished-"
_LOCK = ".lock"
# No fetching takes as long; what is older was left by a process that was killed.
_STALE_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class ModelStore:
    """root: the folder MODEL_DIR; storage: Django's storage that several servers share, None for none."""

    root: Path
    storage: Storage | None = None

    @contextmanager
    def staging(self, strategy: str) -> Iterator[Path]:
        """Give an empty folder for a new model; whatever is still there in the end is removed.

        One training a strategy and server at a time: raises TrainingUnderWay while there is another. What
        a training that was killed left behind is removed first. Raises OSError where nothing can be written.
        """
        folder = self.root / strategy
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TrainingUnderWay(strategy) from None
            for left in folder.glob(f"{_UNFINISHED}training-*"):
                shutil.rmtree(left, ignore_errors=True)
            staged = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}training-", dir=folder))
            try:
                yield staged
            finally:
                shutil.rmtree(staged, ignore_errors=True)

    def keep(self, staged: Path, strategy: str, version: str) -> tuple[Manifest, str]:
        """Return the manifest and its digest; the staged folder has become that of the version.

        It is on disk before it has its name, and uploaded where there is a storage. Raises OSError, or what
        the storage raises; then nothing of the version is left.
        """
        manifest = Manifest.of(staged)
        digest = manifest.write(staged)
        staged.chmod(0o755)  # mkdtemp's own folders are closed to the server's user
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
        """Return the version's folder; where it is lacking or incomplete it is fetched from the storage.

        digest: the registered one. Contents are read and checked unless they were since a file last changed,
        so that opening takes no longer for a large model. Raises ModelUnavailable saying what is wrong.
        """
        folder = self._folder(strategy, version)
        try:
            _check(folder, digest)
        except (OSError, ValueError, TypeError, DamagedModel) as error:
            problem = str(error) if isinstance(error, DamagedModel) else f"{folder} cannot be read: {error}"
            if self.storage is None:
                raise ModelUnavailable(strategy, version, problem) from error
            logger.info("Fetching model %s %s from the storage: %s.", strategy, version, problem)
            self._fetch(self.storage, strategy, version, digest)
        return folder

    def remove(self, strategy: str, version: str, digest: str) -> None:
        """Remove the files of the version, here first and then in the storage, as far as they are there.

        digest: the registered one; a list of files in the storage that is another one is not believed.
        Raises OSError, or what the storage raises, for what cannot be removed.
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
            with self.storage.open(f"{stored}/{MANIFEST}") as file:
                text = file.read()
            try:
                names |= set(Manifest.parse(text, digest).files)
            except DamagedModel as error:
                logger.warning("Files of %s %s may be left in the storage: %s.", strategy, version, error)
        for name in [MANIFEST, *sorted(names - {MANIFEST})]:
            self.storage.delete(f"{stored}/{name}")

    def _folder(self, strategy: str, version: str) -> Path:
        return self.root / strategy / version

    def _upload(self, manifest: Manifest, strategy: str, version: str) -> None:
        if self.storage is None:
            return
        for name in [*manifest.files, MANIFEST]:  # the manifest last: where it is, everything is
            wanted = f"{strategy}/{version}/{name}"
            with (self._folder(strategy, version) / name).open("rb") as file:
                stored = self.storage.save(wanted, File(file))
            if stored != wanted:
                self.storage.delete(stored)
                raise OSError(f"the storage holds {wanted} already")

    def _fetch(self, storage: Storage, strategy: str, version: str, digest: str) -> None:
        """Put the version's folder into its place. Raises ModelUnavailable; then nothing has changed."""
        parent, folder = self.root / strategy, self._folder(strategy, version)
        staged = None
        try:
            parent.mkdir(parents=True, exist_ok=True)
            staged = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}fetch-", dir=parent))
            with storage.open(f"{strategy}/{version}/{MANIFEST}") as file:
                manifest = Manifest.parse(file.read(), digest)
            for name in manifest.files:
                (staged / name).parent.mkdir(parents=True, exist_ok=True)
                with storage.open(f"{strategy}/{version}/{name}") as file, (staged / name).open("wb") as own:
                    shutil.copyfileobj(file, own)
            manifest.check_contents(staged)
            manifest.write(staged)
            staged.chmod(0o755)
            _put(staged, folder, digest)
            _check(folder, digest)
        # Any storage raises errors of its own, and whichever it is, other models must go on answering.
        except Exception as error:
            raise ModelUnavailable(strategy, version, f"the storage gives no whole copy: {error}") from error
        finally:
            if staged is not None:
                shutil.rmtree(staged, ignore_errors=True)
            _clear_away(parent)


def _clear_away(parent: Path) -> None:
    """Remove what fetching left behind that was killed; what another process fetches now stays."""
    for left in parent.glob(f"{_UNFINISHED}fetch-*"):
        with suppress(FileNotFoundError):  # another process clears away too
            if left.stat().st_mtime < time.time() - _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def _check(folder: Path, digest: str) -> None:
    """Raise DamagedModel, or what reading raises, unless every file is what was registered.

    Files that a process on this server read and found whole are not read again until one of them changes.
    """
    manifest = Manifest.read(folder, digest)
    manifest.check_sizes(folder)
    found = integrity.integrity_stamp(folder, digest, manifest)
    if not integrity.has_stamp(folder, found):
        manifest.check_contents(folder)
        integrity.write_stamp(folder, found)


def _put(staged: Path, folder: Path, digest: str) -> None:
    """Give the staged folder its name, instead of a damaged one; a whole one of another process may stay."""
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
