"""CatalogueCache: what it shows after changes, which follow one another or come from many threads."""

import random
from typing import Any

import pytest

from catalog.changes import read_changes
from catalog.models import Category, Product, ProductChange, Tag
from recommendations.caching import catalogue as module
from recommendations.caching.catalogue import CatalogueCache, CatalogueReader
from recommendations.selectors.products import details
from recommendations.selectors.snapshots import patched, snapshot
from recommendations.serving.catalogue import DetailsCache, PipelineCache
from recommendations.wiring import catalogue as wired
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, TagFactory

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Reads:
    """Counts what is read. in_background: as if a thread renewed the catalogue, without starting it"""

    def __init__(self, *, in_background: bool = False) -> None:
        self.clock = Clock()
        self.n_loads = self.n_patches = 0
        reader = CatalogueReader(read_changes, self.load, self.patch, lambda pipelines: pipelines)
        self.cache = CatalogueCache(
            reader, DetailsCache(details), in_background=in_background, clock=self.clock
        )
        self.cache._start = lambda: None  # type: ignore[method-assign]

    def load(self, previous: PipelineCache | None) -> PipelineCache:
        self.n_loads += 1
        return wired.load_pipelines(previous)

    def patch(self, previous: PipelineCache, product_ids: Any) -> PipelineCache:
        self.n_patches += 1
        current = patched(previous.snapshot, product_ids)
        return previous if current is previous.snapshot else previous.with_changes(current)


def change_something(random: random.Random) -> None:
    """Change the shop in one of the ways in which programs do."""
    product = random.choice(list(Product.objects.order_by("id")) or [ProductFactory()])
    tags = [TagFactory(name=name) for name in random.sample("abcd", 2)]
    random.choice(
        [
            lambda: Product.objects.filter(id=product.id).update(price=random.randint(1, 99)),
            lambda: Product.objects.filter(id=product.id).update(stock=random.choice([0, 1, None])),
            lambda: Product.objects.filter(id=product.id).update(is_active=random.random() < 0.5),
            lambda: Product.objects.filter(id=product.id).update(name=f"Name {random.random()}"),
            lambda: Product.objects.filter(id=product.id).update(
                category=CategoryFactory(name=random.choice("ABC"))
            ),
            lambda: product.tags.set(tags),
            lambda: ProductFactory(category=random.choice(["A", None]), tags=random.sample("abcd", 1)),
            lambda: product.interactions.exists() or product.delete(),
            lambda: Category.objects.filter(name="A").update(name=f"A{random.random()}"),
            lambda: Tag.objects.filter(name="a").update(name=f"a{random.random()}"),
        ]
    )()


class TestCatalogueCache:
    @pytest.mark.parametrize("seed", range(4))
    def test_is_the_same_as_one_read_anew_after_any_changes(self, seed: int):
        rng, reads = random.Random(seed), Reads()
        for n in range(6):
            ProductFactory(category="ABC"[n % 3], tags=["abcd"[n % 4]])
        reads.cache()

        for _ in range(12):
            change_something(rng)
            found = reads.cache()

            assert found.pipelines.snapshot.stamp == snapshot().stamp
            ids = list(Product.objects.values_list("id", flat=True))
            assert found.details(ids) == details(ids)
        assert reads.n_loads == 1

    def test_reads_only_the_feed_without_a_change(self, django_assert_num_queries: Any):
        ProductFactory()
        reads = Reads()
        before = reads.cache()

        with django_assert_num_queries(1):
            assert reads.cache() is before

    def test_applies_a_change_once(self):
        product, reads = ProductFactory(), Reads()
        reads.cache()
        Product.objects.filter(id=product.id).update(price="5")

        assert reads.cache() is reads.cache()
        assert reads.n_patches == 1

    def test_reads_all_anew_after_the_feed_was_pruned(self):
        product, reads = ProductFactory(), Reads()
        reads.cache()
        Product.objects.filter(id=product.id).update(name="Lantern")
        ProductChange.objects.all().delete()

        assert reads.cache().details([product.id])[product.id].name == "Lantern"
        assert reads.n_loads == 2

    def test_reads_all_anew_after_a_long_pause(self):
        """The feed may have been pruned meanwhile."""
        ProductFactory()
        reads = Reads(in_background=True)
        reads.cache()
        reads.clock.now += 3_600

        reads.cache()

        assert reads.n_loads == 2

    def test_reads_many_changes_in_the_background_if_reading_takes_long(
        self, monkeypatch: pytest.MonkeyPatch
    ):
        product, reads = ProductFactory(name="Lamp", price="5"), Reads(in_background=True)
        reads.cache()
        monkeypatch.setattr(module, "_QUICK_SECONDS", -1)
        Product.objects.bulk_create([Product(name="x", price=1) for _ in range(1_100)])
        Product.objects.filter(id=product.id).update(name="Lantern")

        meanwhile = reads.cache()
        reads.cache._refresh()

        assert meanwhile.details([product.id])[product.id].name == "Lantern"
        assert (len(meanwhile.pipelines.snapshot), len(reads.cache().pipelines.snapshot)) == (1, 1_101)

    def test_keeps_what_changes_while_the_thread_renews_it(self):
        product, reads = ProductFactory(price="5"), Reads(in_background=True)
        reads.cache()

        def renew(pipelines: PipelineCache) -> PipelineCache:
            Product.objects.filter(id=product.id).update(price="7")
            reads.cache()
            return pipelines.with_snapshot(pipelines.snapshot)

        reads.cache._reader = CatalogueReader(read_changes, reads.load, reads.patch, renew)
        reads.cache._refresh()

        assert reads.cache().pipelines.snapshot.price.tolist() == [7.0]

    def test_gives_no_details_that_were_read_before_a_change(self):
        """A thread that read the old fields must not keep them after another one has dropped them."""
        product = ProductFactory(name="Lamp")
        cache: DetailsCache

        def read(ids: Any) -> Any:
            found = details(ids)
            Product.objects.filter(id=product.id).update(name="Lantern")
            cache.drop([product.id])
            return found

        cache = DetailsCache(read)
        cache([product.id])
        cache._read = details

        assert cache([product.id])[product.id].name == "Lantern"

    def test_counts_popularity_of_a_new_product_at_its_place(self):
        first, reads = ProductFactory(), Reads()
        reads.cache()
        second = ProductFactory()
        InteractionFactory(product=second)

        assert reads.cache().pipelines.snapshot.product_ids.tolist() == [second.id, first.id]
