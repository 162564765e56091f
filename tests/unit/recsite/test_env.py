"""Environment variables are parsed strictly; errors name the variable and do not show its value."""

import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from recsite.config import env
from recsite.config.derived_keys import for_tokens
from recsite.config.env import Environment

KEY, BEFORE, LONG_BEFORE = (text + "x" * 50 for text in ("tests-only-", "before-", "long-before-"))


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ENV_FILE", os.devnull)
    monkeypatch.setenv("SECRET_KEY", KEY)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "file.env"
    monkeypatch.setenv("ENV_FILE", str(path))
    return path


def read_with(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Environment:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return env.read()


class TestEnvironment:
    def test_is_closed_when_nothing_but_the_key_is_set(self):
        read = env.read()

        assert (read.debug, read.secure_ssl_redirect, read.api_open_reads) == (False, True, False)
        assert (read.allowed_hosts, read.trust_proxy_https, read.host) == ([], False, "127.0.0.1")

    def test_refuses_to_do_without_a_key(self, monkeypatch):
        monkeypatch.delenv("SECRET_KEY")

        with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set"):
            env.read()

    def test_takes_the_file_for_what_is_not_set(self, file: Path):
        file.write_text("# a comment\n\nexport TIME_ZONE='Europe/Paris'\n  LOG_LEVEL=debug  \n")

        read = env.read()

        assert (read.time_zone, read.log_level) == ("Europe/Paris", "DEBUG")

    def test_prefers_the_environment_to_the_file(self, monkeypatch, file: Path):
        file.write_text("TIME_ZONE=Europe/Paris\nOPENAI_API_KEY=from-the-file\n")

        read = read_with(monkeypatch, TIME_ZONE="Asia/Tokyo", OPENAI_API_KEY="")

        assert (read.time_zone, read.openai_api_key) == ("Asia/Tokyo", "")

    def test_leaves_the_process_environment_as_it_was(self, file: Path):
        file.write_text("TIME_ZONE=Europe/Paris\n")

        env.read()

        assert "TIME_ZONE" not in os.environ

    def test_takes_an_empty_variable_for_one_not_set(self, monkeypatch):
        read = read_with(monkeypatch, PORT="", SECURE_SSL_REDIRECT="", DATABASE_URL="")

        assert (read.port, read.secure_ssl_redirect) == (8000, True)
        assert read.database["NAME"] == str(env.ROOT / "db.sqlite3")

    def test_refuses_a_file_that_is_named_but_cannot_be_read(self, file: Path):
        with pytest.raises(ImproperlyConfigured, match=r"file\.env cannot be read"):
            env.read()

    def test_names_a_line_of_the_file_that_is_none_without_showing_it(self, file: Path):
        file.write_text("TIME_ZONE=UTC\nOPENAI_API_KEY = sk-secret\n")

        with pytest.raises(ImproperlyConfigured, match=r"file\.env, line 2: expected NAME=value") as caught:
            env.read()

        assert "sk-secret" not in str(caught.value)

    def test_gives_a_leading_dollar_no_meaning(self, monkeypatch):
        key = "$TIME_ZONE" + "x" * 50

        assert read_with(monkeypatch, SECRET_KEY=key).secret_key == key

    def test_drops_blanks_around_the_parts_of_a_list(self, monkeypatch):
        assert read_with(monkeypatch, ALLOWED_HOSTS=" a.example , b.example,").allowed_hosts == [
            "a.example",
            "b.example",
        ]

    @pytest.mark.parametrize("output", ["true", "TRUE", " yes ", "on", "1"])
    def test_knows_a_yes(self, monkeypatch, output: str):
        assert read_with(monkeypatch, DEBUG=output).debug is True

    @pytest.mark.parametrize("output", ["false", "No", "off", "0"])
    def test_knows_a_no(self, monkeypatch, output: str):
        assert read_with(monkeypatch, SECURE_SSL_REDIRECT=output).secure_ssl_redirect is False

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("SECURE_SSL_REDIRECT", "ture", "SECURE_SSL_REDIRECT must be true or false"),  # codespell:ignore
            ("PORT", "hidden", "PORT must be a whole number"),
            ("PORT", "65536", "PORT is 65536. It must be from 1 to 65535"),
            ("OPENAI_TIMEOUT_SECONDS", "5 hidden", "OPENAI_TIMEOUT_SECONDS must be a number"),
            ("OPENAI_TIMEOUT_SECONDS", "nan", "OPENAI_TIMEOUT_SECONDS must be a number"),
            ("OPENAI_TIMEOUT_SECONDS", "0", "OPENAI_TIMEOUT_SECONDS is 0"),
            ("DB_POOL_MIN_SIZE", "-1", "DB_POOL_MIN_SIZE is -1. It must be from 0 to 1000"),
            ("DB_POOL_MAX_SIZE", "some", "DB_POOL_MAX_SIZE must be a whole number"),
            ("DB_POOL_TIMEOUT_SECONDS", "0", "DB_POOL_TIMEOUT_SECONDS is 0"),
            ("STORED_LIST_MAX_AGE", "-1", "STORED_LIST_MAX_AGE is -1"),
            ("LOG_LEVEL", "loud", "LOG_LEVEL must be one of DEBUG, INFO"),
            ("DATABASE_URL", "postgres://me:p/hidden@host/name", "DATABASE_URL must look like"),
            ("DATABASE_URL", "sqlite://hidden.sqlite3", "DATABASE_URL must look like"),
            ("DATABASE_URL", "hidden", "DATABASE_URL must look like"),
            ("DATABASE_URL", "sqlite:////hidden.sqlite3 # the shop", "DATABASE_URL must look like"),
            ("DATABASE_URL", "sqlite:////hidden#shop.sqlite3", "DATABASE_URL must look like"),
            ("DATABASE_URL", "postgres://me@host/hidden name", "DATABASE_URL must look like"),
            ("TIME_ZONE", "Mars/hidden", "TIME_ZONE must be the name of a time zone, such as Europe/Paris"),
            ("CURRENCY", "EURO", "CURRENCY must be the three letters of a currency"),
            ("CURRENCY", "GPB", "CURRENCY must be the three letters of a currency"),
            ("TIME_ZONE", "../hidden", "TIME_ZONE must be the name of a time zone"),
        ],
    )
    def test_names_what_it_cannot_read_without_showing_it(self, monkeypatch, name, value, message):
        with pytest.raises(ImproperlyConfigured, match=f"^{message}") as caught:
            read_with(monkeypatch, **{name: value})

        assert "hidden" not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None

    @pytest.mark.parametrize("hosts", ["", "shop.example", "localhost,shop.example", "*", ".localhost"])
    def test_opens_reads_to_no_other_machine(self, monkeypatch, hosts: str):
        with pytest.raises(ImproperlyConfigured, match="API_OPEN_READS=true lets anyone read"):
            read_with(monkeypatch, API_OPEN_READS="true", ALLOWED_HOSTS=hosts)

    def test_opens_reads_on_loopback(self, monkeypatch):
        assert read_with(
            monkeypatch, API_OPEN_READS="true", ALLOWED_HOSTS="localhost,127.0.0.1,[::1]"
        ).api_open_reads

    def test_has_threads_to_spare_beside_those_that_wait_for_a_model(self, monkeypatch):
        read = read_with(monkeypatch, OPENAI_API_KEY="k", OPENAI_MAX_CONCURRENT="7")

        assert read.web_threads == 9

    def test_has_one_thread_without_a_model(self):
        assert env.read().web_threads == 1

    def test_refuses_to_let_all_threads_wait_for_a_model(self, monkeypatch):
        with pytest.raises(ImproperlyConfigured, match=r"WEB_THREADS is 4.*set it to 6"):
            read_with(monkeypatch, OPENAI_API_KEY="k", OPENAI_MAX_CONCURRENT="4", WEB_THREADS="4")

    def test_takes_a_path_whose_special_characters_are_encoded(self, monkeypatch):
        read = read_with(monkeypatch, DATABASE_URL="sqlite:////my%20shop/no%231.sqlite3")

        assert read.database["NAME"] == "/my shop/no#1.sqlite3"

    def test_knows_postgres(self, monkeypatch):
        read = read_with(monkeypatch, DATABASE_URL="postgres://me@host/name")

        assert read.database["ENGINE"] == "django.db.backends.postgresql"

    def test_pools_a_connection_for_each_thread_and_for_who_renews(self, monkeypatch):
        read = read_with(monkeypatch, WEB_THREADS="5")

        assert (read.db_pool_min_size, read.db_pool_max_size) == (1, 7)

    def test_refuses_a_pool_that_lets_threads_wait_for_a_connection(self, monkeypatch):
        with pytest.raises(ImproperlyConfigured, match=r"DB_POOL_MAX_SIZE is 5. 5 threads.*set it to 7"):
            read_with(
                monkeypatch, DATABASE_URL="postgres://me@host/name", WEB_THREADS="5", DB_POOL_MAX_SIZE="5"
            )

    def test_refuses_a_pool_that_keeps_more_than_it_may_have(self, monkeypatch):
        with pytest.raises(ImproperlyConfigured, match="It must not be more than DB_POOL_MAX_SIZE"):
            read_with(monkeypatch, DB_POOL_MIN_SIZE="9", DB_POOL_MAX_SIZE="8")

    def test_does_not_show_its_secrets(self, monkeypatch):
        read = read_with(
            monkeypatch,
            SECRET_KEY="hidden-1" + "x" * 50,
            OPENAI_API_KEY="hidden-2",
            OPENAI_API_KEY_2="hidden-4",
            DATABASE_URL="postgres://me:hidden-3@host/name",
        )

        assert "hidden" not in repr(read)


class TestSecondModelKey:
    def test_is_a_secret(self, monkeypatch):
        read = read_with(monkeypatch, OPENAI_API_KEY="one", OPENAI_API_KEY_2="two")

        assert {"one", "two"} <= set(read.secrets)

    def test_needs_a_first(self, monkeypatch):
        with pytest.raises(ImproperlyConfigured, match="OPENAI_API_KEY_2 is only used after") as caught:
            read_with(monkeypatch, OPENAI_API_KEY_2="hidden")
        assert "hidden" not in str(caught.value)


class TestSigningKeys:
    def test_are_derived_from_the_secret_key_and_what_it_was(self, monkeypatch):
        read = read_with(monkeypatch, SECRET_KEY_FALLBACKS=f"{BEFORE}, {LONG_BEFORE}")

        assert read.secret_key_fallbacks == [BEFORE, LONG_BEFORE]
        assert read.jwt_signing_key == for_tokens(KEY)
        assert read.jwt_verifying_keys == [for_tokens(BEFORE), for_tokens(LONG_BEFORE)]

    def test_stand_alone_once_one_is_set(self, monkeypatch):
        read = read_with(
            monkeypatch, SECRET_KEY_FALLBACKS=BEFORE, JWT_SIGNING_KEY=KEY, JWT_VERIFYING_KEYS=LONG_BEFORE
        )

        assert (read.jwt_signing_key, read.jwt_verifying_keys) == (KEY, [LONG_BEFORE])

    def test_do_not_show_in_a_repr(self, monkeypatch):
        read = read_with(
            monkeypatch,
            SECRET_KEY_FALLBACKS="hidden" * 9,
            JWT_SIGNING_KEY="hidden" * 9,
            JWT_VERIFYING_KEYS="hidden" * 9,
        )

        assert "hidden" not in repr(read)
