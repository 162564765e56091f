"""The main calls of a shop with the client of openapi-python-client."""

import os
from http import HTTPStatus

from shop_attrs_client import AuthenticatedClient
from shop_attrs_client.api.interactions import create_interaction, create_interactions_in_bulk
from shop_attrs_client.api.products import get_product, list_products
from shop_attrs_client.api.recommendations import recommend, recommend_session, similar_products
from shop_attrs_client.models import ActionType, EventInputRequest, InStock, ProductOrder, SessionInputRequest

client = AuthenticatedClient(
    os.environ["SHOP_URL"], os.environ["SHOP_KEY"], prefix="Api-Key", httpx_args={"trust_env": False}
)

found = recommend.sync(
    "ext:alice", client=client, top_n=3, max_price=60, exclude=["ext:desk-lamp", "ext:gone"]
)
print("list", len(found.recommended_products), *found.ignored)

session = SessionInputRequest(
    product_ids=["ext:desk-lamp", "ext:gone"], exclude=["ext:running-shoes"], top_n=3
)
shown = recommend_session.sync(client=client, body=session)
print("session", len(shown.recommended_products), *shown.ignored)

similar = similar_products.sync("ext:desk-lamp", client=client, top_n=1)
print("similar", len(similar.recommended_products), similar.placement.value)

page = list_products.sync(client=client, page_size=2, in_stock=InStock.TRUE, ordering=ProductOrder("-price"))
print("page", len(page.products))


def event(event_id: str, product: str) -> EventInputRequest:
    return EventInputRequest(
        user_id="ext:alice", product_id=f"ext:{product}", action_type=ActionType.PURCHASE, event_id=event_id
    )


stored = [
    create_interaction.sync(client=client, body=event("attrs-1", "desk-lamp"), idempotency_key="attrs-1")
    for _ in range(2)
]
print("event", "once" if stored[0].id == stored[1].id else "twice")

names = ("desk-lamp", "gone", "running-shoes")
bulk = create_interactions_in_bulk.sync(
    client=client, body=[event(f"attrs-bulk-{number}", name) for number, name in enumerate(names)]
)
print("bulk", *(row.status for row in bulk.results))

etag = get_product.sync_detailed("ext:desk-lamp", client=client).headers["ETag"]
print(
    "conditional", get_product.sync_detailed("ext:desk-lamp", client=client, if_none_match=etag).status_code
)

missing = get_product.sync("ext:gone", client=client)
print("missing", missing.status, missing.title)

for _ in range(20):
    answer = recommend_session.sync_detailed(client=client, body=session)
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        assert int(answer.headers["Retry-After"]) > 0
        print("limited", answer.parsed.status, answer.parsed.title)
        break
