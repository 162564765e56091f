"""Train the strategies that are trained ahead, and register their models."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.commands import EXIT_INTERRUPTED, current_operator, interrupt_immediately, whole_number
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
        "Measure each strategy that is trained ahead on held-out days, fit it to all events, and register "
        "the model. The first model of a strategy is activated; later ones are activated as the options "
        "say. A model that was not measured, was measured on fewer than 30 users, or recommends nothing is "
        "activated only with --activate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--strategy",
            nargs="+",
            default=[],
            metavar="NAME",
            help="train only these strategies (default: all that are trained ahead)",
        )
        parser.add_argument(
            "--holdout-days",
            type=whole_number(high=3650),
            default=30,
            help="number of days to hold out (default: 30)",
        )
        parser.add_argument(
            "--keep",
            type=whole_number(),
            metavar="N",
            help="keep only the N newest versions of each strategy, the active and the previous one",
        )
        parser.add_argument("--note", default="", help="a note shown with the version in the admin")
        when = parser.add_mutually_exclusive_group()
        when.add_argument("--activate", action="store_true", help="activate the new models in any case")
        when.add_argument(
            "--activate-if-measured",
            action="store_true",
            help="activate each new model that was measured on 30 users or more and recommends something",
        )
        when.add_argument(
            "--activate-if-better",
            action="store_true",
            help="measure the current default too; fit, activate and make default only what is surely better",
        )
        parser.add_argument("--no-evaluate", action="store_true", help="do not measure before fitting")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["no_evaluate"] and options["activate_if_better"]:
            raise CommandError(
                "--no-evaluate cannot be used with --activate-if-better, which has to measure."
            )
        if options["no_evaluate"] and options["activate_if_measured"]:
            raise CommandError(
                "--no-evaluate cannot be used with --activate-if-measured, which has to measure."
            )
        if len(options["note"]) > (limit := TrainedModel._meta.get_field("note").max_length or 0):
            raise CommandError(f"--note has {len(options['note'])} characters; the limit is {limit}.")
        training_options = TrainingOptions(
            names=tuple(options["strategy"]),
            created_by=current_operator("train_models"),
            activate=_activation_rule(options),
            evaluate=not options["no_evaluate"],
            holdout_days=options["holdout_days"],
            keep=options["keep"],
            note=options["note"],
        )
        quiet = options["verbosity"] == 0
        try:
            with interrupt_immediately():
                for result in wiring.trainer()(
                    training_options, lambda text: None if quiet else _progress(text)
                ):
                    self.stdout.write(report(result))
        except KeyboardInterrupt:
            self.stderr.write("Interrupted. The unfinished model was removed.")
            raise SystemExit(EXIT_INTERRUPTED) from None
        except (UnknownStrategy, NothingToTrain) as error:
            raise CommandError(f"--strategy: {error}") from error
        except (NoEvents, NothingHeldOut, TrainingUnderWay, BadConfiguration, VersionGone) as error:
            raise CommandError(str(error)) from error
        except (ProcessLost, StrategyFailed) as error:
            raise CommandError(f"{error} The unfinished model was removed.") from error
        except OSError as error:
            raise CommandError(
                f"Model files cannot be written to MODEL_DIR: {error}. The unfinished model was removed."
            ) from error


def report(result: TrainingResult) -> str:
    """Return the result of training a strategy as text for a terminal."""
    model = result.model
    if model is None:
        return f"{result.strategy}: {result.decision.reason}"
    lines = [
        f"{model}: fitted to {model.n_events:,} events ({model.data_from:%Y-%m-%d} to "
        f"{model.data_to:%Y-%m-%d}) in {model.fit_seconds:.1f} s, peak memory {model.peak_mb:,.0f} MB; "
        f"{model.n_bytes / 1e6:,.1f} MB of files.",
        f"  Settings {model.settings_digest}; record: {json.dumps(model.record)}",
        f"  {_format_metrics(model.metrics)}",
        f"  {result.decision.reason}",
    ]
    if result.removed:
        lines.append(f"  Older versions removed: {result.removed}.")
    return "\n".join(lines)


def _format_metrics(metrics: dict[str, Any]) -> str:
    if not metrics:
        return "Not measured."
    low, high = metrics["ci95"]["ndcg@10"]
    split = metrics["split"]
    if warning := too_few(split["users"]):
        return f"Held out the last {split['holdout_days']} days. {warning}"
    return (
        f"Held out the last {split['holdout_days']} days: NDCG@10 {metrics['ndcg@10']:.4f} "
        f"({low:.4f} to {high:.4f}, {split['users']:,} users), coverage {metrics['coverage@10']:.3f}."
    )


def _activation_rule(options: dict[str, Any]) -> ActivationRule:
    if options["activate_if_better"]:
        return ActivationRule.IF_BETTER
    if options["activate_if_measured"]:
        return ActivationRule.PROVEN
    return ActivationRule.ALWAYS if options["activate"] else ActivationRule.NEEDED


def _progress(text: str) -> None:
    sys.stderr.write(f"{text[:1].upper()}{text[1:]}.\n")
    sys.stderr.flush()
