"""The products with most interactions, checked against the shop as it is now."""

from dataclasses import dataclass

from catalog.selectors import ProductPage, product_pages
from recommendations.engine.histories import Histories
from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import Pipeline, Query, nobody
from recommendations.serving.display import Page
from recommendations.serving.ranker import ProductLookup, Ranker
from recommendations.strategies.popular import PopularRetriever


@dataclass(frozen=True, slots=True)
class PopularProduct:
    """A product as it is now, with its number of interactions as the snapshot has it."""

    product: ProductPage
    n_interactions: int


def most_popular(snapshot: Snapshot, past: Histories, page: Page) -> list[PopularProduct]:
    """Return them, most first, then by id. 2 queries; more only as `Ranker.fresh` says.

    past: the history of one who has done nothing; page: only its categories narrow the products down
    """
    categories = page.filters.categories
    known = ProductLookup(product_pages, lambda product: not categories or product.category in categories)
    query = Query(n=page.offset + page.top_n, only=page.filters.only(snapshot), own=nobody)
    (ranking,) = Ranker(Pipeline(snapshot, PopularRetriever(snapshot), ())).fresh(past, query, known)
    return [
        PopularProduct(known.found[pick.product_id], int(pick.reasons[0].value))
        for pick in ranking.picks[page.offset :]
    ]
