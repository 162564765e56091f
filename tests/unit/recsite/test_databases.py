"""Each kind of database is spoken to in its own way, and the address has the last word."""

from recsite.config.databases import POSTGRESQL, SQLITE, PoolSize, configured

POOL = PoolSize(min_size=2, max_size=7, timeout_seconds=1.5, silence_timeout_seconds=4.0)


class TestSqlite:
    def test_lets_readers_read_while_somebody_writes(self):
        options = configured({"ENGINE": SQLITE, "NAME": "shop"}, POOL)["OPTIONS"]

        assert "journal_mode=WAL" in options["init_command"]
        assert options["transaction_mode"] == "IMMEDIATE"

    def test_keeps_its_connection(self):
        assert configured({"ENGINE": SQLITE, "NAME": "shop"}, POOL)["CONN_MAX_AGE"] is None


class TestPostgresql:
    def test_has_a_pool_of_the_size_asked_for(self):
        pool = configured({"ENGINE": POSTGRESQL, "NAME": "shop"}, POOL)["OPTIONS"]["pool"]

        assert (pool["min_size"], pool["max_size"], pool["timeout"]) == (2, 7, 1.5)

    def test_gives_connections_back_and_looks_at_them_before_they_are_used_again(self):
        database = configured({"ENGINE": POSTGRESQL, "NAME": "shop"}, POOL)

        assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (0, False)

    def test_lets_few_wait_while_the_server_is_away(self):
        assert configured({"ENGINE": POSTGRESQL, "NAME": "shop"}, POOL)["ENGINE"] == "recsite.postgresql"

    def test_takes_what_the_address_says_before_its_own(self):
        output = {"sslmode": "require", "connect_timeout": 9}

        options = configured({"ENGINE": POSTGRESQL, "NAME": "shop", "OPTIONS": output}, POOL)["OPTIONS"]

        assert (options["sslmode"], options["connect_timeout"]) == ("require", 9)


class TestAnother:
    def test_keeps_its_connection(self):
        another = configured({"ENGINE": "django.db.backends.mysql", "NAME": "shop"}, POOL)

        assert another["CONN_MAX_AGE"] is None
