"""Tests of what the formats of feeds make of rows: Google, Shopify, WooCommerce."""

import json
from typing import Any

import pytest

from catalog.importing.feeds import google, shopify, woocommerce
from catalog.importing.feeds.rows import LeftOut, MappedRow
from tests.feeds import GivenRows


def only(rows: Any) -> MappedRow:
    (row,) = rows
    assert isinstance(row, MappedRow)
    return row


def by_id(rows: Any) -> dict[str, dict[str, str]]:
    return {row.cells["id"]: row.cells for row in rows if isinstance(row, MappedRow)}


def left_out(rows: Any) -> list[tuple[int, str]]:
    return [(row.line, row.why) for row in rows if isinstance(row, LeftOut)]


class TestGoogle:
    @staticmethod
    def product(**cells: str) -> MappedRow:
        given = {"id": "1", "title": "Mug", "price": "12.00 EUR"} | cells
        rows = GivenRows(",".join(given), ",".join(f'"{cell}"' for cell in given.values()))
        return only(google.products(rows, currency="EUR"))

    @pytest.mark.parametrize("price", ["12.34 EUR", "EUR 12.34", "12.34EUR", "12.34 eur", "12.34"])
    def test_takes_the_currency_off_a_price(self, price):
        assert self.product(price=price).cells["price"] == "12.34"

    @pytest.mark.parametrize("column", ["price", "sale_price"])
    def test_refuses_another_currency_and_names_both(self, column):
        (fault,) = self.product(**{column: "10.00 USD"}).faults

        assert (fault.column, fault.value) == (column.replace("_", " "), "10.00 USD")
        assert "is in USD, but the shop's prices are in EUR" in fault.message

    def test_leaves_what_is_no_price_to_the_check_of_prices(self):
        assert self.product(price="from 12.34").cells["price"] == "from 12.34"

    @pytest.mark.parametrize(
        ("availability", "stock"),
        [
            ("in_stock", ""),
            ("in stock", ""),
            ("In Stock", ""),
            ("preorder", ""),
            ("backorder", ""),
            ("out_of_stock", "0"),
            ("out of stock", "0"),
            ("", ""),
        ],
    )
    def test_makes_stock_of_availability(self, availability, stock):
        row = self.product(availability=availability)

        assert (row.cells["stock"], row.faults) == (stock, [])

    def test_refuses_another_availability(self):
        (fault,) = self.product(availability="maybe").faults

        assert fault.message == "must be in_stock, out_of_stock, preorder or backorder"

    @pytest.mark.parametrize(
        ("types", "category"),
        [
            ({"product_type": "Home > Kitchen > Mugs"}, "Home > Kitchen > Mugs"),
            ({"product_type": "Home>Kitchen , Sale > Mugs"}, "Home > Kitchen"),
            ({"product_type": "Health, Beauty"}, "Health, Beauty"),
            ({"product_type": "Home &gt; Salt &amp; Pepper"}, "Home > Salt & Pepper"),
            ({"product_type": "Mugs", "google_product_category": "Home > Mugs"}, "Mugs"),
            ({"product_type": "", "google_product_category": "Home > Mugs"}, "Home > Mugs"),
            ({"google_product_category": "2169"}, ""),
            ({}, ""),
        ],
    )
    def test_prefers_the_shops_own_category(self, types, category):
        assert self.product(**types).cells["category"] == category

    def test_splits_the_time_of_a_sale(self):
        cells = self.product(
            sale_price="9.00 EUR", sale_price_effective_date="2026-03-01T00:00+0100/2026-03-31T23:59+0200"
        ).cells

        assert (cells["sale_price"], cells["sale_from"]) == ("9.00", "2026-03-01T00:00+0100")
        assert cells["sale_until"] == "2026-03-31T23:59+0200"

    def test_drops_the_time_of_a_sale_without_a_price(self):
        cells = self.product(sale_price="", sale_price_effective_date="2026-03-01/2026-03-31").cells

        assert (cells["sale_from"], cells["sale_until"]) == ("", "")

    def test_makes_attributes_and_tags(self):
        cells = self.product(
            color="Red/White", size="38/40", gender="", custom_label_0="new", custom_label_4="a|b"
        )
        found = cells.cells

        assert json.loads(found["attributes"]) == {"color": ["Red", "White"], "size": ["38/40"]}
        assert found["tags"] == "new|a/b"

    def test_leaves_out_the_columns_that_a_table_lacks(self):
        assert self.product().cells.keys() == {"id", "name", "category", "price", "description", "tags"}


SHOPIFY = (
    "Handle,Title,Type,Option1 Name,Option1 Value,Variant SKU,"
    "Variant Price,Variant Compare At Price,Image Src"
)


class TestShopifyProducts:
    def test_gives_each_variant_what_the_first_row_has(self):
        found = by_id(
            shopify.products(
                GivenRows(
                    SHOPIFY,
                    "tee,Linen Tee,Tees,Size,M,T-M,20.00,,https://cdn.example/1.jpg",
                    "tee,,,,L,T-L,21.00,,",
                )
            )
        )

        assert found["T-L"]["name"] == "Linen Tee"
        assert (found["T-L"]["category"], found["T-L"]["price"]) == ("Tees", "21.00")
        assert found["T-L"]["image_url"] == "https://cdn.example/1.jpg"
        assert {cells["group"] for cells in found.values()} == {"tee"}
        assert json.loads(found["T-L"]["attributes"]) == {"Size": ["L"]}

    def test_leaves_out_rows_of_pictures(self):
        rows = GivenRows(
            SHOPIFY, "mug,Mug,,Title,Default Title,M,12.00,,https://a.example", "mug,,,,,,,,https://b.example"
        )

        assert left_out(shopify.products(rows)) == [(3, "rows of further pictures")]

    @pytest.mark.parametrize(
        ("option", "value", "id_"),
        [("Title", "Default Title", "tee"), ("Size", "M", "tee:m"), ("Size", "38/40 Wide", "tee:38-40-wide")],
    )
    def test_makes_an_id_where_there_is_no_sku(self, option, value, id_):
        rows = GivenRows(SHOPIFY, f"tee,Tee,,{option},{value},,20.00,,")

        assert only(shopify.products(rows)).cells["id"] == id_

    @pytest.mark.parametrize(
        ("price", "before", "expected"),
        [
            ("20.00", "30.00", ("30.00", "20.00")),
            ("20.00", "20.00", ("20.00", "")),
            ("20.00", "0", ("20.00", "")),
            ("20.00", "", ("20.00", "")),
            ("odd", "", ("odd", "")),
        ],
    )
    def test_takes_a_higher_price_before_for_the_price(self, price, before, expected):
        cells = only(shopify.products(GivenRows(SHOPIFY, f"tee,Tee,,,,T,{price},{before},"))).cells

        assert (cells["price"], cells["sale_price"]) == expected

    @pytest.mark.parametrize(
        ("tracker", "quantity", "policy", "stock"),
        [
            ("shopify", "5", "deny", "5"),
            ("", "5", "deny", ""),
            ("shopify", "0", "continue", ""),
            ("shopify", "-2", "deny", "-2"),
            ("shopify", "0", "TRUE", ""),
            ("shopify", "0", "FALSE", "0"),
        ],
    )
    def test_tracks_stock_as_shopify_does(self, tracker, quantity, policy, stock):
        tracked = ",".join(f"Variant Inventory {name}" for name in ("Tracker", "Qty", "Policy"))
        columns = f"Handle,Title,Variant Price,{tracked}"
        rows = GivenRows(columns, f"tee,Tee,1.00,{tracker},{quantity},{policy}")

        assert only(shopify.products(rows)).cells["stock"] == stock

    @pytest.mark.parametrize(
        ("status", "published", "is_active"),
        [
            ("active", "true", "1"),
            ("Active", "TRUE", "1"),
            ("draft", "true", "0"),
            ("archived", "true", "0"),
            ("active", "false", "0"),
            ("", "", "1"),
        ],
    )
    def test_is_active_if_it_is_published(self, status, published, is_active):
        rows = GivenRows("Handle,Title,Variant Price,Status,Published", f"tee,Tee,1.00,{status},{published}")

        assert only(shopify.products(rows)).cells["is_active"] == is_active

    def test_leaves_out_the_columns_that_the_file_lacks(self):
        cells = only(shopify.products(GivenRows("Handle,Title,Variant Price", "tee,Tee,1.00"))).cells

        assert not cells.keys() & {"stock", "is_active", "brand", "attributes", "image_url"}


ORDERS = (
    "Name,Email,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem sku,Billing Name,"
    "Cancelled at"
)


class TestShopifyOrders:
    def test_gives_each_line_the_values_of_its_order(self):
        rows = GivenRows(
            ORDERS,
            "#7,Ann@shop.example,paid,2026-03-02 10:00:00 +0100,1,Tee,T-M,Ann Lake,",
            "#7,,,,2,Mug,MUG,,",
            "#8,ben@shop.example,paid,2026-03-03 10:00:00 +0100,1,Mug,MUG,Ben Hill,",
        )

        found = [row.cells for row in shopify.ORDERS.purchases(rows) if isinstance(row, MappedRow)]

        assert [(cells["user_id"], cells["product_id"], cells["event_id"]) for cells in found] == [
            ("ann@shop.example", "T-M", "shopify:#7:1"),
            ("ann@shop.example", "MUG", "shopify:#7:2"),
            ("ben@shop.example", "MUG", "shopify:#8:1"),
        ]
        assert found[1]["created_at"] == "2026-03-02 10:00:00 +0100"

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("#7,a@b.example,refunded,2026-03-02,1,Tee,T-M,,", "cancelled, refunded or not paid"),
            ("#7,a@b.example,voided,2026-03-02,1,Tee,T-M,,", "cancelled, refunded or not paid"),
            ("#7,a@b.example,paid,2026-03-02,1,Tee,T-M,,2026-03-03", "cancelled, refunded or not paid"),
            ("#7,,paid,2026-03-02,1,Tee,T-M,,", "without a customer"),
            ("#7,a@b.example,paid,2026-03-02,0,Tee,T-M,,", "a quantity of 0"),
            ("#7,a@b.example,paid,2026-03-02,1,Tip,,,", "without a SKU"),
        ],
    )
    def test_leaves_out_what_was_not_sold(self, line, why):
        ((_, said),) = left_out(shopify.ORDERS.purchases(GivenRows(ORDERS, line)))

        assert why in said

    def test_counts_the_lines_left_out_so_that_ids_stay_the_same(self):
        rows = GivenRows(ORDERS, "#7,a@b.example,paid,2026-03-02,1,Tip,,,", "#7,,,,1,Tee,T-M,,")

        (row,) = [row for row in shopify.ORDERS.purchases(rows) if isinstance(row, MappedRow)]
        assert row.cells["event_id"] == "shopify:#7:2"


WOO = "ID,Type,SKU,Name,Regular price,Sale price,Categories,Tags,Parent"


class TestWooCommerceProducts:
    def test_gives_variations_what_they_lack_from_their_parent_wherever_it_is(self):
        rows = GivenRows(
            WOO,
            "42,variation,S-RED,Shirt - Red,19.90,,,,id:41",
            "43,variation,,Shirt - Blue,19.90,,,,SHIRT",
            '41,variable,SHIRT,Shirt,,,"Men > Shirts, Men, Sale","linen, summer",',
        )

        found = by_id(woocommerce.products(rows))

        assert found.keys() == {"S-RED", "id:43"}
        for cells in found.values():
            assert (cells["category"], cells["tags"]) == ("Men > Shirts", "linen|summer|Sale")
            assert cells["group"] == "SHIRT"
        assert left_out(woocommerce.products(rows)) == [(4, "parents of variations")]

    def test_leaves_out_groups_of_products(self):
        assert left_out(woocommerce.products(GivenRows(WOO, "1,grouped,SET,Set,,,,,"))) == [
            (2, "groups of other products")
        ]

    @pytest.mark.parametrize(
        ("cell", "category", "tags"),
        [
            ("Men > Shirts", "Men > Shirts", ""),
            ("Sale, Men > Shirts", "Men > Shirts", "Sale"),
            ("Men, Men > Shirts, Home > Linen", "Men > Shirts", "Linen"),
            ("Salt &amp; Pepper > Shirts", "Salt & Pepper > Shirts", ""),
            (r"Sofas\, chairs", "Sofas, chairs", ""),
            ("Uncategorized", "", ""),
            ("", "", ""),
        ],
    )
    def test_takes_the_deepest_path_and_makes_tags_of_the_others(self, cell, category, tags):
        cells = only(woocommerce.products(GivenRows(WOO, f'1,simple,S,Shirt,1.00,,"{cell}",,'))).cells

        assert (cells["category"], cells["tags"]) == (category, tags)

    @pytest.mark.parametrize(
        ("in_stock", "stock", "backorders", "expected"),
        [
            ("1", "5", "0", "5"),
            ("1", "", "0", ""),
            ("0", "", "0", "0"),
            ("0", "5", "0", "0"),
            ("1", "0", "1", ""),
            ("1", "0", "notify", ""),
            ("backorder", "-1", "", ""),
        ],
    )
    def test_tracks_stock_as_woocommerce_does(self, in_stock, stock, backorders, expected):
        rows = GivenRows(
            "ID,Type,SKU,Name,Regular price,In stock?,Stock,Backorders allowed?",
            f"1,simple,S,Shirt,1.00,{in_stock},{stock},{backorders}",
        )

        assert only(woocommerce.products(rows)).cells["stock"] == expected

    def test_takes_the_stock_of_the_parent_where_it_is_managed_there(self):
        rows = GivenRows(
            "ID,Type,SKU,Name,Regular price,In stock?,Stock,Parent",
            "41,variable,SHIRT,Shirt,,1,9,",
            "42,variation,S-RED,Shirt - Red,19.90,1,parent,SHIRT",
        )

        assert by_id(woocommerce.products(rows))["S-RED"]["stock"] == "9"

    def test_ends_a_sale_with_its_last_day(self):
        rows = GivenRows(
            "ID,Type,SKU,Name,Regular price,Sale price,Date sale price starts,Date sale price ends",
            "1,simple,S,Shirt,20.00,15.00,2026-03-01,2026-03-31",
        )
        cells = only(woocommerce.products(rows)).cells

        assert (cells["sale_from"], cells["sale_until"]) == ("2026-03-01", "2026-04-01")

    @pytest.mark.parametrize(
        ("published", "visibility", "is_active"),
        [
            ("1", "visible", "1"),
            ("0", "visible", "0"),
            ("-1", "visible", "0"),
            ("1", "hidden", "0"),
            ("1", "search", "1"),
        ],
    )
    def test_is_active_if_the_shop_shows_it(self, published, visibility, is_active):
        rows = GivenRows(
            "ID,Type,SKU,Name,Regular price,Published,Visibility in catalog",
            f"1,simple,S,Shirt,1.00,{published},{visibility}",
        )

        assert only(woocommerce.products(rows)).cells["is_active"] == is_active

    def test_reads_descriptions_with_their_line_ends(self):
        rows = GivenRows(
            "ID,Type,SKU,Name,Regular price,Description",
            r"1,simple,S,Shirt,1.00,<p>Soft</p>\nC:\\new<script>x()</script>",
        )

        assert only(woocommerce.products(rows)).cells["description"] == "Soft\nC:\\new"


class TestWooCommerceOrders:
    @pytest.mark.parametrize(
        "status", ["wc-refunded", "Cancelled", "failed", "Pending payment", "checkout-draft"]
    )
    def test_leaves_out_what_was_not_paid(self, status):
        rows = GivenRows(
            "Order Number,Order Status,Order Date,Email (Billing),SKU,Quantity",
            f"1,{status},2026-03-01,a@b.example,S,1",
        )

        assert left_out(woocommerce.ORDERS.purchases(rows))

    def test_leaves_out_what_was_returned(self):
        rows = GivenRows(
            "order_id,status,date,billing_email,item_sku,item_quantity,item_refunded_qty",
            "1,completed,2026-03-01,a@b.example,S,2,1",
            "1,completed,2026-03-01,a@b.example,T,2,-2",
        )

        found = list(woocommerce.ORDERS.purchases(rows))

        assert isinstance(found[0], MappedRow)
        assert isinstance(found[1], LeftOut)

    def test_names_products_without_a_sku_as_the_product_export_does(self):
        rows = GivenRows(
            "order_id,status,date,customer_id,item_sku,product_id,variation_id,quantity",
            "1,completed,2026-03-01,7,,41,0,1",
            "2,completed,2026-03-01,0,,41,42,1",
        )

        found = list(woocommerce.ORDERS.purchases(rows))

        assert isinstance(found[0], MappedRow)
        assert (found[0].cells["user_id"], found[0].cells["product_id"]) == ("7", "id:41")
        assert found[1] == LeftOut(3, "lines of orders without a customer")  # a guest
