"""Measures how well each strategy would have foreseen the last days of the shop."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.management.progress import progress_bar
from recommendations import wiring
from recommendations.errors import UnknownStrategy
from recommendations.management.numbers import whole_number
from recommendations.services.evaluate import Evaluation, as_dict

METRICS = ("ndcg@10", "recall@20", "hit@10", "map@10", "coverage@10", "novelty@10", "diversity@10")


class Command(BaseCommand):
    help = (
        "Fit each strategy on all but the last days, and measure its lists against the products that users "
        "met for the first time then."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--strategies", nargs="+", metavar="NAME", help="only these (all in settings)")
        parser.add_argument(
            "--holdout-days", type=whole_number(high=3650), default=30, help="how many days to hold out (30)"
        )
        parser.add_argument("--format", choices=("table", "json"), default="table", help="what to print")

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["strategies"] or sorted(wiring.config().strategies)
        with progress_bar(
            sys.stderr,
            total=len(names),
            description="Evaluating",
            unit="strategies",
            quiet=options["verbosity"] == 0,
        ) as bar:
            try:
                found = wiring.evaluator(names)(
                    names, holdout_days=options["holdout_days"], done=lambda name: bar.update()
                )
            except UnknownStrategy as error:
                raise CommandError(f"--strategies: {error}") from error
            except ValueError as error:
                raise CommandError(f"--holdout-days {options['holdout_days']}: {error}.") from error
        self.stdout.write(
            json.dumps(as_dict(found), indent=2) if options["format"] == "json" else table(found)
        )


def table(found: Evaluation) -> str:
    """Return the evaluation for a terminal: the mean of each metric, and under it its 95 % interval."""
    heads = "".join(f" {name:>13}" for name in METRICS)
    lines = [
        f"Held out: everything from {found.cutoff:%Y-%m-%d %H:%M} UTC on. Learned from "
        f"{found.train_events:,} events; measured on {found.users:,} users, who then met "
        f"{found.new_products_per_user:.1f} products each for the first time.",
        "",
        f"{'strategy':<14}{heads}    fit s  ms/user  peak MB",
    ]
    for name, measured in found.strategies.items():
        means = "".join(f" {measured.means[metric]:>13.4f}" for metric in METRICS)
        spans = "".join(f" {_span(measured.ci95.get(metric)):>13}" for metric in METRICS)
        costs = f" {measured.fit_seconds:>8.2f} {measured.ms_per_user:>8.2f} {measured.peak_mb:>8.0f}"
        lines += [f"{name:<14}{means}{costs}", f"{'':<14}{spans}".rstrip()]
    return "\n".join(lines)


def _span(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.3f}–{interval[1]:.3f}"
