"""The addresses of recommendations; each answers with and without the trailing slash."""

from rest_framework.routers import SimpleRouter

from recommendations.api.views import RecommendViewSet

router = SimpleRouter()
router.trailing_slash = "/?"
router.register("recommend", RecommendViewSet, basename="recommend")

urlpatterns = router.urls
