"""The page that shows what a shopper is recommended today, and why."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from catalog.models import Interaction, User
from core.admin import links
from recommendations import wiring
from recommendations.admin.lines import fallback_words, lines_of
from recommendations.errors import UnknownShopper
from recommendations.models import StoredList
from recommendations.selectors.shoppers import shopper
from recommendations.serving.request import RecommendationRequest

TOP_N = 10


def shopper_page(model_admin: "StoredListAdmin", request: HttpRequest, user_id: int) -> HttpResponse:
    """Return the page; 7 queries beside those of the session. No model is asked for words."""
    site = model_admin.admin_site
    if not (
        model_admin.has_view_permission(request) and site.get_model_admin(User).has_view_permission(request)
    ):
        raise PermissionDenied
    try:
        asking = shopper({"pk": user_id})
    except UnknownShopper as error:
        model_admin.message_user(request, f"{error} Choose one from this list.", messages.WARNING)
        return HttpResponseRedirect(reverse("admin:catalog_user_changelist"))
    shelf = wiring.recommender()(RecommendationRequest(asking.id, TOP_N), asking, wiring.model_ref())
    context = {
        **site.each_context(request),
        "title": "Recommendations today",
        "subtitle": asking.name or f"Shopper {asking.id}",
        "opts": model_admin.opts,
        "media": model_admin.media,
        "shelf": shelf,
        "fallback": fallback_words(shelf),
        "lines": lines_of(shelf),
        "user_url": reverse("admin:catalog_user_change", args=[asking.id]),
        "history_url": links.listing_url(Interaction, user=asking.id),
        "stored_url": links.listing_url(StoredList, user=asking.id),
    }
    request.current_app = site.name
    return TemplateResponse(request, "admin/recommendations/shopper.html", context)


if TYPE_CHECKING:
    from recommendations.admin.stored_list import StoredListAdmin
