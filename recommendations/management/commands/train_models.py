"""Trains the strategies that are fitted ahead, and registers their models."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.commands import INTERRUPTED, current_operator, interrupted_at_once, whole_number
from recommendations import wiring
from recommendations.errors import (
    BadConfiguration,
    NoEvents,
    NothingHeldOut,
    NothingToTrain,
    StrategyFailed,
    TrainingUnderWay,
    UnknownStrategy,
    VersionGone,
)
from recommendations.evaluation.evaluate import too_few
from recommendations.models import TrainedModel
from recommendations.processes.pool import ProcessLost
from recommendations.training.promotion import ActivationRule
from recommendations.training.train import TrainingOptions, TrainingResult


class Command(BaseCommand):
    help = (
        "Measure each strategy that is trained ahead on the last days, fit it to everything, and register "
        "the model. The first model of a strategy is activated, later ones as the options say. What was not "
        "measured, or on fewer than 30 users, or proposes nothing, is activated with --activate alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--strategy",
            nargs="+",
            default=[],
            metavar="NAME",
            help="only these (all that are trained ahead)",
        )
        parser.add_argument(
            "--holdout-days", type=whole_number(high=3650), default=30, help="how many days to hold out (30)"
        )
        parser.add_argument(
            "--keep", type=whole_number(), metavar="N", help="remove all but N versions of each"
        )
        parser.add_argument("--note", default="", help="a remark for those who compare versions")
        when = parser.add_mutually_exclusive_group()
        when.add_argument(
            "--activate", action="store_true", help="activate the new models, whatever speaks against them"
        )
        when.add_argument(
            "--activate-if-measured",
            action="store_true",
            help="activate each new model that was measured on 30 users or more and proposes something",
        )
        when.add_argument(
            "--activate-if-better",
            action="store_true",
            help="measure what answers by default too; fit, activate and make default what is surely better",
        )
        parser.add_argument("--no-evaluate", action="store_true", help="fit without measuring first")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["no_evaluate"] and options["activate_if_better"]:
            raise CommandError("--no-evaluate: what is better cannot be said without measuring.")
        if options["no_evaluate"] and options["activate_if_measured"]:
            raise CommandError("--no-evaluate: nothing is measured then, so nothing would be activated.")
        if len(options["note"]) > (most := TrainedModel._meta.get_field("note").max_length or 0):
            raise CommandError(f"--note has {len(options['note'])} characters; it may have {most}.")
        order = TrainingOptions(
            names=tuple(options["strategy"]),
            created_by=current_operator("train_models"),
            activate=_when(options),
            evaluate=not options["no_evaluate"],
            holdout_days=options["holdout_days"],
            keep=options["keep"],
            note=options["note"],
        )
        quiet = options["verbosity"] == 0
        try:
            with interrupted_at_once():
                for trained in wiring.trainer()(order, lambda text: None if quiet else _progress(text)):
                    self.stdout.write(report(trained))
        except KeyboardInterrupt:
            self.stderr.write("Interrupted. Nothing of the unfinished model is left.")
            raise SystemExit(INTERRUPTED) from None
        except (UnknownStrategy, NothingToTrain) as error:
            raise CommandError(f"--strategy: {error}") from error
        except (NoEvents, NothingHeldOut, TrainingUnderWay, BadConfiguration, VersionGone) as error:
            raise CommandError(str(error)) from error
        except (ProcessLost, StrategyFailed) as error:
            raise CommandError(f"{error} Nothing of its model is left.") from error
        except OSError as error:
            raise CommandError(
                f"The model's files cannot be kept: {error}. Nothing of it is left; see MODEL_DIR."
            ) from error


def report(trained: TrainingResult) -> str:
    """Return what came of a strategy, for a terminal."""
    model = trained.model
    if model is None:
        return f"{trained.strategy}: {trained.verdict.because}"
    lines = [
        f"{model}: fitted to {model.n_events:,} events ({model.data_from:%Y-%m-%d} to "
        f"{model.data_to:%Y-%m-%d}) in {model.fit_seconds:.1f} s, at most {model.peak_mb:,.0f} MB of memory; "
        f"{model.n_bytes / 1e6:,.1f} MB of files.",
        f"  Settings {model.settings_digest}; record: {json.dumps(model.record)}",
        f"  {_measures(model.metrics)}",
        f"  {trained.verdict.because}",
    ]
    if trained.removed:
        lines.append(f"  Older versions removed: {trained.removed}.")
    return "\n".join(lines)


def _measures(metrics: dict[str, Any]) -> str:
    if not metrics:
        return "Not measured."
    low, high = metrics["ci95"]["ndcg@10"]
    split = metrics["split"]
    if warning := too_few(split["users"]):
        return f"On the last {split['holdout_days']} days, held out: {warning}"
    return (
        f"On the last {split['holdout_days']} days, held out: NDCG@10 {metrics['ndcg@10']:.4f} "
        f"({low:.4f} to {high:.4f}, {split['users']:,} users), coverage {metrics['coverage@10']:.3f}."
    )


def _when(options: dict[str, Any]) -> ActivationRule:
    if options["activate_if_better"]:
        return ActivationRule.IF_BETTER
    if options["activate_if_measured"]:
        return ActivationRule.PROVEN
    return ActivationRule.ALWAYS if options["activate"] else ActivationRule.NEEDED


def _progress(text: str) -> None:
    sys.stderr.write(f"{text[:1].upper()}{text[1:]}.\n")
    sys.stderr.flush()
