"""The .env of `make demo`: written once, for plain HTTP on one's own machine."""

import os
import shutil
from pathlib import Path

import pytest

from recsite.config import env
from recsite.config.dotenv import write_once


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copy(env.ROOT / ".env.example", tmp_path)
    return tmp_path


class TestWriteOnce:
    def test_writes_what_serves_plain_http_on_loopback_only(self, directory: Path, monkeypatch):
        output = write_once(directory)

        for name in os.environ:
            monkeypatch.delenv(name)
        monkeypatch.setenv("ENV_FILE", str(directory / ".env"))
        read = env.read()
        assert output == "Wrote .env with a new secret key, for plain HTTP on this machine only."
        assert (read.debug, read.secure_ssl_redirect, read.api_open_reads) == (False, False, True)
        assert read.allowed_hosts == ["localhost", "127.0.0.1", "[::1]"]
        assert len(read.secret_key) >= 50

    def test_writes_a_key_of_its_own_each_time(self, directory: Path):
        write_once(directory)
        first = (directory / ".env").read_text()
        (directory / ".env").unlink()
        write_once(directory)

        assert (directory / ".env").read_text() != first

    def test_lets_only_the_owner_read(self, directory: Path):
        write_once(directory)

        assert (directory / ".env").stat().st_mode & 0o777 == 0o600

    def test_leaves_a_file_that_is_there_alone(self, directory: Path):
        (directory / ".env").write_text("SECRET_KEY=mine\n")

        output = write_once(directory)

        assert output == ".env already exists and is unchanged."
        assert (directory / ".env").read_text() == "SECRET_KEY=mine\n"

    def test_refuses_an_example_that_lacks_what_must_be_set(self, directory: Path):
        (directory / ".env.example").write_text("DEBUG=false\n")

        with pytest.raises(ValueError, match="one line for SECRET_KEY"):
            write_once(directory)
        assert not (directory / ".env").exists()
