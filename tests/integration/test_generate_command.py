"""manage.py generate_recommendations."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from catalog.models import User
from recommendations import wiring
from recommendations.batch import generate as module
from recommendations.models import StoredList
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db

# The discard port, on which nothing listens.
UNREACHABLE = {
    "CLASS": "recommendations.explainers.openai.OpenAIExplainer",
    "OPTIONS": {
        "api_key": "a-key",
        "base_url": "http://127.0.0.1:9/v1",
        "model": "a-model",
        "temperature": 0.7,
        "max_tokens": 150,
        "timeout_seconds": 5,
        "max_concurrent": 2,
    },
}


@pytest.fixture
def shoppers() -> list[User]:
    users = UserFactory.create_batch(3)
    products = ProductFactory.create_batch(15, category="Audio", tags=["wireless"])
    for user in users[:2]:
        InteractionFactory(user=user, product=products[0])
    return users


def generate(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("generate_recommendations", *args, stdout=out, **options)
    return out.getvalue()


class TestGenerateRecommendations:
    def test_stores_one_list_of_ten_for_every_shopper(self, shoppers: list[User]):
        AccountFactory()

        generate()

        assert set(StoredList.objects.values_list("user_id", flat=True)) == {user.id for user in shoppers}
        assert {len(stored.picks) for stored in StoredList.objects.all()} == {10}

    def test_says_how_many_users_it_took_how_long_and_how_many_fell_back(self, shoppers: list[User]):
        output = generate()

        assert output.startswith("3 users stored in ")
        assert "users/s), 1 of them with popular products only." in output

    def test_replaces_the_former_lists_when_run_again(self, shoppers: list[User]):
        generate("--top-n", "3")

        generate("--top-n", "7")

        assert [len(stored.picks) for stored in StoredList.objects.all()] == [7, 7, 7]

    def test_gives_the_same_lists_whatever_the_batch_size(self, shoppers: list[User]):
        generate()
        whole = list(StoredList.objects.order_by("user_id").values_list("picks", "summary", "fallback"))

        generate("--batch-size", "1")

        assert (
            list(StoredList.objects.order_by("user_id").values_list("picks", "summary", "fallback")) == whole
        )

    def test_stores_nothing_on_a_dry_run(self, shoppers: list[User]):
        output = generate("--dry-run")

        assert "3 users computed, none stored" in output
        assert not StoredList.objects.exists()

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="Any process sees the database of a server.")
    def test_stays_in_one_process_where_others_would_not_see_the_database(self, shoppers: list[User]):
        assert "mode=memory" in connection.settings_dict["NAME"]

        assert generate("--processes", "2").startswith("3 users stored in ")

    def test_takes_users_by_number_and_by_the_shops_own_key(self, shoppers: list[User]):
        generate("--users", str(shoppers[0].id), f"ext:{shoppers[2].external_id}")

        stored = set(StoredList.objects.values_list("user_id", flat=True))
        assert stored == {shoppers[0].id, shoppers[2].id}

    def test_reports_unknown_users_once_the_others_are_done(self, shoppers: list[User]):
        with pytest.raises(CommandError, match=r"--users ext:nobody: There is no shopper ext:nobody"):
            generate("--users", "ext:nobody", str(shoppers[0].id))

        assert StoredList.objects.get().user_id == shoppers[0].id

    def test_reports_an_id_that_can_be_nobodys(self, shoppers: list[User]):
        with pytest.raises(CommandError, match="--users abc"):
            generate("--users", "abc")

    def test_lists_the_strategies_when_there_is_none_of_that_name(self, shoppers: list[User]):
        with pytest.raises(CommandError, match="no strategy 'magic'; choose from collaborative, content"):
            generate("--strategy", "magic")

    @pytest.mark.parametrize(
        ("option", "value"), [("--top-n", "0"), ("--top-n", "101"), ("--batch-size", "0")]
    )
    def test_refuses_numbers_out_of_range(self, option: str, value: str):
        with pytest.raises(CommandError, match=option):
            generate(option, value)

    def test_writes_texts_when_asked(self, shoppers: list[User]):
        generate("--explain")

        texts = [stored.explanation for stored in StoredList.objects.order_by("user_id")]
        assert all(text.startswith("Hi Shopper") for text in texts)
        assert set(StoredList.objects.values_list("explanation_source", flat=True)) == {"template"}

    def test_stores_no_text_in_place_of_a_models_and_says_how_many_are_missing(
        self, shoppers: list[User], settings: Any
    ):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "EXPLAINER": UNREACHABLE}
        wiring.forget()

        output = generate("--explain")

        assert "3 explanations were not written by the language model and are not stored." in output
        assert set(StoredList.objects.values_list("explanation", "explanation_source")) == {("", "")}

    def test_goes_on_after_a_chunk_that_failed_and_exits_with_an_error(
        self, shoppers: list[User], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ):
        store = module.replace_lists

        def failing_first(lists: list[StoredList]) -> int:
            if lists[0].user_id == shoppers[0].id:
                raise DatabaseError("the disk is full")
            return store(lists)

        monkeypatch.setattr(module, "replace_lists", failing_first)

        with pytest.raises(CommandError, match="1 users failed"):
            generate("--batch-size", "1")

        assert StoredList.objects.count() == 2
        assert "the disk is full" in caplog.text

    def test_keeps_what_is_written_when_interrupted_and_exits_130(
        self, shoppers: list[User], monkeypatch: pytest.MonkeyPatch
    ):
        store, calls = module.replace_lists, []

        def interrupted(lists: list[StoredList]) -> int:
            calls.append(lists)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return store(lists)

        monkeypatch.setattr(module, "replace_lists", interrupted)

        with pytest.raises(SystemExit) as stopped:
            generate("--batch-size", "1")

        assert stopped.value.code == 130
        assert StoredList.objects.count() == 1

    def test_leaves_out_a_shopper_who_was_deleted_meanwhile(
        self, shoppers: list[User], monkeypatch: pytest.MonkeyPatch
    ):
        store = module.replace_lists

        def late(lists: list[StoredList]) -> int:
            shoppers[2].delete()
            return store(lists)

        monkeypatch.setattr(module, "replace_lists", late)

        assert generate().startswith("2 users stored")

    def test_has_nothing_to_do_in_an_empty_shop(self):
        assert generate().startswith("0 users stored")

    def test_shows_a_progress_bar_with_rate(self, shoppers: list[User], capsys: pytest.CaptureFixture[str]):
        generate()

        shown = capsys.readouterr().err
        assert "3/3" in shown
        assert "users/s" in shown


class TestShowRecommendation:
    def test_prints_the_first_shopper_with_a_history(self, shoppers: list[User]):
        out = StringIO()

        call_command("show_recommendation", stdout=out)

        assert out.getvalue().startswith(f"GET /recommend/{shoppers[0].id}?top_n=5\n{{")
        assert '"recommended_products": [' in out.getvalue()

    def test_prints_the_shopper_that_is_named(self, shoppers: list[User]):
        out = StringIO()

        call_command("show_recommendation", f"ext:{shoppers[1].external_id}", "--top-n", "2", stdout=out)

        assert f'"user_id": {shoppers[1].id}' in out.getvalue()

    @pytest.mark.parametrize("user", ["ext:nobody", "abc"])
    def test_says_that_there_is_no_such_shopper(self, user: str):
        with pytest.raises(CommandError):
            call_command("show_recommendation", user)

    def test_says_what_to_do_in_an_empty_shop(self):
        with pytest.raises(CommandError, match="import_shop"):
            call_command("show_recommendation")
