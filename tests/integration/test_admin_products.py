"""Tests of the product admin: search, filters, counts and deletion."""

import re
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from catalog.admin.product import ProductAdmin
from catalog.models import Category, Product, Tag
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, TagFactory

LIST = reverse("admin:catalog_product_changelist")


def names(office: Client, **query: object) -> list[str]:
    page = office.get(LIST, query)
    assert page.status_code == 200
    return [product.name for product in page.context["cl"].result_list]


@pytest.fixture
def shop(db: None) -> None:
    ProductFactory(name="Desk Lamp", external_id="lamp-1", category="Home", tags=["led", "desk"])
    ProductFactory(name="Floor Lamp", external_id="lamp-10", category="Home", tags=["led"], is_active=False)
    ProductFactory(name="Radio", external_id="r", category="Electronics", tags=["audio"])
    ProductFactory(name="Sticker", external_id="s", category=None)


class TestSearch:
    @pytest.mark.parametrize(
        ("term", "found"),
        [
            ("lamp", ["Desk Lamp", "Floor Lamp"]),
            ("LAMP desk", ["Desk Lamp"]),
            ("lamp-10", ["Floor Lamp"]),
            ("LED lamp", []),
            ("zebra", []),
        ],
    )
    def test_finds_words_in_names_and_external_ids(self, office, shop, term, found):
        assert names(office, q=term) == found

    def test_finds_a_part_of_a_brand(self, office, shop):
        Product.objects.filter(name="Radio").update(brand="Marconi")

        assert names(office, q="marc") == ["Radio"]

    def test_finds_an_id(self, office, shop):
        radio = Product.objects.get(name="Radio")

        assert "Radio" in names(office, q=radio.pk)


class TestFilters:
    def test_by_category(self, office, shop):
        assert names(office, category=Category.objects.get(name="Home").pk) == ["Desk Lamp", "Floor Lamp"]

    def test_by_having_no_category(self, office, shop):
        assert names(office, category="none") == ["Sticker"]

    def test_by_tag(self, office, shop):
        assert names(office, tags=Tag.objects.get(name="led").pk) == ["Desk Lamp", "Floor Lamp"]

    def test_by_having_no_tag(self, office, shop):
        assert names(office, tags="none") == ["Sticker"]

    def test_by_being_active(self, office, shop):
        assert names(office, is_active__exact=0) == ["Floor Lamp"]

    @pytest.mark.parametrize(
        ("value", "found"),
        [
            ("left", ["Desk Lamp", "Radio", "Sticker"]),
            ("none", ["Floor Lamp"]),
            ("untracked", ["Radio", "Sticker"]),
            ("", ["Desk Lamp", "Floor Lamp", "Radio", "Sticker"]),
        ],
    )
    def test_by_what_is_left(self, office, shop, value, found):
        Product.objects.filter(name="Desk Lamp").update(stock=3)
        Product.objects.filter(name="Floor Lamp").update(stock=0)

        assert names(office, stock=value) == found

    def test_together(self, office, shop):
        led = Tag.objects.get(name="led").pk

        assert names(office, q="lamp", tags=led, is_active__exact=1) == ["Desk Lamp"]

    @pytest.mark.parametrize(
        ("first", "last", "found"),
        [
            ("2026-03-02", "", ["Radio"]),
            ("", "2026-03-01", ["Desk Lamp"]),
            ("2026-03-01", "2026-03-02", ["Desk Lamp", "Radio"]),
        ],
    )
    def test_by_dates_both_included(self, office, shop, first, last, found):
        Product.objects.exclude(name__in=["Desk Lamp", "Radio"]).delete()
        for name, day in [("Desk Lamp", 1), ("Radio", 2)]:
            Product.objects.filter(name=name).update(updated_at=datetime(2026, 3, day, 23, 59, tzinfo=UTC))

        assert names(office, updated_at_from=first, updated_at_to=last) == found

    @pytest.mark.parametrize(
        "query",
        [
            "category=abc",
            "stock=some",
            f"tags={10**30}",
            "updated_at_from=yesterday",
            "created_at_to=9999-12-31",
        ],
    )
    def test_drop_a_value_that_cannot_be_meant(self, office, shop, query):
        page = office.get(f"{LIST}?{query}")

        assert page.status_code == 302
        assert page.url == f"{LIST}?e=1"

    def test_offer_a_link_for_each_while_there_are_few(self, office, shop):
        html = office.get(LIST).content.decode()

        assert f"?category={Category.objects.get(name='Home').pk}" in html
        assert 'id="filter_category"' not in html

    def test_offer_a_box_that_completes_names_when_there_are_many(self, office, shop):
        for number in range(21):
            CategoryFactory(name=f"Category {number}")

        html = office.get(LIST).content.decode()

        assert 'id="filter_category"' in html
        assert "Category 7" not in html

    def test_show_what_is_chosen_in_the_box(self, office, shop):
        for number in range(21):
            TagFactory(name=f"tag {number}")

        html = office.get(LIST, {"tags": Tag.objects.get(name="tag 7").pk}).content.decode()

        assert "selected>tag 7</option>" in html

    def test_send_the_other_choices_along(self, office, shop):
        for number in range(21):
            TagFactory(name=f"tag {number}")

        html = office.get(LIST, {"q": "lamp", "is_active__exact": 1, "p": 1}).content.decode()

        form = html[: html.index('name="tags"')].rpartition("<form")[2]
        assert '<input type="hidden" name="q" value="lamp">' in form
        assert '<input type="hidden" name="is_active__exact" value="1">' in form
        assert 'name="p"' not in form


class TestStock:
    def test_is_shown_with_what_is_sold_out_in_words(self, office):
        for name, stock in (("A", 1234), ("B", 0), ("C", None)):
            ProductFactory(name=name, stock=stock)

        html = office.get(LIST).content.decode()

        cells = re.findall('<td class="field-stock_left">(.*?)</td>', html)
        assert cells == ["1,234", "sold out", "–"]

    def test_orders_the_list(self, office):
        for name, stock in (("A", 2), ("B", 3), ("C", 1)):
            ProductFactory(name=name, stock=stock)

        column = 1 + ProductAdmin.list_display.index("stock_left")

        assert names(office, o=column) == ["C", "A", "B"]

    @pytest.mark.parametrize(("typed", "stored"), [("0", 0), ("12", 12), ("", None)])
    def test_is_changed_on_the_products_page_and_moves_updated_at(self, office, typed, stored):
        lamp = ProductFactory(stock=5)
        before = lamp.updated_at
        values = {"name": lamp.name, "external_id": lamp.external_id, "price": "9.99", "is_active": "on"}

        office.post(
            reverse("admin:catalog_product_change", args=[lamp.pk]),
            {**values, "category": lamp.category_id, "stock": typed},
        )

        lamp.refresh_from_db()
        assert lamp.stock == stored
        assert lamp.updated_at > before

    @pytest.mark.parametrize("typed", ["-1.5", "1.5", "2147483648", "9" * 100, "many", "true"])
    def test_is_refused_when_it_cannot_be(self, office, typed):
        url = reverse("admin:catalog_product_add")

        page = office.post(url, {"name": "Lamp", "price": "1", "stock": typed})

        assert set(page.context["adminform"].form.errors) == {"stock"}
        assert not Product.objects.exists()


class TestCounts:
    def test_are_of_each_product_and_lead_to_its_interactions(self, office):
        popular, other = ProductFactory(name="A"), ProductFactory(name="B")
        InteractionFactory.create_batch(3, product=popular)

        page = office.get(LIST)

        assert [row.n_interactions for row in page.context["cl"].result_list] == [3, 0]
        assert f"/admin/catalog/interaction/?product={popular.pk}" in page.content.decode()
        assert f"/admin/catalog/interaction/?product={other.pk}" not in page.content.decode()

    def test_are_not_taken_of_what_is_on_other_pages(self, office, django_assert_num_queries):
        Product.objects.bulk_create(Product(name=f"Product {n:03}", price=1) for n in range(60))

        with django_assert_num_queries(8) as queries:
            office.get(LIST, {"p": 2})

        counting = [q["sql"] for q in queries.captured_queries if "catalog_interaction" in q["sql"]]
        assert len(counting) == 1
        assert counting[0].partition(" IN (")[2].partition(")")[0].count(",") == 9


class TestForm:
    def test_saves_every_field(self, office):
        home, led = CategoryFactory(name="Home"), TagFactory(name="led")
        url = reverse("admin:catalog_product_add")
        values = {"name": "Lamp", "external_id": "l", "price": "9.50", "is_active": "on", "tags": [led.pk]}

        answer = office.post(url, {**values, "category": home.pk, "description": "Bright."})

        assert answer.status_code == 302
        lamp = Product.objects.get(external_id="l")
        assert (lamp.name, str(lamp.price), lamp.category, lamp.description) == (
            "Lamp",
            "9.50",
            home,
            "Bright.",
        )
        assert list(lamp.tags.all()) == [led]

    def test_says_what_is_wrong(self, office):
        url = reverse("admin:catalog_product_add")

        page = office.post(url, {"name": "", "price": "-1", "external_id": "a/b"})

        assert set(page.context["adminform"].form.errors) == {"name", "price", "external_id"}

    def test_leaves_two_products_without_an_external_id(self, office):
        for name in ("Lamp", "Radio"):
            office.post(reverse("admin:catalog_product_add"), {"name": name, "price": "1", "external_id": ""})

        assert Product.objects.filter(external_id=None).count() == 2


class TestDeletion:
    def test_of_a_product_in_use_is_refused_with_advice(self, office):
        product = ProductFactory()
        InteractionFactory.create_batch(30, product=product)
        url = reverse("admin:catalog_product_delete", args=[product.pk])

        html = office.post(url, {"post": "yes"}).content.decode()

        assert f'<a href="/admin/catalog/interaction/?product={product.pk}">30</a> interactions' in html
        assert "Clear “Active” instead" in html
        assert Product.objects.filter(pk=product.pk).exists()

    def test_of_a_product_nobody_touched_takes_its_tags_off(self, office):
        product = ProductFactory(tags=["led"])
        url = reverse("admin:catalog_product_delete", args=[product.pk])

        asked = office.get(url).content.decode()
        office.post(url, {"post": "yes"})

        assert "in use" not in asked
        assert "Clear “Active” instead" not in asked
        assert not Product.objects.exists()
        assert Tag.objects.filter(name="led").exists()

    def test_of_several_is_refused_when_one_is_in_use(self, office):
        used, free = ProductFactory(), ProductFactory()
        InteractionFactory(product=used)
        action = {"action": "delete_selected", "_selected_action": [used.pk, free.pk], "post": "yes"}

        html = office.post(LIST, action).content.decode()
        free_alone = {"action": "delete_selected", "_selected_action": [free.pk]}

        assert "in use" not in office.post(LIST, free_alone).content.decode()
        assert "<li>1 interaction</li>" in html
        assert "Clear “Active” instead" in html
        assert Product.objects.count() == 2

    def test_of_several_deletes_them_once_confirmed(self, office):
        first, second, third = ProductFactory.create_batch(3)
        action = {"action": "delete_selected", "_selected_action": [first.pk, second.pk]}

        asked = office.post(LIST, action)
        office.post(LIST, {**action, "post": "yes"})

        assert "Are you sure" in asked.content.decode()
        assert list(Product.objects.all()) == [third]

    def test_of_more_than_a_form_can_carry_is_refused(self, office):
        Product.objects.bulk_create(Product(name=f"Product {n}", price=1) for n in range(501))
        action = {"action": "delete_selected", "select_across": 1, "_selected_action": [1], "post": "yes"}

        page = office.post(LIST, action, follow=True)

        assert "Select at most 500 products at a time." in page.content.decode()
        assert Product.objects.count() == 501

    def test_needs_the_permission(self, hire):
        product = ProductFactory()
        clerk = hire("view_product", "change_product")

        answer = clerk.post(reverse("admin:catalog_product_delete", args=[product.pk]), {"post": "yes"})

        assert answer.status_code == 403
        assert Product.objects.exists()


class TestPicture:
    def page(self, office: Client, image_url: str) -> tuple[str, str]:
        """Return the product's page and its policy for pictures."""
        product = ProductFactory(image_url=image_url)
        answer = office.get(reverse("admin:catalog_product_change", args=[product.pk]))
        policy = answer.headers["Content-Security-Policy"]
        return answer.content.decode(), re.findall("img-src ([^;]*)", policy)[0]

    def test_is_shown_lazily_and_without_a_referrer(self, office):
        html, policy = self.page(office, "https://cdn.example/lamp.jpg?a=1&b=2")

        [picture] = re.findall("<img [^>]*product-picture[^>]*>", html)
        assert 'src="https://cdn.example/lamp.jpg?a=1&amp;b=2"' in picture
        assert 'loading="lazy"' in picture
        assert 'referrerpolicy="no-referrer"' in picture
        assert policy.split() == ["'self'", "data:", "https:"]

    @pytest.mark.parametrize("image_url", ["", "http://cdn.example/lamp.jpg"])
    def test_is_not_loaded_without_https(self, office, image_url):
        assert "product-picture" not in self.page(office, image_url)[0]

    def test_may_come_from_elsewhere_on_this_page_only(self, office):
        policy = office.get(LIST).headers["Content-Security-Policy"]

        assert "https:" not in policy


class TestNumbersAndUrls:
    @pytest.fixture
    def lamp(self) -> Product:
        return ProductFactory(name="Lamp", price="9.99")

    def save(self, office: Client, product: Product, **values: str) -> dict[str, list[str]]:
        """Save the product's form with these values, and return the errors by field."""
        form = {"name": product.name, "price": product.price, "stock": "", "is_active": "on", **values}
        answer = office.post(reverse("admin:catalog_product_change", args=[product.pk]), form)
        product.refresh_from_db()
        return {} if answer.status_code == 302 else dict(answer.context["adminform"].form.errors)

    def test_takes_numbers_as_exports_write_them(self, office, lamp):
        errors = self.save(office, lamp, price="34.000000", sale_price="20.5000", stock="100.0000")

        assert errors == {}
        assert (str(lamp.price), str(lamp.sale_price), lamp.stock) == ("34.00", "20.50", 100)

    def test_takes_a_stock_below_nothing_as_sold_out(self, office, lamp):
        assert self.save(office, lamp, stock="-3") == {}
        assert lamp.stock == 0

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("price", "34.001", "Ensure that there are no more than 2 decimal places."),
            ("sale_price", "10", "Must not be above price, 9.99."),
            ("image_url", "javascript:alert(1)", "Must be a whole URL with http:// or https://"),
            ("url", "https://ann@shop.example", "Contains a username or password"),
        ],
    )
    def test_says_what_is_wrong(self, office, lamp, field, value, message):
        errors = self.save(office, lamp, **{field: value})

        assert list(errors) == [field]
        assert errors[field][0].startswith(message)


class TestAttributes:
    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ('{"size": ["M"], "colour": [" red "]}', {"colour": ["red"], "size": ["M"]}),
            ("", {}),
            ("{}", {}),
            ("null", {}),
        ],
    )
    def test_are_typed_as_json(self, office, typed, stored):
        form = {"name": "Lamp", "price": "1", "is_active": "on", "attributes": typed}

        answer = office.post(reverse("admin:catalog_product_add"), form)

        assert answer.status_code == 302
        assert Product.objects.get().attributes == stored

    @pytest.mark.parametrize("typed", ["red", "[]", '["red"]', '{"colour": "red"}', '{"colour": []}'])
    def test_of_another_shape_are_refused(self, office, typed):
        form = {"name": "Lamp", "price": "1", "is_active": "on", "attributes": typed}

        page = office.post(reverse("admin:catalog_product_add"), form)

        assert set(page.context["adminform"].form.errors) == {"attributes"}
