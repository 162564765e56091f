"""The admin page of a shopper's recommendations today, with their reasons."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from catalog.models import Interaction, User
from core.admin import links
from core.references import BadReference, lookup
from recommendations import wiring
from recommendations.admin.lines import format_fallback, lines_of
from recommendations.errors import UnknownShopper
from recommendations.explainers.template import TemplateExplainer
from recommendations.explaining.inline import explanation_of
from recommendations.models import StoredList
from recommendations.serving.request import RecommendationRequest

TOP_N = 10


def shopper_page(model_admin: "StoredListAdmin", request: HttpRequest, user_id: int) -> HttpResponse:
    """Return the page of the strategy in the query, else of the default one; calls no language model.

    2 queries besides those of the session.
    """
    site = model_admin.admin_site
    if not (
        model_admin.has_view_permission(request) and site.get_model_admin(User).has_view_permission(request)
    ):
        raise PermissionDenied
    try:
        (named,) = lookup(str(user_id)).values()
        strategies = sorted(wiring.config().strategies)
        strategy = request.GET.get("strategy")
        wanted = RecommendationRequest(named, TOP_N, strategy if strategy in strategies else None)
        state = wiring.shopper_state(wanted)
    except (BadReference, UnknownShopper) as error:
        model_admin.message_user(request, f"{error} Choose a user from this list.", messages.WARNING)
        return HttpResponseRedirect(reverse("admin:catalog_user_changelist"))
    user, found_list = state.shopper, wiring.recommender()(wanted, state)
    context = {
        **site.each_context(request),
        "title": "Recommendations today",
        "subtitle": user.name or f"Shopper {user.id}",
        "opts": model_admin.opts,
        "media": model_admin.media,
        "found_list": found_list,
        "strategies": strategies,
        "sentence": explanation_of(found_list, TemplateExplainer()).text,
        "fallback": format_fallback(found_list),
        "lines": lines_of(found_list),
        "user_url": reverse("admin:catalog_user_change", args=[user.id]),
        "history_url": links.listing_url(Interaction, user=user.id),
        "stored_url": links.listing_url(StoredList, user=user.id),
    }
    request.current_app = site.name
    return TemplateResponse(request, "admin/recommendations/shopper.html", context)


if TYPE_CHECKING:
    from recommendations.admin.stored_list import StoredListAdmin
