"""Tests of the rows that an interrupted or strict `import_shop` leaves."""

from io import StringIO
from pathlib import Path

import pytest

from tests.shops import EVENTS, n_rows, run_import, write_shop, write_small_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_small_shop(tmp_path)


class Impatient(StringIO):
    """A stream that raises KeyboardInterrupt when a certain text is written."""

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
        """Return a shop that is stored in chunks of ten events and has a problem in the middle."""
        monkeypatch.setattr("catalog.importing.events.CHUNK", 10)
        return write_shop(shop, interactions=[*EVENTS[:35], "eve,tea,view,2026-03-01", *EVENTS[35:]])

    def test_keeps_what_is_written_and_ends_with_130(self, long_shop):
        stderr = Impatient("line 37")

        with pytest.raises(SystemExit) as ended:
            run_import(long_shop, stderr=stderr)

        assert ended.value.code == 130
        assert stderr.getvalue().splitlines()[-1] == (
            "Interrupted: the rows imported so far are kept; run the same command again to import the rest."
        )
        assert n_rows() == [2, 2, 2, 2, 30]

    def test_is_completed_by_a_second_run(self, long_shop):
        with pytest.raises(SystemExit):
            run_import(long_shop, stderr=Impatient("line 37"))

        told = run_import(long_shop)

        assert "Interactions: 30 new, 30 already stored" in told.out
        assert n_rows() == [2, 2, 2, 2, 60]

    def test_stores_nothing_when_strict(self, long_shop):
        stderr = Impatient("line 37")

        with pytest.raises(SystemExit) as ended:
            run_import(long_shop, "--strict", stderr=stderr)

        assert ended.value.code == 130
        assert stderr.getvalue().splitlines()[-1] == "Interrupted: nothing was imported."
        assert n_rows() == [0, 0, 0, 0, 0]


class TestStrict:
    def test_stores_a_shop_without_fault(self, shop):
        told = run_import(shop, "--strict")

        assert told.error == ""
        assert n_rows() == [2, 2, 2, 2, 60]

    @pytest.mark.parametrize(
        ("name", "line"),
        [
            ("products", "mug2,Mug,Home,free,,"),
            ("users", "cl/eo,Cleo"),
            ("interactions", "ann,gin,view,2026-03-01"),
        ],
    )
    def test_stores_nothing_when_one_row_is_bad(self, shop, name, line):
        with (shop / f"{name}.csv").open("a") as file:
            file.write(line + "\n")

        told = run_import(shop, "--strict")

        assert told.error == "1 problem found; nothing was imported."
        assert len(told.problems) == 1
        assert n_rows() == [0, 0, 0, 0, 0]

    def test_writes_nothing_before_it_has_read_everything(self, shop, django_assert_max_num_queries):
        write_shop(shop, interactions=[*EVENTS, "ann,gin,view,2026-03-01"])

        with django_assert_max_num_queries(4) as queries:  # products, users
            run_import(shop, "--strict")

        assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)

    def test_takes_events_of_rows_that_only_the_database_knows(self, shop):
        run_import(shop)
        write_shop(shop, products=[], users=[], interactions=["ben,mug,click,2026-03-02"])

        assert "Interactions: 1 new" in run_import(shop, "--strict").out

    def test_stores_nothing_when_a_file_goes_bad_after_it_was_checked(self, shop):
        class Meddler(StringIO):
            def write(self, told: str) -> int:
                if "importing users.csv" in told:
                    write_shop(shop, interactions=["ann,gin,view,2026-03-01"])
                return super().write(told)

        told = run_import(shop, "--strict", stderr=Meddler())

        assert told.error == "1 problem found; nothing was imported."
        assert n_rows() == [0, 0, 0, 0, 0]
