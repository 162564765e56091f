"""One run of generate_recommendations: how far it is, what came of it, and the shards it is cut into."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q


class RunState(models.TextChoices):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LOST = "lost"


# A run gives a sign of life much more often: its command every quarter of a minute, its workers with each
# shard, which is sent again when nothing has come of it for some minutes.
SILENCE_OF_A_COMMAND = timedelta(seconds=90)
SILENCE_OF_WORKERS = timedelta(hours=1)


class GenerationRun(models.Model):
    state = models.CharField(max_length=16, choices=RunState.choices, default=RunState.RUNNING)
    strategy = models.CharField(max_length=64)
    version = models.CharField(max_length=40, blank=True, default="", help_text="Of the strategy's model.")
    top_n = models.PositiveSmallIntegerField("asked for", help_text="How many products a list.")
    is_whole = models.BooleanField("for everybody", default=True)
    is_dry = models.BooleanField("dry run", default=False, help_text="Whether nothing is stored.")
    explains = models.BooleanField("explanations", default=False, help_text="Whether texts are written too.")
    started_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(db_index=True)
    seen_at = models.DateTimeField("last sign of life")
    ended_at = models.DateTimeField(null=True, blank=True)
    n_total = models.PositiveIntegerField("shoppers", help_text="How many there were when it began.")
    n_done = models.PositiveIntegerField("done", default=0)
    n_failed = models.PositiveIntegerField("failed", default=0)
    n_fallbacks = models.PositiveIntegerField(
        "fallbacks", default=0, help_text="Lists of which the strategy itself found nothing."
    )
    n_shards = models.PositiveIntegerField(
        "shards", default=0, help_text="How many pieces workers do; 0: the command does all by itself."
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
        """How long it took, or has taken up to its last sign of life."""
        return max(((self.ended_at or self.seen_at) - self.started_at).total_seconds(), 0.0)

    @property
    def n_ready(self) -> int:
        """How many shoppers are dealt with, well or not; never more than there are."""
        return min(self.n_done + self.n_failed, self.n_total)

    def state_at(self, now: datetime) -> RunState:
        """Return its state; a run that gives no sign of life is lost, as its row will say later."""
        state = RunState(self.state)
        patience = SILENCE_OF_WORKERS if self.n_shards else SILENCE_OF_A_COMMAND
        return RunState.LOST if state is RunState.RUNNING and now - self.seen_at > patience else state


class GenerationShard(models.Model):
    """The shoppers from one id to another: what one worker does at once, and stores in one transaction."""

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
