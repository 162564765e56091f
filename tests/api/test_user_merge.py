"""Tests of POST /users/{id}/merge, and of the ids that lead to another user after it."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from access.scopes import Scope
from catalog.models import FormerUser, Interaction, User
from tests.api.callers import bearer, key_header, key_with, shopper_token
from tests.factories import NOON, AccountFactory, InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest() -> User:
    return UserFactory(external_id="guest", name="Guest")


@pytest.fixture
def account() -> User:
    return UserFactory(external_id="account", name="Ada")


def merge(client, user, into):
    return client.post(f"/users/{user}/merge", {"into": into}, format="json")


class TestMerge:
    def test_moves_events_and_keeps_the_same_ones_once(self, staff_client, guest, account):
        lamp, chair = ProductFactory(), ProductFactory()
        for user in (guest, account):
            InteractionFactory(user=user, product=lamp, action_type="view", occurred_at=NOON)
        InteractionFactory(user=guest, product=chair, action_type="dismiss", occurred_at=NOON)
        InteractionFactory(
            user=guest, product=lamp, action_type="view", occurred_at=NOON + timedelta(seconds=1)
        )
        before = User.objects.get(pk=account.pk).history_version

        answer = merge(staff_client, "ext:guest", "ext:account")

        assert answer.status_code == 200
        ada = {"id": account.pk, "external_id": "account", "name": "Ada"}
        assert answer.json() == {"user": ada, "moved": 2, "repeated": 1}
        assert list(User.objects.all()) == [account]
        assert Interaction.objects.filter(user=account).count() == 3
        assert User.objects.get(pk=account.pk).history_version > before

    @pytest.mark.parametrize("twice", ["ext:guest", "number"])
    def test_again_changes_nothing(self, staff_client, guest, account, twice):
        merge(staff_client, "ext:guest", "ext:account")

        answer = merge(staff_client, guest.pk if twice == "number" else twice, account.pk)

        assert (answer.status_code, answer.json()["moved"]) == (200, 0)

    def test_refuses_a_user_and_itself(self, staff_client, guest):
        answer = merge(staff_client, "ext:guest", guest.pk)

        assert answer.status_code == 409
        assert "cannot be merged into itself" in answer.json()["detail"]

    def test_refuses_a_circle(self, staff_client, guest, account):
        merge(staff_client, "ext:guest", "ext:account")

        answer = merge(staff_client, "ext:account", "ext:guest")

        assert answer.status_code == 409
        assert User.objects.filter(pk=account.pk).exists()

    def test_into_a_merged_user_leads_to_the_one_that_is_left(self, staff_client, guest, account):
        merge(staff_client, "ext:guest", "ext:account")
        UserFactory(external_id="tablet")

        answer = merge(staff_client, "ext:tablet", "ext:guest")

        assert answer.json()["user"]["id"] == account.pk

    def test_refuses_one_that_was_merged_into_a_third(self, staff_client, guest, account):
        merge(staff_client, "ext:guest", "ext:account")
        UserFactory(external_id="other")

        answer = merge(staff_client, "ext:guest", "ext:other")

        assert answer.status_code == 409
        assert f"into user {account.pk} already" in answer.json()["detail"]

    def test_follows_a_chain(self, staff_client, guest, account):
        last = UserFactory(external_id="last")
        merge(staff_client, "ext:guest", "ext:account")
        merge(staff_client, "ext:account", "ext:last")

        assert staff_client.get("/users/ext:guest").json()["id"] == last.pk

    @pytest.mark.parametrize(("user", "into"), [("ext:nobody", "ext:account"), ("ext:guest", "ext:nobody")])
    def test_says_who_is_missing(self, staff_client, guest, account, user, into):
        answer = merge(staff_client, user, into)

        assert answer.status_code == 404
        assert "'ext:nobody'" in answer.json()["detail"]

    @pytest.mark.parametrize("body", [{}, {"into": None}, {"into": "guest"}, {"into": 1.5}, {"to": 1}])
    def test_names_a_wrong_field(self, staff_client, guest, body):
        assert staff_client.post("/users/ext:guest/merge", body, format="json").status_code == 400

    def test_refuses_a_guest_who_logs_in(self, staff_client, guest, account):
        User.objects.filter(pk=guest.pk).update(account=AccountFactory())

        assert merge(staff_client, "ext:guest", "ext:account").status_code == 409
        assert merge(staff_client, "ext:account", "ext:guest").status_code == 200


class TestFormerId:
    @pytest.fixture(autouse=True)
    def merged(self, staff_client, guest, account):
        merge(staff_client, "ext:guest", "ext:account")

    def test_leads_to_the_account_in_reads(self, staff_client, guest, account):
        lamp = ProductFactory(name="Lamp")
        InteractionFactory(user=account, product=lamp)

        for id in ("ext:guest", guest.pk):
            assert staff_client.get(f"/users/{id}").json()["id"] == account.pk
            assert staff_client.get(f"/users/{id}/interactions").json()["count"] == 1
            assert staff_client.get(f"/recommend/{id}").json()["user_id"] == account.pk
            assert staff_client.get(f"/recommend/{id}/buy-again").status_code == 200

    def test_leads_to_the_account_in_events(self, staff_client, guest, account):
        lamp = ProductFactory(external_id="lamp")
        event = {"user_id": "ext:guest", "product_id": "ext:lamp", "action_type": "view"}

        one = staff_client.post("/interactions", event, format="json")
        keyed = [{**event, "event_id": "e"}, {**event, "user_id": guest.pk}]
        several = staff_client.post("/interactions", keyed, format="json")
        bulk = staff_client.post(
            "/interactions/bulk",
            [{**event, "user_id": "ext:account"}, event, {**event, "user_id": 9**9}],
            format="json",
        )

        assert (one.status_code, one.json()["user_id"]) == (201, account.pk)
        assert [row["user_id"] for row in several.json()["interactions"]] == [account.pk] * 2
        assert [row["status"] for row in bulk.json()["results"]] == [201, 201, 422]
        assert Interaction.objects.filter(user=account, product=lamp).count() == 5

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_does_not_change_the_account(self, staff_client, account, method):
        answer = getattr(staff_client, method)("/users/ext:guest", {"name": "Guest"}, format="json")

        assert answer.status_code == 409
        assert f"user {account.pk}" in answer.json()["detail"]
        assert User.objects.get().name == "Ada"

    def test_is_not_given_to_another_user(self, staff_client, account):
        answer = staff_client.post("/users", {"name": "New", "external_id": "guest"}, format="json")

        assert answer.status_code == 400
        assert f"user {account.pk}" in str(answer.json()["errors"])

    def test_costs_nothing_where_the_id_exists(self, client, account, django_assert_num_queries):
        key = key_with(Scope.USERS_READ)
        client.credentials(HTTP_AUTHORIZATION=key_header(key))
        client.get("/users/ext:account")

        with django_assert_num_queries(1):
            client.get("/users/ext:account")

    def test_of_a_guests_browser_does_not_read_the_account(self, client, account):
        other = UserFactory(external_id="browser")
        client.credentials(HTTP_AUTHORIZATION=bearer(shopper_token(other)))
        FormerUser.objects.create(id=other.pk, external_id="browser", user=account, merged_at=NOON)
        other.delete()

        for path in (
            "users/ext:browser",
            "recommend/ext:browser",
            "users/ext:browser/interactions",
            "recommend/ext:browser/buy-again",
        ):
            assert client.get(f"/{path}").status_code == 404

    def test_in_a_file_adds_no_user(self, account, tmp_path):
        (tmp_path / "products.csv").write_text("id,name,category,price,description,tags\nlamp,L,H,1,,\n")
        (tmp_path / "users.csv").write_text("id,name\nguest,Guest\n")
        (tmp_path / "interactions.csv").write_text(
            "user_id,product_id,action_type,created_at\nguest,lamp,view,2025-01-01T00:00:00Z\n"
        )

        call_command("import_shop", str(tmp_path), verbosity=0)

        assert list(User.objects.values_list("pk", "name")) == [(account.pk, "Ada")]
        assert Interaction.objects.get().user_id == account.pk

    def test_leads_to_the_account_when_it_is_erased(self):
        call_command("erase_user", "ext:guest", "--yes", verbosity=0)

        assert not User.objects.exists()
        assert not FormerUser.objects.exists()
