"""Runs of generate_recommendations: parameters, progress and outcome, and the shards of a run."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q


class RunState(models.TextChoices):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LOST = "lost"


# A run without a heartbeat for longer is lost. Heartbeats are much more frequent: a command sends one every
# 15 seconds; workers send one with each shard, and shards are sent again after some minutes of silence.
SILENCE_OF_A_COMMAND = timedelta(seconds=90)
SILENCE_OF_WORKERS = timedelta(hours=1)


class GenerationRun(models.Model):
    """One run of generate_recommendations."""

    state = models.CharField(max_length=16, choices=RunState.choices, default=RunState.RUNNING)
    strategy = models.CharField(max_length=64)
    version = models.CharField(
        max_length=40, blank=True, default="", help_text="Version of the strategy's model."
    )
    top_n = models.PositiveSmallIntegerField("products per list", help_text="Number of products per list.")
    is_whole = models.BooleanField("for all shoppers", default=True)
    is_dry = models.BooleanField(
        "dry run", default=False, help_text="Whether the lists are computed without being stored."
    )
    explains = models.BooleanField(
        "explanations", default=False, help_text="Whether explanations are written too."
    )
    started_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(db_index=True)
    seen_at = models.DateTimeField("last heartbeat")
    ended_at = models.DateTimeField(null=True, blank=True)
    n_total = models.PositiveIntegerField("shoppers", help_text="Number of shoppers when the run started.")
    n_done = models.PositiveIntegerField("done", default=0)
    n_failed = models.PositiveIntegerField("failed", default=0)
    n_fallbacks = models.PositiveIntegerField(
        "fallbacks", default=0, help_text="Lists for which the strategy itself found nothing."
    )
    n_shards = models.PositiveIntegerField(
        "shards",
        default=0,
        help_text="Number of shards for the workers; 0 if the command generates all lists.",
    )
    n_shards_done = models.PositiveIntegerField("shards done", default=0)
    error = models.TextField(blank=True, default="")

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["strategy"],
                condition=Q(state=RunState.RUNNING, is_whole=True, is_dry=False),
                name="generation_run_one_a_strategy",
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="generation_run_state_known"),
            models.CheckConstraint(
                condition=Q(state=RunState.RUNNING, ended_at__isnull=True)
                | (~Q(state=RunState.RUNNING) & Q(ended_at__isnull=False)),
                name="generation_run_ended_unless_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy}, {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def seconds(self) -> float:
        """The duration up to the end, or to the last heartbeat."""
        return max(((self.ended_at or self.seen_at) - self.started_at).total_seconds(), 0.0)

    @property
    def n_ready(self) -> int:
        """The number of processed shoppers, including failed ones; at most n_total."""
        return min(self.n_done + self.n_failed, self.n_total)

    def state_at(self, now: datetime) -> RunState:
        """Return the state now: a run without a recent heartbeat is lost, even before its row says so."""
        state = RunState(self.state)
        limit = SILENCE_OF_WORKERS if self.n_shards else SILENCE_OF_A_COMMAND
        return RunState.LOST if state is RunState.RUNNING and now - self.seen_at > limit else state


class GenerationShard(models.Model):
    """The shoppers in a range of ids, whose lists one worker generates and stores in one transaction."""

    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="shards")
    number = models.PositiveIntegerField()
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    n_users = models.PositiveIntegerField()
    n_starts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="generation_shard_one_a_number")
        ]

    def __str__(self) -> str:
        return f"shard {self.number} of run {self.run_id}"
