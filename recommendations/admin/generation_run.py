"""Read-only admin of the runs of generate_recommendations, with their progress."""

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin.base import ReadOnlyModelAdmin
from recommendations.models import GenerationRun, RunState


@admin.register(GenerationRun)
class GenerationRunAdmin(ReadOnlyModelAdmin[GenerationRun]):
    list_display = (
        "started_at",
        "strategy",
        "current_state",
        "progress",
        "n_failed",
        "took",
        "n_shards",
        "started_by",
    )
    list_filter = ("state",)
    ordering = ("-started_at", "-id")
    sortable_by = ("started_at",)
    fieldsets = (
        (None, {"fields": ("current_state", "progress", "error")}),
        (
            "Parameters",
            {"fields": ("strategy", "version", "top_n", "is_whole", "is_dry", "explains", "started_by")},
        ),
        (
            "Counts",
            {"fields": ("n_total", "n_done", "n_failed", "n_fallbacks", "n_shards", "n_shards_done")},
        ),
        ("Times", {"fields": ("started_at", "seen_at", "ended_at", "took")}),
    )

    @admin.display(description="state")
    def current_state(self, run: GenerationRun) -> str:
        return RunState(run.state_at(timezone.now())).label

    @admin.display(description="progress")
    def progress(self, run: GenerationRun) -> SafeString:
        ready, total = run.n_ready, run.n_total
        return format_html(
            '<progress value="{}" max="{}"></progress> {} of {}',
            ready,
            max(total, 1),
            f"{ready:,}",
            f"{total:,}",
        )

    @admin.display(description="seconds")
    def took(self, run: GenerationRun) -> str:
        return f"{run.seconds:,.1f}"
