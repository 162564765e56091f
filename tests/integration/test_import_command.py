"""`import_shop`: what it says, how it ends, and what it leaves behind when something is wrong."""

import gzip
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog.management.commands.import_shop import PROBLEMS_SHOWN
from catalog.models import Category, Interaction, Product, Tag, User
from tests.factories import StaffFactory
from tests.shops import write_shop

pytestmark = pytest.mark.django_db

EVENTS = [f"ann,tea,view,2026-03-01T09:{minute:02}:00Z" for minute in range(60)]


class Told:
    """Both streams of a command, and the error it ended with."""

    def __init__(self) -> None:
        self.stdout, self.stderr = StringIO(), StringIO()
        self.error = ""

    @property
    def out(self) -> str:
        return self.stdout.getvalue()

    @property
    def problems(self) -> list[str]:
        return [
            line for line in self.stderr.getvalue().splitlines() if ".csv" in line and "lines/s" not in line
        ]


def run(directory: Path, *options: str, **streams: Any) -> Told:
    """Return what the command said, whether it ended well or not."""
    told = Told()
    try:
        call_command(
            "import_shop",
            str(directory),
            *options,
            **{"stdout": told.stdout, "stderr": told.stderr} | streams,
        )
    except CommandError as error:
        told.error = str(error)
    return told


def n_rows() -> list[int]:
    return [model.objects.count() for model in (Product, User, Category, Tag, Interaction)]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a directory with a small shop without fault: two products, two users, sixty events."""
    return write_shop(
        tmp_path,
        products=["tea,Tea,Food,2.50,Black.,hot|leaf", "mug,Mug,Home,8.00,,"],
        users=["ann,Ann", "ben,Ben"],
        interactions=EVENTS,
    )


class TestImportShop:
    def test_stores_a_shop_and_sums_it_up(self, shop):
        told = run(shop)

        assert n_rows() == [2, 2, 2, 2, 60]
        assert told.error == ""
        assert told.out.splitlines()[:5] == [
            "Products:     2 created, 0 updated, 0 unchanged",
            "Users:        2 created, 0 updated, 0 unchanged",
            "Categories:   2 created",
            "Tags:         2 created",
            "Interactions: 60 new, 0 stored before",
        ]
        assert told.out.splitlines()[5].startswith(f"Imported {shop} in ")

    def test_draws_a_bar_for_each_file(self, shop):
        drawn = run(shop).stderr.getvalue()

        assert "importing products.csv: 100%" in drawn
        assert "importing users.csv: 100%" in drawn
        assert "importing interactions.csv: 100%" in drawn
        assert "61/61" in drawn

    def test_says_nothing_when_quiet(self, shop):
        told = run(shop, "--verbosity", "0")

        assert (told.out, told.stderr.getvalue()) == ("", "")

    def test_changes_nothing_the_second_time(self, shop):
        run(shop)

        told = run(shop)

        assert n_rows() == [2, 2, 2, 2, 60]
        assert told.out.splitlines()[:5] == [
            "Products:     0 created, 0 updated, 2 unchanged",
            "Users:        0 created, 0 updated, 2 unchanged",
            "Categories:   0 created",
            "Tags:         0 created",
            "Interactions: 0 new, 60 stored before",
        ]

    def test_reports_what_is_bad_imports_the_rest_and_ends_with_the_count(self, shop):
        (shop / "products.csv").write_text(
            "id,name,category,price,description,tags\ntea,Tea,Food,-3,,\nmug,Mug,Home,8.00,,\n"
        )
        (shop / "interactions.csv").write_text(
            "user_id,product_id,action_type,created_at\nann,tea,view,2026-03-01\nann,mug,view,2026-03-01\n"
        )

        told = run(shop)

        assert told.problems == [
            'products.csv, line 2, column price, value "-3": must be zero or more',
            'interactions.csv, line 2, column product_id, value "tea": '
            "is neither in products.csv nor in the database",
        ]
        assert told.error == "2 problems found; everything else was imported."
        assert n_rows()[::4] == [1, 1]

    def test_ends_the_process_with_1_when_something_is_bad(self, shop, capsys):
        (shop / "users.csv").write_text("id,name\nann,\n")
        from django.core.management import ManagementUtility

        with pytest.raises(SystemExit) as ended:
            ManagementUtility(["manage.py", "import_shop", str(shop), "--skip-checks"]).execute()

        assert ended.value.code == 1
        assert "61 problems found" in capsys.readouterr().err

    def test_prints_the_first_problems_and_counts_the_others(self, shop):
        n = PROBLEMS_SHOWN + 1_150
        write_shop(shop, interactions=[f"eve{i},tea,view,2026-03-01" for i in range(n)])

        told = run(shop)

        assert len(told.problems) == PROBLEMS_SHOWN
        assert "… and 1,150 more." in told.stderr.getvalue()
        assert told.error == "1,250 problems found; everything else was imported."

    def test_prints_problems_even_when_quiet(self, shop):
        write_shop(shop, users=["ann,"])

        assert run(shop, "--verbosity", "0").problems[0].startswith("users.csv, line 2, column name")

    def test_takes_events_of_rows_that_only_the_database_knows(self, shop):
        run(shop)
        write_shop(
            shop,
            products=["pot,Pot,Home,9.00,,"],
            users=["cleo,Cleo"],
            interactions=["ben,mug,click,2026-03-02"],
        )

        told = run(shop)

        assert told.error == ""
        assert n_rows()[::4] == [3, 61]

    def test_does_not_touch_staff(self, shop):
        boss = StaffFactory(external_id="boss", name="The boss")
        write_shop(shop, users=["ann,Ann", "boss,Intruder"])

        told = run(shop)

        boss.refresh_from_db()
        assert boss.name == "The boss"
        assert told.problems == [
            'users.csv, line 3, column id, value "boss": '
            "belongs to a staff account, which an import does not change"
        ]

    def test_refuses_a_directory_that_is_not_there(self, tmp_path):
        assert run(tmp_path / "nowhere").error == (
            f'"{tmp_path / "nowhere"}" is not a directory; name the one that holds products.csv.'
        )

    @pytest.mark.parametrize("name", ["products.csv", "users.csv", "interactions.csv"])
    def test_names_a_missing_file_and_imports_the_others(self, shop, name):
        run(shop)
        write_shop(shop, interactions=[*EVENTS, "ben,mug,click,2026-03-02"])
        (shop / name).unlink()

        told = run(shop)

        assert told.problems == [f"{name}: is missing"]
        assert told.error == "1 problem found; everything else was imported."
        assert Interaction.objects.count() == (60 if name == "interactions.csv" else 61)

    def test_reads_packed_events(self, shop):
        (shop / "interactions.csv.gz").write_bytes(gzip.compress((shop / "interactions.csv").read_bytes()))
        (shop / "interactions.csv").unlink()

        assert "Interactions: 60 new" in run(shop).out

    def test_knows_plain_events_again_when_they_come_packed(self, shop):
        run(shop)
        (shop / "interactions.csv.gz").write_bytes(gzip.compress((shop / "interactions.csv").read_bytes()))
        (shop / "interactions.csv").unlink()

        assert "Interactions: 0 new, 60 stored before" in run(shop).out

    def test_does_not_choose_between_two_files_of_events(self, shop):
        (shop / "interactions.csv.gz").write_bytes(gzip.compress((shop / "interactions.csv").read_bytes()))

        told = run(shop)

        assert told.problems == ["interactions.csv: stands beside interactions.csv.gz; keep one of the two"]
        assert n_rows() == [2, 2, 2, 2, 0]


class Impatient(StringIO):
    """Somebody who presses Ctrl-C on seeing a certain text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def write(self, told: str) -> int:
        if self.text in told:
            self.text = "\0"
            raise KeyboardInterrupt
        return super().write(told)


class TestInterruption:
    @pytest.fixture
    def long_shop(self, shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Return a shop that is written in chunks of ten events and has a problem in the middle."""
        monkeypatch.setattr("catalog.services.shop_events.CHUNK", 10)
        return write_shop(shop, interactions=[*EVENTS[:35], "eve,tea,view,2026-03-01", *EVENTS[35:]])

    def test_keeps_what_is_written_and_ends_with_130(self, long_shop):
        stderr = Impatient("line 37")

        with pytest.raises(SystemExit) as ended:
            run(long_shop, stderr=stderr)

        assert ended.value.code == 130
        assert stderr.getvalue().splitlines()[-1] == (
            "Interrupted: what was imported so far stays; run the same command again to complete it."
        )
        assert n_rows() == [2, 2, 2, 2, 30]

    def test_is_completed_by_a_second_run(self, long_shop):
        with pytest.raises(SystemExit):
            run(long_shop, stderr=Impatient("line 37"))

        told = run(long_shop)

        assert "Interactions: 30 new, 30 stored before" in told.out
        assert n_rows() == [2, 2, 2, 2, 60]

    def test_stores_nothing_when_strict(self, long_shop):
        stderr = Impatient("line 37")

        with pytest.raises(SystemExit) as ended:
            run(long_shop, "--strict", stderr=stderr)

        assert ended.value.code == 130
        assert stderr.getvalue().splitlines()[-1] == "Interrupted: nothing was imported."
        assert n_rows() == [0, 0, 0, 0, 0]


class TestStrict:
    def test_stores_a_shop_without_fault(self, shop):
        told = run(shop, "--strict")

        assert told.error == ""
        assert n_rows() == [2, 2, 2, 2, 60]

    @pytest.mark.parametrize(
        ("name", "line"),
        [
            ("products", "mug2,Mug,Home,free,,"),
            ("users", "cleo,"),
            ("interactions", "ann,gin,view,2026-03-01"),
        ],
    )
    def test_stores_nothing_when_one_row_is_bad(self, shop, name, line):
        with (shop / f"{name}.csv").open("a") as file:
            file.write(line + "\n")

        told = run(shop, "--strict")

        assert told.error == "1 problem found; nothing was imported."
        assert len(told.problems) == 1
        assert n_rows() == [0, 0, 0, 0, 0]

    def test_takes_events_of_rows_that_only_the_database_knows(self, shop):
        run(shop)
        write_shop(shop, products=[], users=[], interactions=["ben,mug,click,2026-03-02"])

        assert "Interactions: 1 new" in run(shop, "--strict").out

    def test_stores_nothing_when_a_file_goes_bad_after_it_was_checked(self, shop):
        class Meddler(StringIO):
            def write(self, told: str) -> int:
                if "importing users.csv" in told:
                    write_shop(shop, interactions=["ann,gin,view,2026-03-01"])
                return super().write(told)

        told = run(shop, "--strict", stderr=Meddler())

        assert told.error == "1 problem found; nothing was imported."
        assert n_rows() == [0, 0, 0, 0, 0]


class TestUnlessImported:
    def test_imports_a_shop_that_is_not_there(self, shop):
        assert "Interactions: 60 new" in run(shop, "--unless-imported").out

    def test_leaves_an_imported_shop_alone(self, shop):
        run(shop)
        Product.objects.filter(external_id="tea").update(name="Green tea")

        told = run(shop, "--unless-imported")

        assert told.out == f"{shop} is imported already; nothing was changed.\n"
        assert Product.objects.get(external_id="tea").name == "Green tea"

    def test_says_nothing_when_quiet(self, shop):
        run(shop)

        assert run(shop, "--unless-imported", "--verbosity", "0").out == ""

    @pytest.mark.parametrize(
        "lost",
        [
            lambda: Interaction.objects.order_by("-occurred_at").first().delete(),
            lambda: User.objects.get(external_id="ben").delete(),
            lambda: Product.objects.get(external_id="mug").delete(),
        ],
        ids=["last event", "user", "product"],
    )
    def test_completes_an_import_that_was_interrupted(self, shop, lost):
        run(shop)
        lost()

        run(shop, "--unless-imported")

        assert n_rows() == [2, 2, 2, 2, 60]

    def test_tells_the_last_event_from_an_identical_one_before(self, shop, monkeypatch):
        monkeypatch.setattr("catalog.services.shop_events.CHUNK", 1)
        write_shop(shop, interactions=[EVENTS[0], EVENTS[1], EVENTS[0]])
        run(shop)
        Interaction.objects.order_by("-id").first().delete()

        run(shop, "--unless-imported")

        assert Interaction.objects.count() == 3

    def test_leaves_a_shop_without_events_alone(self, shop):
        write_shop(shop, interactions=[])
        run(shop)

        assert "is imported already" in run(shop, "--unless-imported").out

    def test_reports_what_is_bad_in_a_shop_that_is_there(self, shop):
        run(shop)
        write_shop(shop, interactions=[*EVENTS, "eve,tea,view,2026-03-01"])

        told = run(shop, "--unless-imported")

        assert told.error == "1 problem found; everything else was imported."
