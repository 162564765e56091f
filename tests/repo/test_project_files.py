"""The files that say how people work on the project agree with it: CI, owners, hooks, guides, releases."""

import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
LOCKED = dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
# Folders whose files are named by their paths in text.
FOLDERS = "access|bench|catalog|core|data|docs|observe|privacy|recommendations|recsite|stack|tests"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


def missing_targets(text: str) -> list[str]:
    """Return every make target that there is not, of those in commands and in backquotes."""
    named = re.findall(r"(?:^(?: {4})?|`)make ([a-z][a-z-]*)", text, re.MULTILINE)
    return [name for name in named if name not in TARGETS]


def missing_paths(text: str) -> list[str]:
    """Return every path in backquotes that leads nowhere. One with <a name> to be chosen is a pattern."""
    found = re.findall(
        rf"`((?:(?:{FOLDERS})/|\.(?:github|ci)/)[^\s`]*|[\w.-]+\.(?:md|toml|in|txt|yml))`", text
    )
    return [path for path in found if not _is_there(path)]


def _is_there(path: str) -> bool:
    pattern = re.sub(r"<[^>]+>", "*", path).rstrip("/")
    return any(ROOT.glob(pattern))


class TestMissingPaths:
    @pytest.mark.parametrize("text", ["`docs/nowhere.md`", "`recsite/<name>.nothing`", "`NOWHERE.md`"])
    def test_names_what_is_not_there(self, text: str):
        assert len(missing_paths(text)) == 1

    @pytest.mark.parametrize(
        "text", ["`docs/api.md`", "`recsite/<name>.py`", "`docs/`", "`README.md`", "`a/b`"]
    )
    def test_leaves_out_what_is_there_or_no_path(self, text: str):
        assert missing_paths(text) == []


class TestMissingTargets:
    def test_names_what_make_does_not_know(self):
        assert missing_targets("    make nothing\n`make nowhere ARGS=1`\nmake test-all") == [
            "nothing",
            "nowhere",
            "test-all",
        ]

    def test_leaves_out_what_it_knows_and_prose(self):
        assert missing_targets("`make test` may make sure of it\n    make check\n") == []


class TestWorkflows:
    @pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
    def test_run_only_make_targets_that_exist(self, workflow: Path):
        commands = [step["run"] for step in steps(workflow) if "run" in step]

        assert [command for command in commands if "make " in command]
        assert missing_targets("\n".join(commands)) == []

    @pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
    def test_pin_every_action_to_a_commit(self, workflow: Path):
        used = re.findall(r"uses:\s*(.+)", workflow.read_text())

        assert used
        assert [line for line in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v[\d.]+", line)] == []

    @pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
    def test_may_only_read(self, workflow: Path):
        assert read(workflow)["permissions"] == {"contents": "read"}

    @pytest.mark.parametrize("job", ["sqlite", "postgresql"])
    def test_test_on_every_python_that_is_supported(self, job: str):
        supported = [
            name.rpartition(" ")[2]
            for name in PROJECT["classifiers"]
            if name.startswith("Programming Language")
        ]

        assert read(ROOT / ".github/workflows/ci.yml")["jobs"][job]["strategy"]["matrix"] == {
            "python": supported
        }

    def test_use_the_postgresql_of_the_composition(self):
        composed = read(ROOT / "compose.yaml")["services"]["postgresql"]["image"]

        services = read(ROOT / ".github/workflows/ci.yml")["jobs"]["postgresql"]["services"]
        assert services["postgres"]["image"] == composed


class TestDjango:
    def test_is_the_version_that_is_supported(self):
        [supported] = [name for name in PROJECT["classifiers"] if name.startswith("Framework :: Django")]

        assert LOCKED["django"].startswith(f"{supported.rpartition(' ')[2]}.")


class TestDependabot:
    def test_knows_every_kind_of_dependency(self):
        kinds = {entry["package-ecosystem"] for entry in read(ROOT / ".github/dependabot.yml")["updates"]}

        assert kinds == {"pip", "github-actions", "docker", "docker-compose"}


class TestIssueForms:
    @pytest.mark.parametrize("name", ["bug.yml", "feature.yml"])
    def test_ask_for_something_that_must_be_answered(self, name: str):
        form = read(ROOT / ".github/ISSUE_TEMPLATE" / name)

        assert form["name"]
        assert form["description"]
        assert any(field.get("validations", {}).get("required") for field in form["body"])


class TestOwners:
    def test_own_what_exists(self):
        lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
        owned = [line.split()[0] for line in lines if line and not line.startswith("#")]

        assert len(owned) > 1
        assert [path for path in owned if not (path == "*" or any(ROOT.glob(path.strip("/"))))] == []

    def test_are_named_on_every_line(self):
        lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()

        entries = [line for line in lines if line and not line.startswith("#")]
        assert [line for line in entries if not re.fullmatch(r"\S+( +@[\w/-]+)+", line)] == []


class TestHooks:
    def test_are_valid(self):
        subprocess.run(
            [sys.executable, "-m", "pre_commit", "validate-config", ROOT / ".pre-commit-config.yaml"],
            check=True,
        )

    def test_are_the_versions_that_make_lint_runs(self):
        repositories = read(ROOT / ".pre-commit-config.yaml")["repos"]
        packages = {"ruff-pre-commit": "ruff"}

        revisions = {Path(entry["repo"]).name.lower(): entry["rev"] for entry in repositories}
        assert revisions == {name: f"v{LOCKED[packages.get(name, name)]}" for name in revisions}


class TestGuides:
    @pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", ".github/pull_request_template.md"])
    def test_name_only_files_and_targets_that_exist(self, name: str):
        text = (ROOT / name).read_text()

        assert missing_paths(text) == []
        assert missing_targets(text) == []

    def test_list_every_make_target(self):
        listed = re.findall(r"^\| `make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)

        assert sorted(listed) == sorted(TARGETS - {"help"})


class TestReleases:
    def test_are_dated_newest_first_below_what_is_unreleased(self):
        headings = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
        releases = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})", name) for name in headings[1:]]

        assert headings[0] == "[Unreleased]"
        assert releases
        assert all(releases)
        days = [date.fromisoformat(release[2]) for release in releases if release]
        assert days == sorted(days, reverse=True)

    def test_sort_their_changes_by_kind(self):
        kinds = re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)

        assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

    def test_are_of_the_version_of_the_project(self):
        [newest, *_] = re.findall(r"^## \[(\d.+?)\]", CHANGELOG, re.MULTILINE)
        image = read(ROOT / "compose.yaml")["services"]["web"]["image"]

        assert newest == PROJECT["version"]
        assert image == f"shop-recommendations:${{VERSION:-{PROJECT['version']}}}"


class TestSite:
    def test_leads_to_every_page(self):
        config = read(ROOT / "mkdocs.yml")
        pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}

        assert sorted(_targets(config["nav"])) == sorted(pages)

    def test_has_a_part_for_each_kind_of_reader(self):
        parts = [next(iter(entry)) for entry in read(ROOT / "mkdocs.yml")["nav"]]

        assert parts == ["Home", "Tutorial", "How-to guides", "Reference", "Explanation"]


def _targets(nav: list[dict[str, Any]]) -> list[str]:
    found = []
    for entry in nav:
        for below in entry.values():
            found += [below] if isinstance(below, str) else _targets(below)
    return found


class TestEditorConfig:
    @pytest.mark.parametrize("pattern", ["*.py", "*.md", "*.yml", "*.toml", "*.html"])
    def test_is_kept_by_every_file(self, pattern: str):
        folders = [*FOLDERS.replace("data|", "").split("|"), ".github"]
        files = [*ROOT.glob(pattern), *(path for name in folders for path in (ROOT / name).rglob(pattern))]

        assert files
        assert [str(path.relative_to(ROOT)) for path in files if not _is_tidy(path.read_bytes())] == []


def _is_tidy(text: bytes) -> bool:
    """Return whether no line ends in a blank or a carriage return, and the last one ends."""
    return not text or (text.endswith(b"\n") and not re.search(rb"[ \t\r]$", text, re.MULTILINE))
