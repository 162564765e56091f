"""The service keeps to its OpenAPI document, whatever it is asked: schemathesis, in short."""

from pathlib import Path

from deploy.contract import SCOPES, TOLD, examined
from tests.faults.shops import filled, say

N_EXAMPLES = 8  # an operation; `make stack-test` asks 5,000 times and more, in every phase


class TestContract:
    def test_is_kept(self, tmp_path: Path):
        place = filled(tmp_path, f"sqlite:///{tmp_path / 'shop.sqlite3'}", **TOLD)
        with place.served() as web:
            web.key = place.key(*SCOPES)

            found = examined(web, tmp_path, n_examples=N_EXAMPLES, phases=("examples", "fuzzing"))

        say(found.line())
        assert not found.failures, found.report
        assert found.n_server_errors == 0
        assert 0 not in found.statuses
        assert found.n_cases >= 200
