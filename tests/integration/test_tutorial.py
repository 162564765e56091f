"""The commands of docs/tutorial.md print what it shows."""

import re
from io import StringIO

import pytest
from django.core.management import call_command

from recsite.config.env import ROOT

TUTORIAL = (ROOT / "docs/tutorial.md").read_text()
SHOWN = re.findall(r"```console\n\$ \.venv/bin/python manage\.py (.+)\n((?:.*\n)+?)```", TUTORIAL)


@pytest.fixture
def shop(db: None) -> str:
    """Return what the import of the example shop prints."""
    printed = StringIO()
    call_command("import_shop", "data/example_shop", stdout=printed)
    return printed.getvalue()


def matches(shown: str, printed: str) -> bool:
    """Return whether the text is what is shown, in which "…" stands for anything."""
    return bool(re.fullmatch(re.escape(shown).replace("…", ".*"), printed, re.DOTALL))


class TestTutorial:
    def test_imports_the_shop(self, shop: str):
        [imported] = re.findall(r"```text\n((?:.*\n)+?)```", TUTORIAL)

        assert imported in shop

    def test_shows_commands(self):
        assert len(SHOWN) >= 4

    @pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command for command, _ in SHOWN])
    def test_shows_what_its_commands_print(self, shop: str, command: str, shown: str):
        name, *arguments = command.split()
        printed = StringIO()

        call_command(name, *arguments, stdout=printed)

        assert matches(shown, printed.getvalue()), printed.getvalue()


class TestMatches:
    def test_takes_dots_for_anything(self):
        assert matches("a …\n…\nz\n", "a b\nc\nd\nz\n")

    def test_needs_the_rest_to_be_the_same(self):
        assert not matches("a …\nz\n", "a b\ny\n")
