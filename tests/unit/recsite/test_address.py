"""The address at which `make run` serves, as `make demo` names it."""

import os
import subprocess
import sys

import pytest

from recsite.config import env
from recsite.config.address import url


class TestUrl:
    @pytest.mark.parametrize(
        ("host", "expected"),
        [
            ("127.0.0.1", "http://127.0.0.1:9000"),
            ("shop.example", "http://shop.example:9000"),
            ("::1", "http://[::1]:9000"),
            ("[::1]", "http://[::1]:9000"),
        ],
    )
    def test_names_host_and_port(self, host: str, expected: str):
        assert url(host, 9000) == expected

    def test_is_printed_as_the_environment_says(self):
        ran = subprocess.run(
            [sys.executable, "-m", "recsite.config.address"],
            cwd=env.ROOT,
            env={"ENV_FILE": os.devnull, "SECRET_KEY": "tests-only-" + "x" * 50, "PORT": "9000"},
            capture_output=True,
            text=True,
            check=True,
        )

        assert ran.stdout == "http://127.0.0.1:9000\n"
