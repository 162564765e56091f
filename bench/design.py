"""The measurements behind docs/decisions/0001: `python -m bench.design`, on the generated shop M.

Scoring: a loop over the catalogue, the same loop on four threads, and the engine.
Queries: three reads in sequence with Django's synchronous API, and concurrently with its asynchronous one.
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import django
import numpy as np

from bench import shops


def median_ms(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken)) * 1000


def scoring() -> None:
    from recommendations import wiring
    from recommendations.engine.matching import profiles
    from recommendations.pipeline import Query
    from recommendations.selectors.histories import events, histories

    pipeline = wiring.pipeline(wiring.model_ref("content"))
    past = histories(events(np.array([1])), pipeline.snapshot)
    taste = profiles(past, top_categories=3, top_tags=5)
    categories, tags = set(taste.categories[0].tolist()), set(taste.tags[0].tolist())
    features = pipeline.snapshot.features
    catalogue = [
        (position, category, features.tags[position].tolist())
        for position, category in enumerate(features.category.tolist())
    ]
    seen = set(past.events.flat.tolist())

    def score(part: list[tuple[int, int, list[int]]]) -> list[tuple[int, int]]:
        return [
            (-10 * (category in categories) - 3 * sum(tag in tags for tag in its_tags), position)
            for position, category, its_tags in part
            if position not in seen
        ]

    quarters = [catalogue[start::4] for start in range(4)]
    with ThreadPoolExecutor(4) as pool:
        loop = median_ms(lambda: sorted(score(catalogue))[:5], 20)
        threads = median_ms(lambda: sorted(chain.from_iterable(pool.map(score, quarters)))[:5], 20)
    arrays = median_ms(lambda: pipeline.rank(past, Query(5)), 200)
    print(f"{len(catalogue):,} products, one user, milliseconds (median):")
    print(f"  loop over the products        {loop:8.2f}   {loop / arrays:6.0f} x the engine")
    print(f"  the same loop on four threads {threads:8.2f}   {threads / arrays:6.0f} x the engine")
    print(f"  engine (arrays)               {arrays:8.2f}")


def queries() -> None:
    from catalog.models import Interaction, Product, User

    def plain() -> None:
        User.objects.get(pk=1)
        list(Interaction.objects.filter(user_id=1).newest_first())
        list(Product.objects.filter(id__in=[1, 2, 3, 4, 5]))

    async def together() -> None:
        async def history() -> None:
            [event async for event in Interaction.objects.filter(user_id=1).newest_first()]

        async def products() -> None:
            [product async for product in Product.objects.filter(id__in=[1, 2, 3, 4, 5])]

        await asyncio.gather(User.objects.aget(pk=1), history(), products())

    plain_ms = median_ms(plain, 300)
    with asyncio.Runner() as runner:
        runner.run(together())
        async_ms = median_ms(lambda: runner.run(together()), 300)
    print("Three queries of one request, milliseconds (median):")
    print(f"  one after the other           {plain_ms:8.2f}")
    print(f"  awaited together              {async_ms:8.2f}   {async_ms / plain_ms:6.1f} x the plain ones")


if __name__ == "__main__":
    os.environ.update(shops.environment(shops.generated("M")))
    django.setup()
    scoring()
    queries()
