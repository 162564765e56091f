"""Export and erasure of all data about one person."""

import json
import stat
import zlib
from io import StringIO
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import models
from django.test.utils import isolate_apps

from access.models import Account
from catalog.api.bulk import response_body
from catalog.models import Interaction, StoredAnswer, User
from catalog.services.bulk_interactions import Outcome
from privacy import relations as walked
from privacy.checks import every_relation_is_covered
from privacy.erasure_rules import ERASURE_RULES, ErasureRule
from privacy.indirect_references import indirect_references
from privacy.models import Receipt
from privacy.relations import relations, relations_without_rule
from privacy.services.erase import count_rows, erase
from privacy.services.export import collect
from recommendations import wiring
from recommendations.caching.histories import MIN_CACHED_EVENTS
from tests.factories import (
    NOON,
    AccountFactory,
    InteractionFactory,
    ProductFactory,
    StaffFactory,
    UserFactory,
)
from tests.integration.traces import (
    EMAIL,
    EXTERNAL_ID,
    ID,
    TRACES,
    account_known_everywhere,
    answered,
    found,
    labels,
    user_known_everywhere,
)

pytestmark = pytest.mark.django_db
persons = pytest.mark.parametrize("person", [User, Account])
known = pytest.mark.parametrize("known_everywhere", [user_known_everywhere, account_known_everywhere])


def command(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


class TestCoverage:
    """A new table that refers to a person must have an erasure rule."""

    def test_decides_what_becomes_of_every_relation(self):
        assert relations_without_rule() == []
        assert every_relation_is_covered(None) == []

    @persons
    def test_has_a_trace_for_every_relation_and_every_mention(self, person):
        ways = {relation.name for relation in relations(person)}
        ways |= {reference.label for reference in indirect_references(person)}

        assert ways == {trace.name for trace in TRACES[person]}

    @persons
    def test_walks_every_model_that_has_a_column_for_a_person(self, person):
        from django.apps import apps

        columns = {
            f"{model._meta.label}.{field.name}"
            for model in apps.get_models(include_auto_created=True)
            for field in model._meta.get_fields(include_hidden=True)
            if field.concrete
            and field.is_relation
            and field.related_model is person
            and not field.many_to_many
        }

        assert columns
        assert columns <= {relation.name for relation in relations(person)}

    def test_is_checked_by_django(self, monkeypatch):
        monkeypatch.delitem(ERASURE_RULES, "privacy.Receipt.by")

        errors = [message for message in run_checks() if message.id == "privacy.E001"]

        assert [error.msg.split()[0] for error in errors] == ["privacy.Receipt.by"]

    @isolate_apps("privacy")
    def test_finds_what_hangs_on_rows_that_know_the_user(self, monkeypatch):
        class Complaint(models.Model):  # noqa: DJ008
            interaction = models.ForeignKey(Interaction, models.CASCADE, related_name="+")

            class Meta:
                app_label = "privacy"

        class Reply(models.Model):  # noqa: DJ008
            complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="+")

            class Meta:
                app_label = "privacy"

        real = walked.apps.get_models(include_auto_created=True)
        monkeypatch.setattr(
            walked.apps, "get_models", lambda include_auto_created=False: [*real, Complaint, Reply]
        )

        paths = {relation.name: relation.path for relation in relations(User)}

        assert paths["privacy.Complaint.interaction"] == "interaction__user"
        assert paths["privacy.Reply.complaint"] == "complaint__interaction__user"
        assert relations_without_rule() == ["privacy.Reply.complaint"]


class TestExport:
    def test_holds_every_row_that_knows_the_user(self):
        user = user_known_everywhere()
        others = InteractionFactory(event_key="of another")

        document = collect(user, now=NOON)

        assert set(document["tables"]) == labels(User)
        assert document["user"]["external_id"] == EXTERNAL_ID
        events = document["tables"]["catalog.Interaction"]
        assert len(events) == 2
        assert others.pk not in {event["id"] for event in events}
        assert events[0]["product"] == {"id": user.interactions.first().product_id, "name": "Product 0"} | {
            "name": user.interactions.first().product.name
        }

    def test_holds_every_row_that_knows_the_account(self):
        account = account_known_everywhere()

        document = collect(account, now=NOON)

        assert set(document["tables"]) == labels(Account)
        assert document["account"]["email"] == EMAIL

    @known
    def test_holds_no_row_twice(self, known_everywhere):
        for rows in collect(known_everywhere(), now=NOON)["tables"].values():
            ids = [row["id"] for row in rows if "id" in row]
            assert len(ids) == len(set(ids))

    def test_holds_nothing_that_lets_somebody_in(self):
        account = account_known_everywhere()
        account.set_password("hunter2-hunter2")
        account.save()

        text = json.dumps(collect(account, now=NOON), default=str)

        assert account.password not in text
        for secret in ("session_key", "session_data", "password_mark", "jti"):
            assert f'"{secret}"' not in text

    def test_comes_as_one_json_document(self):
        user_known_everywhere()

        by_number, by_key = command("export_user", str(ID)), command("export_user", f"ext:{EXTERNAL_ID}")

        assert json.loads(by_number)["user"] == json.loads(by_key)["user"]
        assert json.loads(by_number)["user"]["id"] == ID

    def test_of_an_account_is_asked_for_by_username(self):
        AccountFactory(pk=ID, username="ada")
        UserFactory(pk=ID)

        document = json.loads(command("export_user", "account:ada"))

        assert document["account"]["username"] == "ada"
        assert "user" not in document

    def test_is_written_to_a_new_file_for_its_owner_only(self, tmp_path: Path):
        UserFactory(external_id="a")
        file = tmp_path / "a.json"

        command("export_user", "ext:a", "--output", str(file))

        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert json.loads(file.read_text())["user"]["external_id"] == "a"
        with pytest.raises(CommandError, match="cannot be created"):
            command("export_user", "ext:a", "--output", str(file))

    def test_leaves_a_receipt_that_says_nothing_of_whom(self):
        user_known_everywhere()
        before = set(found())

        command("export_user", str(ID))

        assert Receipt.objects.latest("pk").counts["catalog.Interaction"] == 2
        assert set(found()) == before

    @pytest.mark.parametrize("name", ["export_user", "erase_user"])
    @pytest.mark.parametrize("reference", ["12345", "ext:nobody", "anna", "0", "account:nobody"])
    def test_names_whom_it_does_not_know(self, name: str, reference: str):
        with pytest.raises(CommandError):
            command(name, reference)


class TestErase:
    @known
    def test_leaves_no_trace_in_any_table_or_cache(self, known_everywhere):
        person = known_everywhere()
        assert len(found()) > 15

        erase(person, by=None, now=NOON)

        assert found() == []

    @pytest.mark.parametrize("external_id", ['say "hi"\\now', "é\u2028ü", "long-" * 50])
    def test_finds_them_in_kept_answers_however_json_writes_them(self, external_id: str):
        user = UserFactory(external_id=external_id)
        reported = {
            "field": "product_id",
            "value": f"ext:{external_id}",
            "message": "There is no such product.",
        }
        body = response_body([Outcome(422, None, (reported,))])
        StoredAnswer.objects.create(
            caller="key:x", key="k", request_digest="d", body=zlib.compress(body), created_at=NOON
        )

        erase(user, by=None, now=NOON)

        assert not StoredAnswer.objects.exists()

    @pytest.mark.parametrize(
        ("external_id", "key"),
        [
            ("zoe-4711", "orders-of-zoe-4711"),
            ("zoe-4711", "ORDERS-ZOE-4711-1"),
            ("zoë:1", "orders-zo%C3%AB%3A1"),
            (None, "user-{pk}-orders"),
            (None, "user_id={pk}"),
            (None, "user/{pk}"),
        ],
    )
    def test_finds_them_in_the_keys_that_callers_choose(self, external_id: str | None, key: str):
        user = UserFactory(external_id=external_id)
        answered("key:x", "{}", key.format(pk=user.pk))

        erase(user, by=None, now=NOON)

        assert not StoredAnswer.objects.exists()

    @pytest.mark.parametrize("key", ["of-ada-1", "of-ADA@EXAMPLE.ORG", "account:{pk}"])
    def test_finds_accounts_in_the_keys_that_callers_choose(self, key: str):
        account = AccountFactory(username="ada", email="ada@example.org")
        answered("key:x", "{}", key.format(pk=account.pk))

        erase(account, by=None, now=NOON)

        assert not StoredAnswer.objects.exists()

    @pytest.mark.parametrize("key", ["batch-{pk}", "user-{pk}0", "orders-of-ida"])
    def test_leaves_the_keys_of_others(self, key: str):
        user = UserFactory(external_id="zoe-4711")
        answered("key:x", "{}", key.format(pk=user.pk))

        erase(user, by=None, now=NOON)

        assert StoredAnswer.objects.exists()

    def test_finds_the_number_that_an_answer_refuses(self):
        user = UserFactory()
        reported = {"field": "user_id", "value": user.pk, "message": "There is no such user."}
        answered("key:x", response_body([Outcome(422, None, (reported,))]).decode(), "k")

        erase(user, by=None, now=NOON)

        assert not StoredAnswer.objects.exists()

    def test_leaves_everybody_else_as_they_were(self):
        other = InteractionFactory(user=UserFactory(external_id="ext-canary-77"), event_key="k")
        user_known_everywhere()
        kept = set(Interaction.objects.exclude(user=ID).values_list("pk", flat=True))

        erase(User.objects.get(pk=ID), by=None, now=NOON)

        assert set(Interaction.objects.values_list("pk", flat=True)) == kept >= {other.pk}

    def test_of_a_user_leaves_the_account_of_the_same_number_as_it_was(self):
        account = account_known_everywhere()
        before = collect(account, now=NOON)

        erase(UserFactory(pk=ID), by=None, now=NOON)

        assert collect(account, now=NOON) == before

    def test_of_an_account_leaves_the_user_of_the_same_number_as_it_was(self):
        user = user_known_everywhere()
        before = collect(user, now=NOON)

        erase(AccountFactory(pk=ID), by=None, now=NOON)

        assert collect(user, now=NOON) == before

    @known
    def test_gives_a_receipt_of_what_it_took(self, known_everywhere):
        person = known_everywhere()
        foreseen = count_rows(person)
        boss = StaffFactory()

        receipt = erase(person, by=boss, now=NOON)

        assert receipt.counts == {"gone": foreseen.gone, "forgot": foreseen.forgot}
        assert receipt.counts["gone"][person._meta.label] == 1
        assert (receipt.by, receipt.at) == (boss, NOON)

    def test_lets_rows_of_the_shop_stay(self):
        account = account_known_everywhere()
        stay = [relation for relation in relations(Account) if relation.rule is ErasureRule.ANONYMIZE]
        before = {relation.name: relation.model._base_manager.count() for relation in stay}

        erase(account, by=None, now=NOON)

        receipts = {"privacy.Receipt.by": 1}  # its own
        after = {relation.name: relation.model._base_manager.count() for relation in stay}
        assert after == {name: n + receipts.get(name, 0) for name, n in before.items()}

    def test_makes_the_same_person_a_stranger(self, client, settings):
        settings.API_OPEN_READS = True
        user = UserFactory(external_id="anna", name="Anna")
        bought = ProductFactory(name="Lamp")
        ProductFactory(name="Other")
        InteractionFactory(user=user, product=bought)
        call_command("generate_recommendations", verbosity=0)
        known = client.get("/recommend/ext:anna").json()

        command("erase_user", "ext:anna", "--yes")
        gone = client.get("/recommend/ext:anna").status_code
        UserFactory(external_id="anna", name="Anna")
        anew = client.get("/recommend/ext:anna").json()

        assert gone == 404
        assert known["fallback"] is None
        assert anew["fallback"] == "popular"
        assert anew["user_id"] != known["user_id"]
        assert client.get("/users/ext:anna/interactions").json()["count"] == 0

    def test_asks_first(self, monkeypatch):
        UserFactory(external_id="anna")
        monkeypatch.setattr("sys.stdin", StringIO())

        with pytest.raises(CommandError, match="Add --yes"):
            command("erase_user", "ext:anna")

        assert User.objects.filter(external_id="anna").exists()

    @pytest.mark.parametrize(("typed", "is_gone"), [("ext:anna", True), ("yes", False), ("", False)])
    def test_takes_only_the_very_same_words_for_a_yes(self, monkeypatch, typed: str, is_gone: bool):
        class Terminal(StringIO):
            def isatty(self) -> bool:
                return True

        UserFactory(external_id="anna")
        monkeypatch.setattr("sys.stdin", Terminal(f"{typed}\n"))

        if is_gone:
            assert '"catalog.User": 1' in command("erase_user", "ext:anna")
        else:
            with pytest.raises(CommandError, match="Nothing was erased"):
                command("erase_user", "ext:anna")

        assert User.objects.filter(external_id="anna").exists() != is_gone


class TestKeptAnswers:
    @pytest.mark.django_db(transaction=True)
    def test_are_gone_from_the_memory_of_the_process_that_erases(self, client, settings):
        settings.API_OPEN_READS = True
        user = UserFactory(external_id="anna")
        InteractionFactory(user=user)
        ProductFactory()
        call_command("generate_recommendations", verbosity=0)
        for _ in range(2):
            client.get(f"/recommend/{user.pk}?top_n=1")
        assert wiring.response_cache().user_ids() == {user.pk}

        erase(user, by=None, now=NOON)

        assert wiring.response_cache().user_ids() == set()

    def test_are_not_given_by_another_process(self, client, settings):
        settings.API_OPEN_READS = True
        user = UserFactory(external_id="anna")
        InteractionFactory(user=user)
        ProductFactory()
        call_command("generate_recommendations", verbosity=0)
        for _ in range(2):
            client.get(f"/recommend/{user.pk}?top_n=1")

        User.objects.filter(pk=user.pk).delete()  # as another process does it: nothing is dropped here

        assert wiring.response_cache().user_ids()
        assert client.get(f"/recommend/{user.pk}?top_n=1").status_code == 404

    def test_leave_the_memory_of_other_processes_as_the_catalogue_is_read_anew(self, client, settings):
        settings.API_OPEN_READS = True
        stays, goes = (InteractionFactory().user for _ in range(2))
        call_command("generate_recommendations", verbosity=0)
        for user in (stays, goes):
            for _ in range(2):
                client.get(f"/recommend/{user.pk}?top_n=1")
        User.objects.filter(pk=goes.pk).delete()

        wiring.forget_deleted_users()

        assert wiring.response_cache().user_ids() == {stays.pk}

    @pytest.mark.parametrize("n_events", [1, MIN_CACHED_EVENTS], ids=["short", "long"])
    def test_take_histories_with_them(self, client, settings, n_events: int):
        settings.API_OPEN_READS = True
        stays, goes = UserFactory(), UserFactory()
        for user in (stays, goes):
            InteractionFactory.create_batch(n_events, user=user, product=ProductFactory())
            client.get(f"/recommend/{user.pk}")
        assert wiring.history_cache().user_ids() == {stays.pk, goes.pk}
        User.objects.filter(pk=goes.pk).delete()

        wiring.forget_deleted_users()

        assert wiring.history_cache().user_ids() == {stays.pk}

    @pytest.mark.django_db(transaction=True)
    def test_take_their_history_with_them_in_the_process_that_erases(self, client, settings):
        settings.API_OPEN_READS = True
        user = InteractionFactory().user
        client.get(f"/recommend/{user.pk}")
        assert wiring.history_cache().user_ids() == {user.pk}

        erase(user, by=None, now=NOON)

        assert wiring.history_cache().user_ids() == set()
