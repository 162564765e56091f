"""A model's manifest: the names, sizes and SHA-256 digests of its files, stored among them."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 1 << 20
_CHUNK = 1 << 20


class DamagedModel(Exception):
    """The files differ from the manifest, or the manifest differs from the registered one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """size: in bytes; sha256: 64 hex digits."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """files: by path relative to the model's folder, with slashes, sorted"""

    files: Mapping[str, Entry]

    @classmethod
    def of(cls, folder: Path) -> "Manifest":
        """Return the manifest of the folder's files. Reads every file."""
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        names = [path.relative_to(folder).as_posix() for path in paths]
        return cls(
            {
                name: Entry(path.stat().st_size, sha256_of(path))
                for name, path in zip(names, paths, strict=True)
                if name != MANIFEST
            }
        )

    @classmethod
    def parse(cls, text: bytes, digest: str) -> "Manifest":
        """Return the parsed manifest. Raises DamagedModel unless the text's SHA-256 is the digest."""
        if hashlib.sha256(text).hexdigest() != digest:
            raise DamagedModel(f"{MANIFEST} is not the one that was registered")
        files = {name: Entry(**entry) for name, entry in json.loads(text).items()}
        for name in files:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise DamagedModel(f"{MANIFEST} names {name!r}, which is outside the model's folder")
        return cls(files)

    @classmethod
    def read(cls, folder: Path, digest: str) -> "Manifest":
        """Return the manifest in the folder. Raises DamagedModel, or OSError if there is none."""
        with (folder / MANIFEST).open("rb") as file:
            return cls.load(file, digest)

    @classmethod
    def load(cls, file: IO[bytes], digest: str) -> "Manifest":
        """Return the manifest in the open file. Raises DamagedModel, also if it is too long."""
        return cls.parse(file.read(MAX_MANIFEST_BYTES), digest)

    @property
    def n_bytes(self) -> int:
        return sum(entry.size for entry in self.files.values())

    def write(self, folder: Path) -> str:
        """Write the manifest to the folder, sync the folder to disk, and return the manifest's digest."""
        text = json.dumps({name: asdict(entry) for name, entry in self.files.items()}, indent=1).encode()
        (folder / MANIFEST).write_bytes(text)
        for path in [*folder.rglob("*"), folder]:
            sync(path)
        return hashlib.sha256(text).hexdigest()

    def check_sizes(self, folder: Path) -> None:
        """Raise DamagedModel unless every file exists with its size. Reads no file."""
        for name, entry in self.files.items():
            try:
                size = (folder / name).stat().st_size
            except FileNotFoundError:
                raise DamagedModel(f"{name} is missing") from None
            if size != entry.size:
                raise DamagedModel(f"{name} has {size:,} bytes instead of {entry.size:,}")

    def check_contents(self, folder: Path) -> None:
        """Raise DamagedModel unless every file exists with its SHA-256. Reads every file."""
        self.check_sizes(folder)
        for name, entry in self.files.items():
            if sha256_of(folder / name) != entry.sha256:
                raise DamagedModel(f"the SHA-256 of {name} differs from the registered one")


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256 as 64 hex digits. Reads a chunk at a time."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Sync the file, or the directory's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
