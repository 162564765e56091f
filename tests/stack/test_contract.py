"""The service conforms to its OpenAPI document for all requests that schemathesis generates."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from stack.deployment import Deployment
from tests.conftest import new_database
from tests.database_files import DatabaseFiles
from tests.place import Place
from tests.stack.load import Record
from tests.stack.shops import filled, filled_file

CONFIG = Path(__file__).with_name("schemathesis.toml")
# Without a key nothing is answered, and with one nothing is limited: thousands of requests would meet
# nothing but limits.
SETTINGS = {"API_OPEN_READS": "false", "THROTTLE_RATES": "all=off"}


def examine(place: Place, *options: str) -> tuple[dict[str, object], Counter[int], str]:
    """Return schemathesis's report on a web server of this place, the response statuses, and its output.

    A status of 0 is a missing response.
    """
    key, document, reports = place.api_key, place.folder / "openapi.yaml", place.folder / "reports"
    with place.served("contract", key=key) as web:
        answer = web.get("/schema")
        assert answer.status_code == httpx2.codes.OK, answer.text
        document.write_text(answer.text, encoding="utf-8")
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIG, "--no-color"),
                *("run", document, "--url", str(web.base_url), "--checks", "all", *options),
                *("--seed", "1", "--request-timeout", "60", "--no-shrink"),
                *("--report", "json,ndjson", "--report-dir", reports),
            ],
            cwd=place.folder,
            env={**os.environ, "SHOP_KEY": key, "NO_PROXY": "127.0.0.1"},
            check=False,
            capture_output=True,
            text=True,
        )
    output = f"{ran.stdout}\n{ran.stderr}"
    found = [*reports.glob("json-*.json"), *reports.glob("ndjson-*.ndjson")]
    assert len(found) == 2, f"schemathesis ended with {ran.returncode}: {output[-2000:]}"
    report, events = found
    return json.loads(report.read_text(encoding="utf-8")), statuses(events), output


def statuses(events: Path) -> Counter[int]:
    """Return the number of recorded responses by status."""
    found: Counter[int] = Counter()
    with events.open(encoding="utf-8") as lines:
        for line in lines:
            scenario = json.loads(line).get("ScenarioFinished")
            for one in scenario["recorder"].get("interactions", {}).values() if scenario else ():
                found[(one.get("response") or {}).get("status_code", 0)] += 1
    return found


def assert_kept(examined: tuple[dict[str, object], Counter[int], str], *, least: int) -> str:
    """Fail if there are findings, or if fewer cases were sent; return the figures as one line."""
    report, found, output = examined
    n_cases, n_operations = report["test_cases"]["generated"], report["operations"]["tested"]  # type: ignore[index]
    line = f"{n_cases:,} cases of {n_operations} operations: {dict(sorted(found.items()))}"
    assert not report["failures"], f"{line}\n{output}"
    assert not report["errors"], f"{line}\n{output}"
    assert [status for status in found if status == 0 or status >= 500] == [], line
    assert n_cases >= least, line
    return line


class TestContract:
    def test_is_kept(self, tmp_path: Path, database_files: DatabaseFiles):
        place = filled_file(database_files, tmp_path / "shop.sqlite3", tmp_path, **SETTINGS)

        examined = examine(place, "--phases", "examples,fuzzing", "--max-examples", "8")

        assert_kept(examined, least=200)

    @pytest.mark.full
    @pytest.mark.timeout(1800)
    def test_is_kept_by_a_whole_deployment(
        self,
        deployment: Deployment,
        tmp_path: Path,
        record_property: Record,
    ):
        """Uses its own database, since schemathesis deletes rows."""
        with new_database(deployment.env["DATABASE_URL"], "contract") as url:
            place = filled(tmp_path, url, **{**deployment.env, "DATABASE_URL": url, **SETTINGS})
            phases = "examples,coverage,fuzzing,stateful"

            examined = examine(place, "--phases", phases, "--max-examples", "100")

        record_property("contract", assert_kept(examined, least=5_000))
