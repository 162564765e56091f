"""The addresses of the catalogue; each answers with and without the trailing slash."""

from rest_framework.routers import SimpleRouter

router = SimpleRouter()
router.trailing_slash = "/?"

urlpatterns = router.urls
