"""Starts nginx with deploy/nginx.conf in front of web servers on loopback."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from string import Template

from stack.processes import Child, StackError, is_listening, start

TEMPLATE = Path(__file__).parents[1] / "deploy" / "nginx.conf"
# Debian installs it outside of the path of users.
PLACES = ("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx")


def find_program() -> Path | None:
    """Return nginx's program, None where it is not installed."""
    found = [shutil.which("nginx"), *(place for place in PLACES if Path(place).exists())]
    return next((Path(place) for place in found if place), None)


def configuration(folder: Path, port: int, web_ports: Sequence[int]) -> str:
    """Return the configuration that listens on this port of loopback."""
    servers = [f"server 127.0.0.1:{each} max_fails=1 fail_timeout=1s;" for each in web_ports]
    return Template(TEMPLATE.read_text(encoding="utf-8")).safe_substitute(
        NGINX_LISTEN=f"127.0.0.1:{port}", NGINX_SERVERS=" ".join(servers), NGINX_FOLDER=str(folder)
    )


def start_nginx(program: Path, folder: Path, port: int, web_ports: Sequence[int]) -> Child:
    """Return nginx, listening. Raises StackError when it refuses the configuration."""
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, port, web_ports), encoding="utf-8")
    check(program, file)
    child = start(
        "nginx",
        [program, "-p", folder, "-c", file, "-g", "daemon off;", "-e", "stderr"],
        log=folder / "nginx.log",
        cwd=folder,
    )
    child.wait_until(lambda: is_listening(port))
    return child


def check(program: Path, file: Path) -> None:
    """Do nothing if nginx accepts the file. Raises StackError."""
    tested = subprocess.run(
        [program, "-t", "-q", "-p", file.parent, "-c", file, "-e", "stderr"],
        check=False,
        capture_output=True,
        text=True,
    )
    if tested.returncode:
        raise StackError(tested.stderr.strip())
