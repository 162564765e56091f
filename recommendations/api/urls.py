"""URLs of recommendations, each with an optional trailing slash."""

from rest_framework.routers import SimpleRouter

from recommendations.api.explanations import ExplanationViewSet
from recommendations.api.placements import (
    BoughtTogetherViewSet,
    BuyAgainViewSet,
    SessionViewSet,
    SimilarViewSet,
    TrendingViewSet,
)
from recommendations.api.popular import PopularViewSet
from recommendations.api.recommend import RecommendViewSet
from recommendations.api.recommend_batch import RecommendBatchViewSet
from recommendations.api.runs import RunViewSet

router = SimpleRouter()
router.trailing_slash = "/?"
# Before /recommend/{user_id}, which would match it as well.
router.register("recommend/batch", RecommendBatchViewSet, basename="recommend-batch")
router.register("recommend/session", SessionViewSet, basename="session")
router.register("recommend/(?P<user_id>[^/]+)/buy-again", BuyAgainViewSet, basename="buy-again")
router.register("recommend", RecommendViewSet, basename="recommend")
router.register("explanations", ExplanationViewSet, basename="explanation")
router.register("runs", RunViewSet, basename="run")
router.register("trending", TrendingViewSet, basename="trending")
router.register("products/popular", PopularViewSet, basename="popular")
router.register("products/(?P<id>[^/]+)/similar", SimilarViewSet, basename="similar")
router.register("products/(?P<id>[^/]+)/bought-together", BoughtTogetherViewSet, basename="bought-together")

urlpatterns = router.urls
