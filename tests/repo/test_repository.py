"""The repository keeps its own promises."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class TestRequirements:
    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-observe.txt"])
    def test_pins_every_package_to_one_version_with_hashes(self, name: str):
        entries = re.split(r"\n(?=[A-Za-z0-9])", "\n" + (ROOT / name).read_text())
        packages = [entry for entry in entries if re.match(r"[A-Za-z0-9]", entry)]

        assert len(packages) > 20
        assert all(
            re.match(r"[\w.-]+(\[[\w, -]+\])?==[\w.]+", entry) and "--hash=sha256:" in entry
            for entry in packages
        )

    @pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in", "requirements-observe.in"])
    def test_says_why_each_direct_dependency_is_there(self, name: str):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in "#-"]

        assert lines
        assert [line for line in lines if not re.search(r"\s# \w+", line)] == []

    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-observe.txt"])
    def test_names_no_package_host(self, name: str):
        assert "://" not in (ROOT / name).read_text()
