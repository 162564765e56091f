"""The rows that the access table's URLs and bodies refer to, and requests by each caller."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from access.models import Account
from access.services import logins
from catalog.models import Category, Product, User
from recommendations.batch import runs
from recommendations.batch.runs import RunParameters
from recommendations.models import WrittenText
from tests.api.access_table import OK, Row
from tests.api.callers import Caller
from tests.factories import InteractionFactory, ProductFactory, StaffFactory, UserFactory

PASSWORD = "a-long-password-indeed"


def member_with_password() -> Account:
    member = StaffFactory(username="member")
    member.set_password(PASSWORD)
    member.save()
    return member


class World:
    """The rows that URLs and bodies refer to."""

    def __init__(self, shopper: User, lamp: Product, member: Account) -> None:
        self.shopper, self.lamp, self.member = shopper, lamp, member
        self.category = Category.objects.create(name="Nothing in it")
        self.account = UserFactory(external_id="account")
        self.unsold = ProductFactory(external_id="unsold")
        self.run = runs.begin_run(
            RunParameters("content", "v1", 5, n_total=1, started_by="ada"), timezone.now()
        )
        now = timezone.now()
        self.text = WrittenText.objects.create(
            digest="a" * 32, text="For you.", source="template", asked_at=now, expires_at=now
        )
        self.event = InteractionFactory(user=shopper, product=lamp)
        self.pair = logins.log_in(member, now=timezone.now())

    def path(self, row: Row, who: str = "ext:anna") -> str:
        if row.address.startswith("/products"):
            return row.address.format(id="ext:unsold" if row.method == "DELETE" else "ext:lamp")
        if row.address.startswith("/categories"):
            return row.address.format(id=self.category.pk)
        if row.address.startswith("/explanations"):
            return row.address.format(id=self.text.pk)
        if row.address == "/interactions/{id}":
            return row.address.format(id=self.event.pk)
        if row.address.startswith("/runs"):
            return row.address.format(id=self.run.pk)
        return row.address.format(id=who, user_id=who)

    def body(self, row: Row) -> Any:
        """A valid body, so that an allowed caller gets 2xx."""
        lamp = {"name": "Lamp", "price": 5, "category": "Home"}
        event = {"user_id": "ext:anna", "product_id": "ext:lamp", "action_type": "view"}
        return {
            "POST /recommend/session": {"product_ids": ["ext:lamp"]},
            "POST /recommend/batch": {"user_ids": ["ext:anna"]},
            "POST /products": lamp,
            "PUT /products/{id}": lamp,
            "PUT /products/bulk": [{**lamp, "external_id": "lamp"}],
            "PUT /users/bulk": [{"external_id": "anna", "name": "Anna"}],
            "PATCH /products/{id}": {"price": 7},
            "POST /categories": {"name": "New"},
            "PUT /categories/{id}": {"name": "Another"},
            "PATCH /categories/{id}": {"name": "Another"},
            "POST /users": {"name": "New"},
            "PUT /users/{id}": {"name": "Anne"},
            "PATCH /users/{id}": {"name": "Anne"},
            "POST /users/{id}/merge": {"into": self.account.pk},
            "POST /interactions": event,
            "POST /interactions/batch": [event],
            "POST /interactions/bulk": [event],
            "PATCH /interactions/{id}": {"action_type": "cart"},
            "POST /token": {"username": "member", "password": PASSWORD},
            "POST /token/refresh": {"refresh": self.pair.refresh},
            "POST /token/verify": {"token": self.pair.access},
            "POST /token/logout": {"refresh": self.pair.refresh},
            "POST /token/shopper": {"user": "ext:anna"},
        }.get(row.named)


def ask(caller: Caller, method: str, path: str, body: Any = None) -> Any:
    """Return the response, and undo its writes."""
    client = caller.client
    with transaction.atomic():
        answer = getattr(client, method.lower())(path, body)
        transaction.set_rollback(True)
    return answer


def shown(answer: Any) -> int | str:
    """Return OK for 2xx, else the status. An unhealthy /health/ready also counts as OK."""
    answered = 200 <= answer.status_code < 300 or answer.request["PATH_INFO"] == "/health/ready"
    return OK if answered else answer.status_code
