"""URLs of the catalogue API, with an optional trailing slash."""

from rest_framework.routers import SimpleRouter

from catalog.api.categories import CategoryViewSet
from catalog.api.interaction_rows import InteractionRowViewSet
from catalog.api.interactions import InteractionViewSet
from catalog.api.products import ProductViewSet
from catalog.api.tokens import ShopperTokenViewSet
from catalog.api.users import HistoryViewSet, UserViewSet

router = SimpleRouter()
router.trailing_slash = "/?"
# The most frequent requests first: each pattern before a match costs time.
router.register("interactions", InteractionViewSet, basename="interaction")
router.register("interactions", InteractionRowViewSet, basename="interaction-row")
router.register("users", UserViewSet, basename="user")
router.register("users/(?P<id>[^/]+)/interactions", HistoryViewSet, basename="history")
router.register("products", ProductViewSet, basename="product")
router.register("categories", CategoryViewSet, basename="category")
router.register("token/shopper", ShopperTokenViewSet, basename="token-shopper")

urlpatterns = router.urls
