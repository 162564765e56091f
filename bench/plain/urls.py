"""URL configuration of the plain views."""

from django.urls import path

from bench.plain.views import OneRead, Ready, SameReads

urlpatterns = [
    path("", Ready.as_view()),
    path("same-reads/<str:key>", SameReads.as_view()),
    path("one-read/<str:key>", OneRead.as_view()),
]
