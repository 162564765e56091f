"""The image and the composition of containers agree with the code. No container engine is asked."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from redis import Redis
from redis.exceptions import AuthenticationError

from stack.phases import BROKER_VARIABLE, CACHE_VARIABLE, PHASES
from stack.processes import ServerNotFound, free_port, is_listening, start
from stack.redis_server import find_program
from tests.repo.test_environment import read_by_the_code
from tests.servers import skip_or_fail
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OWN_IMAGE = "shop-recommendations:"
SQLITE, KEEPERS, BACKGROUND = {"migrate-file"}, {"postgresql", "cache", "broker"}, {"migrate", "beat"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def own(services: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: output for name, output in services.items() if output["image"].startswith(OWN_IMAGE)}


def by_default(output: object) -> str:
    """Return the default of "${NAME:-default}", any other value as it is."""
    return re.sub(r"\$\{\w+:-(.*)\}", r"\1", str(output))


def megabytes(output: str) -> int:
    return int(output.rstrip("mb"))


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
        assert {
            name for name, output in services.items() if f"phase-{phase}" in output["profiles"]
        } == expected

    def test_knows_no_other_profile(self, services):
        profiles = {profile for output in services.values() for profile in output["profiles"]}

        assert profiles == {f"phase-{number}" for number in PHASES}

    def test_waits_only_for_services_of_the_same_phase(self, services):
        strangers = [
            f"{name} in {profile} waits for {other}"
            for name, output in services.items()
            for profile in output["profiles"]
            for other in output.get("depends_on", ())
            if profile not in services[other]["profiles"]
        ]

        assert strangers == []

    def test_pins_every_image_to_a_version(self, services):
        loose = [
            output["image"] for output in services.values() if not re.search(r":\S*\d+\.\d+", output["image"])
        ]

        assert loose == []

    def test_sets_only_variables_that_the_code_reads(self, services):
        named = {variable for output in own(services).values() for variable in output["environment"]}

        assert named <= read_by_the_code()

    def test_has_no_secret_of_its_own(self):
        text = (ROOT / "compose.yaml").read_text()

        for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
            used = re.findall(rf"\$\{{{name}\b[^}}]*", text)
            assert used
            assert [each for each in used if not re.fullmatch(rf"\$\{{{name}:(\?.*|-)", each)] == []

    def test_lets_the_file_open_nothing(self, services):
        for output in own(services).values():
            assert (output["environment"]["DEBUG"], output["environment"]["API_OPEN_READS"]) == (
                "false",
                "false",
            )

    def test_gives_the_cache_and_the_broker_a_server_each(self, services):
        assert "noeviction" in services["broker"]["command"]
        assert "allkeys-lru" in services["cache"]["command"]
        reported = services["web-1"]["environment"]
        assert reported[BROKER_VARIABLE] != reported[CACHE_VARIABLE]

    def test_has_every_worker_tell_what_it_counts(self, services):
        workers = [output for output in services.values() if "worker" in output.get("command", ())]

        assert len(workers) == 3
        for output in workers:
            assert int(output["environment"]["WORKER_METRICS_PORT"]) != int(output["environment"]["PORT"])
            assert output["environment"]["HOST"] == "0.0.0.0"  # noqa: S104  so that Prometheus reaches it

    def test_takes_from_every_queue_in_each_phase_with_workers(self, services):
        for number, phase in PHASES.items():
            wanted = {queue for worker in phase.workers for queue in worker.queues}
            taken = {
                queue
                for output in services.values()
                if f"phase-{number}" in output["profiles"] and "--queues" in output.get("command", ())
                for queue in output["command"][output["command"].index("--queues") + 1].split(",")
            }
            assert taken == wanted

    def test_fills_every_blank_of_nginxs_configuration(self, services):
        blanks = set(re.findall(r"\$\{(\w+)\}", (ROOT / "deploy/nginx.conf").read_text()))

        assert blanks == {name for name in services["gateway"]["environment"] if "ENVSUBST" not in name}

    def test_lets_no_container_write_or_become_more(self, services):
        for name, output in services.items():
            assert (output["read_only"], output["cap_drop"]) == (True, ["ALL"]), name
            assert output["security_opt"] == ["no-new-privileges:true"], name
            assert {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"} & output.keys() == set()
            assert not [volume for volume in output.get("volumes", ()) if "docker.sock" in volume], name

    def test_runs_the_images_of_others_as_their_unprivileged_users(self, services):
        users = {name: output["user"] for name, output in services.items() if name not in own(services)}

        assert users == {"gateway": "101:101", **dict.fromkeys(KEEPERS, "999:999")}

    def test_limits_the_memory_and_the_processes_of_every_service(self, services):
        for name, output in services.items():
            memory, processes = by_default(output["mem_limit"]), by_default(output["pids_limit"])
            assert re.fullmatch(r"[1-9]\d*[mg]", memory), name
            assert 64 <= int(processes) <= 1024, name

    def test_starts_again_what_exits(self, services):
        lasting = {name: output["restart"] for name, output in services.items() if "migrate" not in name}

        assert set(lasting.values()) == {"unless-stopped"}

    @pytest.mark.parametrize("name", ["cache", "broker"])
    def test_keeps_redis_below_its_memory(self, services, name):
        output = services[name]

        limit = output["command"][output["command"].index("--maxmemory") + 1]
        assert megabytes(limit) < megabytes(output["mem_limit"])

    def test_lets_nginx_write_where_it_may(self, services):
        output = services["gateway"]
        writable = [place.partition(":")[0] for place in output["tmpfs"]]

        environment = output["environment"]
        assert {environment["NGINX_ENVSUBST_OUTPUT_DIR"], environment["NGINX_FOLDER"]} == set(writable)
        assert "/tmp/nginx.conf" in output["command"]  # noqa: S108  of the container
        template = (ROOT / "deploy/nginx.conf").read_text()
        written = re.findall(
            r"^\s*(?:pid|\w+_temp_path|access_log|error_log) (\S+?);?(?: .*)?$", template, re.M
        )
        assert len(written) > 6
        assert {path for path in written if not path.startswith("${NGINX_FOLDER}/")} == {
            "/dev/stdout",
            "stderr",
        }

    def test_names_no_password_in_a_command(self, services):
        for output in services.values():
            assert "PASSWORD}" not in str(output.get("command"))
            assert not re.search(r"(?<!\$)\$\{", str(output.get("entrypoint")))  # $$ is the shell's own $


class TestRedisOfCompose:
    @pytest.fixture
    def argv(self, services, tmp_path: Path, name: str = "broker") -> list[str]:
        """The command of the container, for a server of this machine."""
        try:
            program = find_program()
        except ServerNotFound as error:
            skip_or_fail(error)
        output = services[name]
        shell = [
            text.replace("$$", "$").replace("redis-server -", f"{program} -") for text in output["entrypoint"]
        ]
        return [*shell, *output["command"], "--dir", str(tmp_path), "--bind", "127.0.0.1"]

    def test_takes_the_password_and_does_not_show_it(self, argv, tmp_path: Path):
        port, password = free_port(), "secret8712"
        environment = {"PATH": os.environ["PATH"], "REDISCLI_AUTH": password}
        child = start(
            "redis", [*argv, "--port", str(port)], log=tmp_path / "log", env=environment, cwd=tmp_path
        )
        try:
            child.wait_until(lambda: is_listening(port))
            with Redis(port=port) as stranger, pytest.raises(AuthenticationError):
                stranger.ping()
            with Redis(port=port, password=password) as known:
                assert known.ping()
                assert known.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            if sys.platform == "linux":
                assert password not in Path(f"/proc/{child.pid}/cmdline").read_text()
        finally:
            child.stop()

    def test_does_not_start_without_one(self, argv, tmp_path: Path):
        ran = subprocess.run(
            [*argv, "--port", str(free_port())],
            env={"PATH": os.environ["PATH"], "REDISCLI_AUTH": ""},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )

        assert ran.returncode != 0
        assert "REDIS_PASSWORD must be set" in ran.stderr


UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))


def unit(path: Path) -> dict[str, str]:
    """Return the settings of the unit. One that is named twice has the last value."""
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text())
    return {name: value for section in parser.sections() for name, value in parser[section].items()}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
class TestSystemd:
    def test_limits_memory_and_processes(self, path: Path):
        output = unit(path)

        assert re.fullmatch(r"\d+[MG]", output["MemoryMax"])
        assert output["MemorySwapMax"] == "0"
        assert 1 < int(output["TasksMax"]) <= 1024

    def test_starts_again_what_exits_for_ever(self, path: Path):
        output = unit(path)
        if output["Type"] == "oneshot":  # started by a timer
            assert path.with_suffix(".timer").exists()
            return

        assert (output["Restart"], output["RestartSec"], output["StartLimitIntervalSec"]) == (
            "always",
            "2",
            "0",
        )

    def test_can_become_nothing_more_and_write_nowhere_else(self, path: Path):
        output = unit(path)

        assert (output["User"], output["UMask"], output["NoNewPrivileges"]) == ("shop", "0077", "yes")
        assert (output["ProtectSystem"], output["PrivateTmp"], output["CapabilityBoundingSet"]) == (
            "strict",
            "yes",
            "",
        )
        assert (output["StateDirectory"], output["StateDirectoryMode"]) == ("shop", "0700")
        assert "ReadWritePaths" not in output

    def test_sets_only_variables_that_the_code_reads(self, path: Path):
        named = set(
            re.findall(r"\b([A-Z_]+)=\S", " ".join(re.findall("^Environment=(.*)", path.read_text(), re.M)))
        )

        assert named - {"PYTHONDONTWRITEBYTECODE"} <= read_by_the_code()

    def test_is_accepted_by_systemd(self, path: Path, tmp_path: Path):
        program = shutil.which("systemd-analyze")
        if program is None:
            pytest.skip("systemd-analyze is not installed")
        text = path.read_text().replace("/srv/shop/.venv/bin/python", "/bin/sh").replace("/srv/shop", "/")
        (tmp_path / path.name).write_text(text)

        ran = subprocess.run(
            [program, "verify", "--man=no", tmp_path / path.name], capture_output=True, text=True, check=False
        )

        assert (ran.returncode, ran.stderr) == (0, "")


def test_systemd_has_a_unit_for_each_kind_of_process():
    assert [path.stem for path in UNITS] == ["shop-beat", "shop-nightly", "shop-web", "shop-worker"]


def test_the_nightly_work_names_commands_that_exist():
    text = (ROOT / "deploy/nightly.sh").read_text()
    [words] = re.findall("^for command in (.*); do", text, re.MULTILINE)
    named = [word.split(" ")[0] for word in shlex.split(words)]

    assert set(named) <= get_commands().keys()
    assert len(named) == 5


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
