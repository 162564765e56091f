"""Every name in every template of the project exists: pages are opened until each name was looked up.

`tests.strict_templates` notes the names; here each template has a visit that reaches all of its branches.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.template import Context, Engine, Origin, Template
from django.test import Client
from django.urls import reverse

from access.models import ApiKey
from access.scopes import Scope
from catalog.models import Interaction, Product, User
from core.admin.paging import BoundedPaginator
from privacy.services.erase import RowCounts
from recommendations.evaluation.report import page
from recommendations.models import StoredList
from recsite.config.env import ROOT
from tests import strict_templates
from tests.factories import InteractionFactory, ProductFactory, UserFactory
from tests.integration.traces import user_known_everywhere
from tests.strict_templates import Invalid, missing, names, resolved
from tests.trained import knows_counting, version
from tests.unit.evaluation.test_report import FOUND


def admin(page: str, *args: object, **query: object) -> str:
    return reverse(f"admin:{page}", args=args, query=query)


@dataclass
class World:
    office: Client
    hire: Callable[..., Client]
    settings: Any
    folder: Path
    patch: pytest.MonkeyPatch

    def get(self, page: str, *args: object, **query: object) -> str:
        answer = self.office.get(admin(page, *args, **query), follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    def post(self, page: str, *args: object, **sent: object) -> str:
        answer = self.office.post(admin(page, *args), sent, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()


@pytest.fixture
def world(office: Client, hire: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(office, hire, settings, tmp_path, monkeypatch)


def users(world: World) -> None:
    """A shopper with and without events."""
    world.get("catalog_user_change", UserFactory().pk)
    world.get("catalog_user_change", InteractionFactory().user.pk)


def lists(world: World) -> None:
    """A list of one row, of several, of a page and all others, and of more than are counted."""
    InteractionFactory()
    world.get("catalog_product_changelist")
    InteractionFactory.create_batch(2)
    world.get("catalog_product_changelist")
    Interaction.objects.bulk_create(
        InteractionFactory.build_batch(60, user=UserFactory(), product=ProductFactory())
    )
    world.get("catalog_interaction_changelist")
    world.patch.setattr(BoundedPaginator, "most", 3)
    world.get("catalog_interaction_changelist")


def filters(world: World) -> None:
    """Few categories, which are links, and many users, which are not; beside other filters."""
    event = InteractionFactory(product=ProductFactory(category="Home"))
    world.get("catalog_product_changelist", is_active__exact=1)
    world.get("catalog_interaction_changelist", user=event.user.pk, action_type__exact="view")


def deletions(world: World) -> None:
    """Products and models that are in use, and products that are not."""
    in_use, free = InteractionFactory().product, ProductFactory()
    for product in (in_use, free):
        world.get("catalog_product_delete", product.pk)
        world.post("catalog_product_changelist", action="delete_selected", _selected_action=product.pk)


def actions(world: World) -> None:
    """What is asked, and what is asked again after a wrong answer."""
    chosen = {"action": "set_category", "_selected_action": ProductFactory().pk}
    world.post("catalog_product_changelist", **chosen)
    world.post("catalog_product_changelist", **chosen, answered="yes", category=0)
    world.post("catalog_user_changelist", action="merge", _selected_action=UserFactory().pk)


def additions(world: World) -> None:
    """A form that adds a row, and one that changes it."""
    world.get("catalog_product_add")
    world.get("catalog_product_change", ProductFactory().pk)


def keys(world: World) -> None:
    """A key that is made, and one that takes its place, after a wrong answer."""
    world.post("access_apikey_add", name="Orders", scopes=[Scope.EVENTS_WRITE])
    key = ApiKey.objects.get()
    world.get("access_apikey_change", key.pk)
    world.get("access_apikey_rotate", key.pk)
    world.post("access_apikey_rotate", key.pk, hours="many")


def today(world: World) -> None:
    """A shopper with a match, one without, and one without a history."""
    call_command("import_shop", "data/example_shop", verbosity=0)
    for external_id in ("alice", "frank"):
        world.get("recommendations_shopper", User.objects.get(external_id=external_id).pk)
    lonely = InteractionFactory(product=ProductFactory(category=None)).user
    world.get("recommendations_shopper", lonely.pk)


def stored(world: World) -> None:
    """A list of products that are available, inactive, sold out and deleted, and a list of none."""
    call_command("import_shop", "data/example_shop", verbosity=0)
    call_command("generate_recommendations", verbosity=0)
    row = StoredList.objects.get(user__external_id="alice")
    first, second, third = (pick[0] for pick in row.picks[:3])
    Product.objects.filter(pk=first).update(is_active=False)
    Product.objects.filter(pk=second).update(stock=0)
    Interaction.objects.filter(product=third).delete()
    Product.objects.filter(pk=third).delete()
    world.get("recommendations_storedlist_change", row.pk)
    StoredList.objects.update(picks=[])
    world.get("recommendations_storedlist_change", row.pk)


def models(world: World) -> None:
    """Two models that were measured, one that was not, and all beside each other."""
    knows_counting(world.settings, world.folder)
    InteractionFactory()
    every = version("v1", active=True), version("v2"), version("v3")
    for model in every[:2]:
        model.metrics = {
            "ndcg@10": 0.1,
            "ci95": {"ndcg@10": [0, 1]},
            "split": {"cutoff": "2025", "users": 40},
        }
        model.save()
    for model in every:
        world.get("recommendations_trainedmodel_change", model.pk)
    world.get("recommendations_trainedmodel_compare", ids=",".join(str(model.pk) for model in every))


def privacy(world: World) -> None:
    """A user with a row in every table. No row of today outlives its user, so the page is told of one."""
    user = user_known_everywhere()
    outliving = RowCounts({"catalog.User": 1}, {"catalog.Note": 2})
    with world.patch.context() as patched:
        patched.setattr("privacy.admin.count_rows", lambda person: outliving)
        assert "2 × catalog.Note" in world.get("privacy_erase", user.pk)
    assert "catalog.Note" not in world.get("privacy_erase", user.pk)
    world.get("catalog_user_change", user.pk)
    clerk = world.hire("view_user", "erase_user", "export_user")
    assert clerk.get(admin("catalog_user_change", user.pk)).status_code == 200


def wrong_passwords(world: World) -> None:
    guesses = [Client().post("/admin/login/", {"username": "ada", "password": "no"}) for _ in range(5)]
    assert guesses[-1].status_code == 429


def docs(world: World) -> None:
    assert world.office.get("/docs").status_code == 200


def report(world: World) -> None:
    page(FOUND)


VISITS: dict[str, Callable[[World], None]] = {
    "access/templates/admin/access/apikey/change_form.html": keys,
    "access/templates/admin/access/apikey/made.html": keys,
    "access/templates/admin/access/apikey/rotate.html": keys,
    "core/templates/admin/base_site.html": lists,
    "core/templates/admin/change_form.html": additions,
    "core/templates/admin/core/date_range_filter.html": filters,
    "core/templates/admin/core/delete_confirmation.html": deletions,
    "core/templates/admin/core/delete_selected_confirmation.html": deletions,
    "catalog/templates/admin/catalog/pagination.html": lists,
    "catalog/templates/admin/catalog/product/choose.html": actions,
    "core/templates/admin/core/related_filter.html": filters,
    "catalog/templates/admin/catalog/user/history.html": users,
    "privacy/templates/admin/catalog/user/change_form.html": privacy,
    "privacy/templates/admin/privacy/erase.html": privacy,
    "recommendations/templates/admin/catalog/user/change_form.html": users,
    "recommendations/templates/admin/recommendations/lines.html": stored,
    "recommendations/templates/admin/recommendations/shopper.html": today,
    "recommendations/templates/admin/recommendations/storedlist/change_form.html": stored,
    "recommendations/templates/admin/recommendations/trainedmodel/change_form.html": models,
    "recommendations/templates/admin/recommendations/trainedmodel/compare.html": models,
    "recommendations/templates/admin/recommendations/trainedmodel/measures.html": models,
    "recommendations/templates/recommendations/evaluation.html": report,
    "recsite/templates/docs/swagger.html": docs,
    "recsite/templates/registration/too_many.html": wrong_passwords,
}


class TestTemplates:
    def test_all_have_a_visit(self):
        found = {
            str(path.relative_to(ROOT))
            for path in ROOT.glob("*/templates/**/*.html")
            if "{{" in path.read_text() or "{%" in path.read_text()  # others are text alone
        }

        assert found == set(VISITS)

    @pytest.mark.parametrize("template", VISITS)
    def test_name_only_what_exists(self, template: str, world: World):
        resolved.clear()

        VISITS[template](world)

        own = {name for name in names if name.template == template}
        assert own != set()
        assert own - resolved == set()  # `_no_missing_names` fails the test for one that does not exist


class Row:
    name = "Lamp"

    def named(self, other: str) -> str:
        return other


class TestStrictTemplates:
    def noted(self, text: str, folder: str = "catalog/templates") -> list[str]:
        """Return what is noted while the text is rendered as a template in that folder."""
        origin = Origin(str(ROOT / folder / "a.html"))
        engine = Engine(string_if_invalid=Invalid())
        Template(text, origin=origin, engine=engine).render(Context({"row": Row(), "yes": True, "no": None}))
        noted = [name.text for name in missing]
        missing.clear()
        return noted

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("{{ row.size }}", "row.size"),
            ("{{ row.size|default:'–' }}", "row.size"),
            ("{% if row.name|default:size %}{% endif %}", "size"),
            ("{{ no.size }}", "no.size"),
            ("{{ row.named }}", "row.named"),
            ("{% if row.is_active %}{% endif %}", "row.is_active"),
            ("{% if not row.is_active %}{% endif %}", "row.is_active"),
            ("{% if yes and not row.is_active %}{% endif %}", "row.is_active"),
            ("{% if row.size == 1 %}{% endif %}", "row.size"),
            ("{% if 1 in row.size %}{% endif %}", "row.size"),
            ("{% for one in row.sizes %}{% endfor %}", "row.sizes"),
            ("{% with size=row.size %}{% endwith %}", "row.size"),
            ("{% firstof row.size row.name %}", "row.size"),
        ],
    )
    def test_note_a_name_that_does_not_exist(self, text, expected):
        assert self.noted(text) == [expected]

    @pytest.mark.parametrize(
        "text",
        ["{{ row.name }}", "{{ no }}", "{% if no or 1 == 2 %}{% endif %}", "{{ None }}{{ 1.5 }}{{ 'a' }}"],
    )
    def test_note_nothing_else(self, text):
        assert self.noted(text) == []

    def test_leave_templates_of_other_packages_alone(self):
        assert self.noted("{% if row.is_active %}{% endif %}", f"{strict_templates.sys.prefix}/lib") == []
