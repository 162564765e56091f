"""The main calls of a shop with the client of openapi-generator for Python."""

import os
from http import HTTPStatus

from shop_client import ApiClient, ApiException, Configuration
from shop_client.api import InteractionsApi, ProductsApi, RecommendationsApi
from shop_client.exceptions import NotFoundException
from shop_client.models import ActionType, EventInputRequest, InStock, ProductOrder, SessionInputRequest

configuration = Configuration(
    host=os.environ["SHOP_URL"],
    api_key={"apiKey": os.environ["SHOP_KEY"]},
    api_key_prefix={"apiKey": "Api-Key"},
)
client = ApiClient(configuration)
lists, events, products = RecommendationsApi(client), InteractionsApi(client), ProductsApi(client)

found = lists.recommend("ext:alice", top_n=3, max_price=60, exclude=["ext:desk-lamp", "ext:gone"])
assert all(one.current_price <= 60 and one.external_id != "desk-lamp" for one in found.recommended_products)
print("list", len(found.recommended_products), *found.ignored)

session = SessionInputRequest(
    product_ids=["ext:desk-lamp", "ext:gone"], exclude=["ext:running-shoes"], top_n=3
)
shown = lists.recommend_session(session)
assert all(one.external_id != "running-shoes" for one in shown.recommended_products)
print("session", len(shown.recommended_products), *shown.ignored)

similar = lists.similar_products("ext:desk-lamp", top_n=1)
print("similar", len(similar.recommended_products), similar.placement.value)

page = products.list_products(
    page_size=2, in_stock=InStock.TRUE, ordering=ProductOrder.ORDER_BY_PRICE_DESCENDING
)
assert page.products[0].price >= page.products[1].price
print("page", len(page.products))

event = EventInputRequest(
    user_id="ext:alice", product_id="ext:desk-lamp", action_type=ActionType.PURCHASE, event_id="python-1"
)
stored = [events.create_interaction(event, idempotency_key="python-1") for _ in range(2)]
print("event", "once" if stored[0].id == stored[1].id else "twice")

bulk = events.create_interactions_in_bulk(
    [
        event.model_copy(update={"event_id": f"python-bulk-{number}", "product_id": f"ext:{product}"})
        for number, product in enumerate(("desk-lamp", "gone", "running-shoes"))
    ]
)
print("bulk", *(row.status for row in bulk.results))

etag = products.get_product_with_http_info("ext:desk-lamp").headers["etag"]
try:
    products.get_product("ext:desk-lamp", if_none_match=etag)
except ApiException as error:
    print("conditional", error.status)

try:
    products.get_product("ext:gone")
except NotFoundException as error:
    print("missing", error.data.status, error.data.title)

try:
    for _ in range(20):
        lists.recommend_session(session)
except ApiException as error:
    assert error.status == HTTPStatus.TOO_MANY_REQUESTS
    assert int(error.headers["Retry-After"]) > 0
    print("limited", error.data.status, error.data.title)
