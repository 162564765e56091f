"""The image and the composition of containers agree with the code. No container engine is asked."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.phases import BROKER_VARIABLE, CACHE_VARIABLE, PHASES
from tests.repo.test_environment import read_by_the_code

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OWN_IMAGE = "shop-recommendations:"
SQLITE, KEEPERS, BACKGROUND = {"migrate-file"}, {"postgresql", "cache", "broker"}, {"migrate", "beat"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def own(services: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: said for name, said in services.items() if said["image"].startswith(OWN_IMAGE)}


class TestCompose:
    @pytest.mark.parametrize(
        ("phase", "expected"),
        [
            (1, SQLITE | {"web"}),
            (2, SQLITE | {"web-cached", "cache"}),
            (3, KEEPERS | BACKGROUND | {"gateway", "web-1", "web-2", "worker"}),
            (4, KEEPERS | BACKGROUND | {"gateway", "web-1", "web-2", "batch", "explanation"}),
        ],
    )
    def test_has_the_services_of_each_phase(self, services, phase: int, expected: set[str]):
        assert {name for name, said in services.items() if f"phase-{phase}" in said["profiles"]} == expected

    def test_knows_no_other_profile(self, services):
        profiles = {profile for said in services.values() for profile in said["profiles"]}

        assert profiles == {f"phase-{number}" for number in PHASES}

    def test_waits_only_for_services_of_the_same_phase(self, services):
        strangers = [
            f"{name} in {profile} waits for {other}"
            for name, said in services.items()
            for profile in said["profiles"]
            for other in said.get("depends_on", ())
            if profile not in services[other]["profiles"]
        ]

        assert strangers == []

    def test_pins_every_image_to_a_version(self, services):
        loose = [said["image"] for said in services.values() if not re.search(r":\S*\d+\.\d+", said["image"])]

        assert loose == []

    def test_sets_only_variables_that_the_code_reads(self, services):
        named = {variable for said in own(services).values() for variable in said["environment"]}

        assert named <= read_by_the_code()

    def test_has_no_secret_of_its_own(self):
        text = (ROOT / "compose.yaml").read_text()

        for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
            used = re.findall(rf"\$\{{{name}\b[^}}]*", text)
            assert used
            assert [each for each in used if not re.fullmatch(rf"\$\{{{name}:(\?.*|-)", each)] == []

    def test_lets_the_file_open_nothing(self, services):
        for said in own(services).values():
            assert (said["environment"]["DEBUG"], said["environment"]["API_OPEN_READS"]) == ("false", "false")

    def test_gives_the_cache_and_the_broker_a_server_each(self, services):
        assert "noeviction" in services["broker"]["command"]
        assert "allkeys-lru" in services["cache"]["command"]
        told = services["web-1"]["environment"]
        assert told[BROKER_VARIABLE] != told[CACHE_VARIABLE]

    def test_has_every_worker_tell_what_it_counts(self, services):
        workers = [said for said in services.values() if "worker" in said.get("command", ())]

        assert len(workers) == 3
        for said in workers:
            assert int(said["environment"]["WORKER_METRICS_PORT"]) != int(said["environment"]["PORT"])
            assert said["environment"]["HOST"] == "0.0.0.0"  # noqa: S104  so that Prometheus reaches it

    def test_takes_from_every_queue_in_each_phase_with_workers(self, services):
        for number, phase in PHASES.items():
            wanted = {queue for worker in phase.workers for queue in worker.queues}
            taken = {
                queue
                for said in services.values()
                if f"phase-{number}" in said["profiles"] and "--queues" in said.get("command", ())
                for queue in said["command"][said["command"].index("--queues") + 1].split(",")
            }
            assert taken == wanted

    def test_fills_every_blank_of_nginxs_configuration(self, services):
        blanks = set(re.findall(r"\$\{(\w+)\}", (ROOT / "deploy/nginx.conf").read_text()))

        assert blanks == {name for name in services["gateway"]["environment"] if "ENVSUBST" not in name}

    def test_lets_no_container_of_ours_write_or_become_more(self, services):
        for said in own(services).values():
            assert (said["read_only"], said["cap_drop"]) == (True, ["ALL"])


class TestDockerfile:
    def test_builds_in_one_stage_and_runs_in_another(self):
        assert len(re.findall(r"^FROM python:\d+\.\d+\.\d+-slim-bookworm", DOCKERFILE, re.MULTILINE)) == 2

    def test_runs_as_nobody_in_particular_and_is_asked_how_it_is(self):
        assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", DOCKERFILE, re.MULTILINE)
        assert 'CMD python -m recsite.http.healthcheck "$PORT" "$ALLOWED_HOSTS"' in DOCKERFILE

    def test_sets_only_variables_that_the_code_reads(self):
        block = re.findall(r"^ENV (.*?[^\\])$", DOCKERFILE, re.MULTILINE | re.DOTALL)[0]
        names = {name for name in re.findall(r"([A-Z_]+)=", block) if not name.startswith("PYTHON")}

        assert names - {"PATH"} <= read_by_the_code()

    def test_has_every_package_that_the_service_is_made_of(self):
        linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
        packages = set(linter["root_packages"]) - {"stack"}
        kept = (ROOT / ".dockerignore").read_text().splitlines()

        wanted = [*packages, "manage.py", "pyproject.toml", "requirements.txt"]
        assert [name for name in wanted if f"!{name}" not in kept] == []
