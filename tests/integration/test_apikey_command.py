"""`manage.py apikey` creates, rotates, revokes and lists keys; a key is written once, to standard output."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from access.models import ApiKey

pytestmark = pytest.mark.django_db


def run(*words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("apikey", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def make(*more: str) -> str:
    return run("make", "Orders", "--scope", "events:write", "users:write", *more)[0].strip()


class TestMake:
    def test_writes_the_key_alone_to_standard_output(self):
        out, err = run("make", "Orders", "--scope", "events:write", "users:write", "--days", "7")

        row = ApiKey.objects.get()
        assert out == f"recs_{row.prefix}_{out[14:]}"
        assert out.count("\n") == 1
        assert f"Orders ({row.prefix}) has the scopes events:write users:write." in err
        assert out.strip() not in err
        assert (row.expires_at - row.created_at).days == 7

    @pytest.mark.parametrize(
        "wrong",
        [
            ["make", "x", "--scope", "users:burn"],
            ["make", "x"],
            ["make", " ", "--scope", "users:read"],
            ["make", "x" * 101, "--scope", "users:read"],
            ["make", "x", "--scope", "users:read", "--days", "0"],
            ["make", "x", "--scope", "users:read", "--days", "-1"],
            ["rotate", "nothing1"],
            ["revoke", "nothing1"],
            ["rotate", "nothing1", "--overlap-hours", "soon"],
            [],
        ],
    )
    def test_refuses_what_cannot_be(self, wrong):
        with pytest.raises(CommandError):
            run(*wrong)
        assert not ApiKey.objects.exists()


class TestRotateAndRevoke:
    def test_go_from_one_key_to_the_next(self):
        old = make()

        new = run("rotate", old[5:13], "--overlap-hours", "24")[0].strip()
        reported = run("revoke", old[5:13])[1]

        states = {row.prefix: row.revoked_at is None for row in ApiKey.objects.all()}
        assert states == {old[5:13]: False, new[5:13]: True}
        assert "is revoked" in reported
        with pytest.raises(CommandError, match="is revoked"):
            run("rotate", old[5:13])


class TestList:
    def test_shows_everything_but_the_secret(self):
        first, second = make("--days", "3"), make()
        run("revoke", second[5:13])

        out, _ = run("list")

        assert [line.split()[:2] for line in out.splitlines()] == [
            [first[5:13], "alive"],
            [second[5:13], "revoked"],
        ]
        assert "Orders: events:write users:write" in out
        assert first[14:] not in out
