"""Where models' files are kept, and how one server's come to another."""

import os
from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from recommendations.errors import ModelUnavailable
from recommendations.services.manifest import DamagedModel, Manifest
from recommendations.services.model_store import ModelStore


@pytest.fixture
def shared(tmp_path: Path) -> FileSystemStorage:
    return FileSystemStorage(tmp_path / "shared")


@pytest.fixture
def here(tmp_path: Path, shared: FileSystemStorage) -> ModelStore:
    return ModelStore(tmp_path / "here", shared)


@pytest.fixture
def there(tmp_path: Path, shared: FileSystemStorage) -> ModelStore:
    """Another server, which has not trained."""
    return ModelStore(tmp_path / "there", shared)


def kept(store: ModelStore) -> str:
    """Return the digest of a version of two files, one of them in a folder."""
    with store.staging("counting") as staged:
        (staged / "inner").mkdir()
        np.save(staged / "inner/weights.npy", np.arange(1000))
        (staged / "record.json").write_text("{}")
        return store.keep(staged, "counting", "v1")[1]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def opened(store: ModelStore, digest: str) -> str:
    """Return why the version cannot be had."""
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

    def test_reads_no_contents_to_open_however_large_they_are(self, here: ModelStore):
        digest = kept(here)
        weights = here.root / "counting/v1/inner/weights.npy"
        weights.write_bytes(bytes(weights.stat().st_size))

        assert here.open("counting", "v1", digest).exists()

    def test_lets_other_users_of_the_system_read_what_was_trained(self, here: ModelStore):
        kept(here)

        assert (here.root / "counting/v1").stat().st_mode & 0o777 == 0o755

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
        for left in (old, young):
            (left / "inner").mkdir(parents=True)
        os.utime(old, (0, 0))

        there.open("counting", "v1", digest)

        assert folders(there) == [young.name, "v1"]

    def test_is_not_asked_again(self, here: ModelStore, there: ModelStore):
        digest = kept(here)
        there.open("counting", "v1", digest)
        there.storage.delete("counting/v1/record.json")

        assert there.open("counting", "v1", digest).exists()

    def test_replaces_a_folder_that_is_incomplete(self, here: ModelStore, there: ModelStore):
        digest = kept(here)
        (there.open("counting", "v1", digest) / "record.json").unlink()

        folder = there.open("counting", "v1", digest)

        assert contents(folder) == contents(here.root / "counting/v1")
        assert folders(there) == ["v1"]

    @pytest.mark.parametrize(
        ("name", "problem"),
        [
            ("inner/weights.npy", "its SHA-256 differs"),
            ("record.json", "its SHA-256 differs"),
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

    def test_is_refused_when_a_file_is_missing(
        self, here: ModelStore, there: ModelStore, shared: FileSystemStorage
    ):
        digest = kept(here)
        shared.delete("counting/v1/record.json")

        assert "the storage gives no whole copy" in opened(there, digest)
        assert folders(there) == []

    def test_that_fails_while_uploading_leaves_nothing(self, here: ModelStore, shared: FileSystemStorage):
        shared.save("counting/v1/record.json", ContentFile("another's"))

        with pytest.raises(OSError, match=r"holds counting/v1/record\.json already"):
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
        assert "Files of counting v1 may be left in the storage" in caplog.text

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

        with pytest.raises(DamagedModel, match="not below the model's folder"):
            Manifest.read(tmp_path, digest)
