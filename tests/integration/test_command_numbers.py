"""Whole numbers on the command line: taken, or refused with what would be right."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

REFUSED = ["abc", "0", "-5", "1.5", "", "1_0", "٣", "9" * 5_000]


def refusal(command: str, *options: Any) -> str:
    with pytest.raises(CommandError) as caught:
        call_command(command, *options)
    return str(caught.value)


class TestTopN:
    @pytest.mark.parametrize("command", ["generate_recommendations", "show_recommendation"])
    @pytest.mark.parametrize("value", [*REFUSED, "101"])
    def test_must_be_from_1_to_100(self, command: str, value: str):
        output = refusal(command, f"--top-n={value}")

        assert output == "Error: argument --top-n: must be a whole number from 1 to 100"


class TestBatchSize:
    @pytest.mark.parametrize("value", REFUSED)
    def test_must_be_1_or_more(self, value: str):
        output = refusal("generate_recommendations", f"--batch-size={value}")

        assert output == "Error: argument --batch-size: must be a whole number of 1 or more"


@pytest.mark.django_db
class TestTaken:
    @pytest.mark.parametrize("options", [("--top-n", "100"), ("--top-n", "1", "--batch-size", "1")])
    def test_numbers_in_range_are(self, options: tuple[str, ...]):
        output = StringIO()

        call_command("generate_recommendations", *options, "--verbosity", "0", stdout=output)

        assert output.getvalue().startswith("0 users stored")
