"""Read-only admin of the language models: what their server says of them, and whether they are left alone."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse

from core.admin.base import ReadOnlyModelAdmin
from recommendations import wiring
from recommendations.models import LanguageModel


@admin.register(LanguageModel)
class LanguageModelAdmin(ReadOnlyModelAdmin[LanguageModel]):
    list_display = ("name", "place", "state", "ends_on", "detail", "checked_at")
    list_filter = ("state",)
    ordering = ("place",)
    sortable_by = ()
    fields = ("name", "place", "state", "ends_on", "detail", "checked_at")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Return the list, with a message on whether the model is called now."""
        self.message_user(request, *_current_state())
        return super().changelist_view(request, extra_context)


def _current_state() -> tuple[str, int]:
    """Return a sentence on the language model, and the level of the message."""
    configured = wiring.language_model()
    if configured is None:
        return "No language model is configured (OPENAI_API_KEY), so the template explains.", messages.INFO
    if configured.breaker.is_open:
        return (
            "The language model has failed several times in a row. It is left alone and tried once in a "
            "while; meanwhile the template explains. The log says why.",
            messages.WARNING,
        )
    return "The language model is called for new explanations.", messages.INFO
