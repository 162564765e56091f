"""The store of models' files, and the transfer of models between servers."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from pytest_django import Settings

from recommendations.errors import ModelUnavailable
from recommendations.training import integrity, store
from recommendations.training.manifest import DamagedModel, Manifest, sha256_of
from recommendations.training.store import ModelStore


@pytest.fixture
def shared(tmp_path: Path) -> FileSystemStorage:
    return FileSystemStorage(tmp_path / "shared")


@pytest.fixture
def here(tmp_path: Path, shared: FileSystemStorage) -> ModelStore:
    return ModelStore(tmp_path / "here", shared)


@pytest.fixture
def there(tmp_path: Path, shared: FileSystemStorage) -> ModelStore:
    """The store of another server, which has not trained the model."""
    return ModelStore(tmp_path / "there", shared)


@pytest.fixture
def alone(tmp_path: Path) -> ModelStore:
    """The store of a server without a storage."""
    return ModelStore(tmp_path / "alone")


def kept(store: ModelStore) -> str:
    """Store a version with two files, one of them in a folder, and return its digest."""
    with store.staging("counting") as staged:
        (staged / "inner").mkdir()
        np.save(staged / "inner/weights.npy", np.arange(1000))
        (staged / "record.json").write_text("{}")
        return store.keep(staged, "counting", "v1")[1]


def copied(store: ModelStore) -> str:
    """Store a version, replace its folder by a copy, as from another server, and return its digest."""
    digest = kept(store)
    (store.root / "counting/v1").rename(store.root / "original")
    shutil.copytree(store.root / "original", store.root / "counting/v1")
    return digest


def weights_of(store: ModelStore) -> Path:
    return store.root / "counting/v1/inner/weights.npy"


def flip(path: Path) -> None:
    """Flip a bit of the last byte, and advance the mtime however coarse the file system's clock is."""
    before = path.stat()
    text = path.read_bytes()
    path.write_bytes(text[:-1] + bytes([text[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which the name of each file that is hashed from now on is added."""
    names: list[str] = []

    def digest(path: Path) -> str:
        names.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr("recommendations.training.manifest.sha256_of", digest)
    return names


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def opened(store: ModelStore, digest: str) -> str:
    """Return the error message of opening the version."""
    with pytest.raises(ModelUnavailable) as refusal:
        store.open("counting", "v1", digest)
    return str(refusal.value)


def folders(store: ModelStore) -> list[str]:
    return sorted(path.name for path in (store.root / "counting").glob("*") if path.is_dir())


def unreachable(storage: FileSystemStorage, name: str) -> bool:
    raise OSError("unreachable")


class TestModelStore:
    def test_opens_the_folder_that_was_kept(self, here: ModelStore):
        digest = kept(here)

        assert here.open("counting", "v1", digest) == here.root / "counting/v1"
        assert folders(here) == ["v1"]

    def test_reads_no_contents_that_it_kept_however_large_they_are(
        self, here: ModelStore, monkeypatch: pytest.MonkeyPatch
    ):
        digest = kept(here)
        read = read_files(monkeypatch)

        here.open("counting", "v1", digest)

        assert read == []

    def test_reads_the_contents_of_a_copy_once(self, alone: ModelStore, monkeypatch: pytest.MonkeyPatch):
        digest = copied(alone)
        read = read_files(monkeypatch)

        alone.open("counting", "v1", digest)
        first = sorted(read)
        alone.open("counting", "v1", digest)

        assert first == sorted(read) == ["record.json", "weights.npy"]

    def test_refuses_a_flipped_byte(self, alone: ModelStore):
        digest = kept(alone)
        alone.open("counting", "v1", digest)

        flip(weights_of(alone))

        assert opened(alone, digest) == (
            "Model counting v1 cannot be used: "
            "the SHA-256 of inner/weights.npy differs from the registered one."
        )

    def test_refuses_a_flipped_byte_for_as_long_as_it_is_there(self, alone: ModelStore):
        digest = copied(alone)
        flip(weights_of(alone))
        opened(alone, digest)
        assert "differs from the registered one" in opened(alone, digest)

        flip(weights_of(alone))

        assert alone.open("counting", "v1", digest).exists()

    def test_is_not_deceived_by_a_time_that_was_set_back(self, alone: ModelStore):
        digest = kept(alone)
        weights = weights_of(alone)
        before = weights.stat()

        flip(weights)
        while weights.stat().st_ctime_ns == before.st_ctime_ns:  # a tick of the file system's clock
            os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
        os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))

        assert "differs from the registered one" in opened(alone, digest)

    def test_accepts_no_stamp_of_another_key(self, alone: ModelStore, settings: Settings):
        digest = kept(alone)
        flip(weights_of(alone))
        manifest = Manifest.read(alone.root / "counting/v1", digest)
        settings.SECRET_KEY = "another"
        integrity.write_stamp(
            alone.root / "counting/v1",
            integrity.integrity_stamp(alone.root / "counting/v1", digest, manifest),
        )
        settings.SECRET_KEY = "our own"

        assert "differs from the registered one" in opened(alone, digest)

    def test_opens_where_it_cannot_write_a_stamp(self, alone: ModelStore):
        digest = copied(alone)
        (alone.root / "counting/.sealed-v1").unlink()
        (alone.root / "counting/.sealed-v1").mkdir()

        assert alone.open("counting", "v1", digest).exists()
        assert folders(alone) == [".sealed-v1", "v1"]

    def test_removes_the_stamp_of_a_removed_version(self, alone: ModelStore):
        digest = kept(alone)

        alone.remove("counting", "v1", digest)

        assert [path.name for path in (alone.root / "counting").iterdir()] == [".lock"]

    def test_lets_no_other_account_of_the_system_read_or_write_what_was_trained(self, here: ModelStore):
        kept(here)

        open_to_others = [path for path in here.root.rglob("*") if path.stat().st_mode & 0o077]
        assert open_to_others == []

    def test_names_a_version_that_is_nowhere(self, tmp_path: Path):
        assert "Model counting v1 cannot be used: " in opened(ModelStore(tmp_path), "x")


class TestStorage:
    def test_fills_another_server(self, here: ModelStore, there: ModelStore):
        digest = kept(here)

        folder = there.open("counting", "v1", digest)

        assert contents(folder) == contents(here.root / "counting/v1")
        assert folders(there) == ["v1"]

    def test_clears_away_what_fetching_left_long_ago(self, here: ModelStore, there: ModelStore):
        digest = kept(here)
        old, young = (there.root / f"counting/.unfinished-fetch-{name}" for name in ("old", "young"))
        for leftover in (old, young):
            (leftover / "inner").mkdir(parents=True)
        os.utime(old, (0, 0))

        there.open("counting", "v1", digest)

        assert folders(there) == [young.name, "v1"]

    def test_is_not_asked_again(self, here: ModelStore, there: ModelStore):
        digest = kept(here)
        there.open("counting", "v1", digest)
        there.storage.delete("counting/v1/record.json")

        assert there.open("counting", "v1", digest).exists()

    def test_replaces_a_folder_in_which_a_byte_was_flipped(self, here: ModelStore, there: ModelStore):
        digest = kept(here)
        flip(there.open("counting", "v1", digest) / "record.json")

        folder = there.open("counting", "v1", digest)

        assert contents(folder) == contents(here.root / "counting/v1")
        assert folders(there) == ["v1"]

    def test_replaces_a_folder_that_is_incomplete(self, here: ModelStore, there: ModelStore):
        digest = kept(here)
        (there.open("counting", "v1", digest) / "record.json").unlink()

        folder = there.open("counting", "v1", digest)

        assert contents(folder) == contents(here.root / "counting/v1")
        assert folders(there) == ["v1"]

    @pytest.mark.parametrize(
        ("name", "problem"),
        [
            ("inner/weights.npy", "the SHA-256 of inner/weights.npy differs"),
            ("record.json", "the SHA-256 of record.json differs"),
            ("manifest.json", "manifest.json is not the one that was registered"),
        ],
    )
    def test_is_refused_when_a_file_was_damaged(
        self, here: ModelStore, there: ModelStore, shared: FileSystemStorage, name: str, problem: str
    ):
        digest = kept(here)
        path = Path(shared.path(f"counting/v1/{name}"))
        path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])

        assert problem in opened(there, digest)
        assert folders(there) == []

    def test_that_sends_more_than_was_registered_is_read_no_further(
        self, here: ModelStore, there: ModelStore, shared: FileSystemStorage
    ):
        digest = kept(here)
        os.truncate(shared.path("counting/v1/inner/weights.npy"), 1 << 32)  # a sparse file

        assert "more bytes in the storage than were registered" in opened(there, digest)
        assert folders(there) == []

    def test_is_given_no_more_than_its_time(
        self, here: ModelStore, there: ModelStore, monkeypatch: pytest.MonkeyPatch
    ):
        digest = kept(here)
        monkeypatch.setattr(store, "MAX_DOWNLOAD_SECONDS", -1)

        assert "the download took more than" in opened(there, digest)
        assert folders(there) == []

    def test_is_refused_when_a_file_is_missing(
        self, here: ModelStore, there: ModelStore, shared: FileSystemStorage
    ):
        digest = kept(here)
        shared.delete("counting/v1/record.json")

        assert "the storage has no intact copy" in opened(there, digest)
        assert folders(there) == []

    def test_that_fails_while_uploading_leaves_nothing(self, here: ModelStore, shared: FileSystemStorage):
        shared.save("counting/v1/record.json", ContentFile("another's"))

        with pytest.raises(OSError, match=r"already contains counting/v1/record\.json"):
            kept(here)

        assert folders(here) == []
        assert not shared.exists("counting/v1/manifest.json")

    def test_loses_what_is_removed(self, here: ModelStore, shared: FileSystemStorage):
        digest = kept(here)

        here.remove("counting", "v1", digest)

        assert folders(here) == []
        assert contents(Path(shared.location)) == {}

    def test_loses_what_is_removed_by_a_server_that_never_had_it(
        self, here: ModelStore, there: ModelStore, shared: FileSystemStorage
    ):
        digest = kept(here)

        there.remove("counting", "v1", digest)

        assert contents(Path(shared.location)) == {}

    def test_keeps_what_a_list_names_that_was_not_registered(
        self, there: ModelStore, here: ModelStore, shared: FileSystemStorage, caplog: pytest.LogCaptureFixture
    ):
        digest = kept(here)
        shared.save("counting/v2/record.json", ContentFile("another's"))
        Path(shared.path("counting/v1/manifest.json")).write_text('{"../v2/record.json": {}}')

        there.remove("counting", "v1", digest)

        assert shared.exists("counting/v2/record.json")
        assert not shared.exists("counting/v1/manifest.json")
        assert "Some files of counting v1 may remain in the storage" in caplog.text

    def test_that_cannot_be_reached_leaves_no_files_here(
        self, here: ModelStore, monkeypatch: pytest.MonkeyPatch
    ):
        digest = kept(here)
        monkeypatch.setattr(FileSystemStorage, "exists", unreachable)

        with pytest.raises(OSError, match="unreachable"):
            here.remove("counting", "v1", digest)

        assert folders(here) == []


class TestManifest:
    @pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x"])
    def test_names_nothing_outside_the_folder(self, tmp_path: Path, name: str):
        (tmp_path / "x").touch()
        manifest = Manifest.of(tmp_path)
        digest = Manifest({name: manifest.files["x"]}).write(tmp_path)

        with pytest.raises(DamagedModel, match="outside the model's folder"):
            Manifest.read(tmp_path, digest)
