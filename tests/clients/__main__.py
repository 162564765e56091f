"""Generates clients, compiles them, and runs a small program with each against a server: `make clients`.

Languages whose tools are not installed are skipped, each with a line that says so.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.place import ROOT, Place
from tests.stack.shops import filled

PROGRAMS = Path(__file__).with_name("programs")
GENERATOR = "openapi-generator-cli==7.26.0"
ATTRS_GENERATOR = "openapi-python-client==0.29.1"
# What every program prints, whatever its language.
EXPECTED = """\
list 3 ext:gone
session 3 ext:gone
similar 1 similar
page 2
event once
bulk 201 422 201
conditional 304
missing 404 Not Found
limited 429 Too Many Requests
"""
# What the examples of docs/clients.md print, as the page says.
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
SHOWN = "3 products\nstored: purchase\n404: There is no product 'ext:gone'.\n"
TOLERANT = "disallowAdditionalPropertiesIfNotPresent=false"
SCOPES = ("catalog:read", "events:write", "recommend:read")
Command = list[str]


class Failed(Exception):
    """A step of a language failed; the message has its output."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """folder: of one language; schema: the file of the OpenAPI schema; env: what programs are told"""

    folder: Path
    schema: Path
    env: dict[str, str]

    def run(self, *command: str | Path, cwd: Path | None = None) -> str:
        """Return what the command prints. Raises Failed."""
        ran = subprocess.run(
            [str(part) for part in command],
            cwd=cwd or self.folder,
            env={**os.environ, **self.env},
            check=False,
            capture_output=True,
            text=True,
            timeout=900,
        )
        if ran.returncode:
            raise Failed(f"{' '.join(map(str, command))[:200]}\n{(ran.stdout + ran.stderr)[-3000:]}")
        return ran.stdout

    def generate(self, generator: str, name: str, *options: str) -> Path:
        """Return the folder of the client that openapi-generator makes."""
        target = self.folder / name
        tool = _tool(GENERATOR, "openapi-generator-cli")
        self.run(*tool, "generate", "-i", self.schema, "-g", generator, "-o", target, *options)
        return target

    def example(self, language: str, name: str) -> Path:
        """Write the example of docs/clients.md in this language into the folder, and return its path."""
        found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        assert found, language
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(found[1], encoding="utf-8")
        return path

    def program(self, *names: str) -> list[Path]:
        """Return copies of these programs in the folder."""
        return [Path(shutil.copy(PROGRAMS / name, self.folder / name)) for name in names]


def _tool(package: str, name: str, *more: str) -> Command:
    """Return the command of a Python tool that uv installs in an environment of its own."""
    uv = Path(sys.executable).with_name("uv")
    return [str(uv), "tool", "run", "--quiet", *more, "--from", package, name]


def python(shop: Workshop) -> Iterator[str]:
    options = ("--package-name", "shop_client", "--additional-properties", TOLERANT)
    client = shop.generate("python", "client", *options)
    uv = Path(sys.executable).with_name("uv")
    for program in (*shop.program("program.py"), shop.example("python", "example.py")):
        yield shop.run(uv, "run", "--quiet", "--no-project", "--with", client, "--", "python", program)


def attrs(shop: Workshop) -> Iterator[str]:
    tool = _tool(ATTRS_GENERATOR, "openapi-python-client", "--with", "ruff")
    config = shop.folder / "config.yaml"
    config.write_text("project_name_override: shop-attrs-client\npackage_name_override: shop_attrs_client\n")
    target = shop.folder / "client"
    shop.run(*tool, "generate", "--path", shop.schema, "--config", config, "--output-path", target)
    (program,) = shop.program("attrs_program.py")
    uv = Path(sys.executable).with_name("uv")
    yield shop.run(uv, "run", "--quiet", "--no-project", "--with", target, "--", "python", program)


def typescript(shop: Workshop) -> Iterator[str]:
    shop.generate("typescript-fetch", "client", "--additional-properties", "importFileExtension=.js")
    shop.program("program.ts", "paths.ts", "package.json", "tsconfig.json")
    shop.example("typescript", "example.ts")
    shop.run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--omit", "optional")
    shop.run("npx", "openapi-typescript", shop.schema, "--output", "schema.d.ts")
    shop.run("npx", "tsc", "--project", ".")
    yield shop.run("node", "built/program.js")
    yield shop.run("node", "built/paths.js")
    yield shop.run("node", "built/example.js")


def java(shop: Workshop) -> Iterator[str]:
    options = f"library=native,openApiNullable=false,useSingleRequestParameter=true,{TOLERANT}"
    packages = "apiPackage=shop.client.api,modelPackage=shop.client.model,invokerPackage=shop.client"
    client = shop.generate("java", "client", "--additional-properties", f"{options},{packages}")
    sources = [*shop.program("Program.java", "Generated.java"), shop.example("java", "Example.java")]
    sources += (client / "src/main/java").rglob("*.java")
    # The generator's own archive holds Jackson, which the client needs.
    find = "import openapi_generator_cli as cli; print(cli.__path__[0])"
    where = shop.run(*_tool(GENERATOR, "python"), "-c", find).strip()
    (archive,) = Path(where).glob("*.jar")
    (shop.folder / "sources").write_text("\n".join(map(str, sources)))
    shop.run("javac", "-nowarn", "-proc:none", "-cp", archive, "-d", "built", "@sources")
    for name in ("Program", "Example"):
        yield shop.run("java", "-cp", f"{archive}{os.pathsep}built", name)


def go(shop: Workshop) -> Iterator[str]:
    options = ("--package-name", "client", "--additional-properties", TOLERANT)
    client = shop.generate("go", "client", *options)
    for unused in ("go.mod", "go.sum"):
        (client / unused).unlink(missing_ok=True)
    shutil.rmtree(client / "test", ignore_errors=True)
    shop.program("program.go")
    (shop.folder / "go.mod").write_text("module shop\n\ngo 1.19\n")
    shop.example("go", "example/main.go")
    for source, program in ((".", "run-program"), ("./example", "run-example")):
        shop.run("go", "build", "-o", program, source)
        yield shop.run(shop.folder / program)


def lint(shop: Workshop) -> Iterator[str]:
    """Check the schema with redocly and spectral; a warning is an error."""
    shop.program("package.json")
    (shop.folder / ".spectral.yaml").write_text('extends: ["spectral:oas"]\n')
    shop.run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--omit", "optional")
    shop.run("npx", "redocly", "lint", shop.schema, "--max-problems", "20", "--format", "stylish")
    shop.run("npx", "spectral", "lint", shop.schema, "--fail-severity", "hint")
    yield from ()


@dataclass(frozen=True, slots=True)
class Language:
    """title: what is generated; tools: what it needs; steps: generates, compiles and runs programs"""

    title: str
    tools: tuple[str, ...]
    steps: Callable[[Workshop], Iterator[str]]


# openapi-generator is a Java program.
LANGUAGES = {
    "lint": Language("redocly and spectral", ("npm",), lint),
    "python": Language("Python, openapi-generator", ("java",), python),
    "attrs": Language("Python, openapi-python-client", (), attrs),
    "typescript": Language("TypeScript, fetch and openapi-typescript", ("java", "node", "npm"), typescript),
    "java": Language("Java, native", ("java", "javac"), java),
    "go": Language("Go", ("java", "go"), go),
}


def check(name: str, place: Place, server: httpx2.Client, folder: Path) -> bool:
    """Generate, compile and run; print one line, or what failed. Return whether nothing failed."""
    language, began = LANGUAGES[name], time.monotonic()
    if missing := [tool for tool in language.tools if shutil.which(tool) is None]:
        sys.stdout.write(f"{language.title}: skipped, {' and '.join(missing)} not installed\n")
        return True
    own = folder / name
    own.mkdir()
    env = {"SHOP_URL": str(server.base_url).rstrip("/"), "SHOP_KEY": place.key(*SCOPES)}
    n_programs = 0
    try:
        for printed in language.steps(Workshop(own, folder / "schema.json", env)):
            n_programs += 1
            if printed not in (EXPECTED, SHOWN):
                raise Failed(f"Program {n_programs} printed\n{printed}instead of\n{EXPECTED}or\n{SHOWN}")
    except (Failed, subprocess.TimeoutExpired) as error:
        sys.stdout.write(f"{language.title}: FAILED\n{error}\n")
        return False
    what = f"compiles, {n_programs} program(s) right" if n_programs else "no problem"
    sys.stdout.write(f"{language.title}: {what}, {time.monotonic() - began:.0f} s\n")
    return True


@contextmanager
def served(folder: Path) -> Iterator[tuple[Place, httpx2.Client]]:
    """Give the example shop and a client of its server, at which a key may open six sessions a minute."""
    place = filled(
        folder,
        f"sqlite:///{folder / 'shop.sqlite3'}",
        API_OPEN_READS="false",
        THROTTLE_RATES="session:key=6/m",
        WEB_WORKERS="1",
    )
    with place.served(key=place.key("catalog:read")) as server:
        yield place, server


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="language", help=f"of {', '.join(LANGUAGES)}; default: all"
    )
    names = parser.parse_args().names or list(LANGUAGES)
    if unknown := set(names) - LANGUAGES.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(LANGUAGES)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(folder) as (place, server):
            (folder / "schema.json").write_bytes(server.get("/schema.json").raise_for_status().content)
            results = [check(name, place, server, folder) for name in names]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
