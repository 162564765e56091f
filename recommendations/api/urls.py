"""The addresses of recommendations."""

from django.urls import re_path

from recommendations.api.views import RecommendView

urlpatterns = [
    re_path(r"^recommend/(?P<user_id>[^/]+)/?$", RecommendView.as_view(), name="recommend"),
]
