"""`python -m bench [PART[.SECTION] …]`: run benchmarks, print a table and write a JSON file."""

import argparse
import importlib
import json
import pkgutil
import signal
import sys
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, parts, shops
from bench.figures import Figure, table
from bench.options import Options

RESULTS = Path(__file__).parent / "results"
# The modules of bench/parts. Those with ONLY_WHEN_ASKED only run if they are named.
PARTS = {
    module.name: importlib.import_module(f"bench.parts.{module.name}")
    for module in pkgutil.iter_modules(parts.__path__)
}


def main() -> None:
    asked, options = _read()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended."))  # so that servers are stopped too
    run = machine.described()
    figures: list[Figure] = []
    details = {}
    for name, sections in asked.items():
        measured = PARTS[name].measure(replace(options, sections=sections))
        figures += measured.figures
        details[name] = {"figures": [figure.plain() for figure in measured.figures], **measured.details}
    print(table(figures))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps({**run, "options": asdict(options), "parts": details}, indent=2))
    print(f"On {run['processor']}, {run['cores']} cores, {run['system']}. Written to {path}")


def _read() -> tuple[dict[str, tuple[str, ...]], Options]:
    """Return the requested parts with their sections, and the options."""
    usual = Options()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run the project's benchmarks.")
    parser.add_argument("parts", nargs="*", help=", ".join([*PARTS, *_sections()]))
    parser.add_argument("--sizes", nargs="+", choices=shops.SIZES, default=list(usual.sizes))
    for field in fields(Options):
        if field.name not in ("sizes", "sections"):
            flag = f"--{field.name.replace('_', '-')}"
            parser.add_argument(flag, type=field.type, default=field.default, help=f"default {field.default}")
    given = vars(parser.parse_args())
    wanted: dict[str, tuple[str, ...]] = {}
    for part in given.pop("parts") or [name for name in PARTS if not _only_when_asked(name)]:
        name, _, section = part.partition(".")
        known = getattr(PARTS.get(name), "SECTIONS", ())
        if name not in PARTS or (section and section not in known):
            parser.error(f"There is no {part!r}. Known: {', '.join([*PARTS, *_sections()])}.")
        wanted[name] = (*wanted.get(name, ()), section) if section else ()
    sizes = sorted(given.pop("sizes"), key=shops.SIZES.index)
    return wanted, Options(sizes=tuple(sizes), **given)


def _sections() -> list[str]:
    """Return the sections of the parts that can run alone."""
    return [f"{name}.{piece}" for name, part in PARTS.items() for piece in getattr(part, "SECTIONS", ())]


def _only_when_asked(name: str) -> bool:
    return getattr(PARTS[name], "ONLY_WHEN_ASKED", False)


if __name__ == "__main__":
    main()
