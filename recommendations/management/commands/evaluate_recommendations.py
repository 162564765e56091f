"""Measure how well each strategy predicts the last days of the shop."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.errors import ShopNotFound
from catalog.importing.report import Problem, format_problem_count
from core.commands import EXIT_INTERRUPTED, interrupt_immediately, progress_bar, whole_number
from recommendations import wiring
from recommendations.errors import NoEvents, NothingHeldOut, StrategyFailed, UnknownStrategy
from recommendations.evaluation.csv_shop import read_shop
from recommendations.evaluation.evaluate import Evaluation, Evaluator, as_dict
from recommendations.evaluation.report import METRICS, page
from recommendations.processes.pool import ProcessLost


class Command(BaseCommand):
    help = (
        "Fit each strategy to all but the last days, and compare its lists with the products that users met "
        "for the first time in those days."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--strategies",
            nargs="+",
            metavar="NAME",
            help="measure only these strategies (default: all in settings)",
        )
        parser.add_argument(
            "--holdout-days",
            type=whole_number(high=3650),
            default=30,
            help="number of days to hold out (default: 30)",
        )
        parser.add_argument(
            "--data",
            type=Path,
            metavar="DIR",
            help="measure the shop in this directory as import_shop would store it, without the database",
        )
        parser.add_argument(
            "--users",
            type=whole_number(high=1_000_000_000),
            metavar="N",
            help="measure a fixed random sample of N users (default: all users)",
        )
        parser.add_argument(
            "--format",
            choices=FORMATS,
            default="table",
            help="output format; html is a page with plots (default: table)",
        )
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="write to this file (default: standard output)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        configured = sorted(wiring.config().strategies)
        names = list(dict.fromkeys(options["strategies"] or configured))
        try:
            # The fillers of short lists are needed, even if they are not measured themselves.
            evaluator = wiring.evaluator({*names, *configured})
        except UnknownStrategy as error:
            raise CommandError(f"--strategies: {error}") from error
        quiet = options["verbosity"] == 0
        if options["output"] is not None:
            _check_writable(options["output"])  # before measuring, which takes long
        if options["data"]:
            evaluator = self._with_directory(evaluator, options["data"], quiet=quiet)
        evaluation = self._evaluation(evaluator, names, quiet=quiet, **options)
        text = FORMATS[options["format"]](evaluation)
        if evaluation.warning and options["format"] == "table" and options["output"] is None:
            text = text.replace(evaluation.warning, self.style.ERROR(evaluation.warning), 1)
        elif evaluation.warning and options["output"] is not None:
            self.stderr.write(evaluation.warning)
        if options["output"] is None:
            self.stdout.write(text)
            return
        _write(options["output"], text + "\n")

    def _evaluation(
        self,
        evaluator: Evaluator,
        names: list[str],
        *,
        quiet: bool,
        holdout_days: int,
        users: int | None,
        **_: Any,
    ) -> Evaluation:
        with progress_bar(
            sys.stderr, total=len(names), description="Evaluating", unit="strategies", quiet=quiet
        ) as bar:
            try:
                with interrupt_immediately():
                    return evaluator(
                        names, holdout_days=holdout_days, most_users=users, done=lambda name: bar.update()
                    )
            except KeyboardInterrupt:
                bar.close()
                self.stderr.write("Interrupted. Nothing was written.")
                raise SystemExit(EXIT_INTERRUPTED) from None
            except (NoEvents, NothingHeldOut, StrategyFailed, ProcessLost) as error:
                raise CommandError(str(error)) from error
            except OSError as error:
                raise CommandError(f"Temporary files cannot be written: {error}.") from error

    def _with_directory(self, evaluator: Evaluator, directory: Path, *, quiet: bool) -> Evaluator:
        """Return the evaluator of the shop in a directory; report the rows that were skipped."""
        with _Observer(quiet=quiet) as observer:
            try:
                shop = read_shop(directory, observer, counts_repeats=evaluator.table.counts_repeats)
            except ShopNotFound as error:
                raise CommandError(f"--data: {error}") from error
        problems = f"{format_problem_count(shop.n_problems)} found" if shop.n_problems else ""
        if not len(shop.log):
            details = f" {problems}, the first: {observer.first_problem}" if problems else ""
            raise CommandError(f"--data {directory}: there are no events to learn from.{details}")
        if problems:
            self.stderr.write(f"{problems}; these rows are skipped. The first: {observer.first_problem}")
        return replace(evaluator, log=lambda: shop.log, snapshot=lambda: shop.snapshot)


def _check_writable(file: Path) -> None:
    """Raise CommandError unless the file can be written. Its contents do not change."""
    is_new = not file.exists()
    try:
        with file.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise CommandError(f"--output {file}: {error.strerror}.") from error
    if is_new:
        file.unlink()


def _write(file: Path, text: str) -> None:
    """Write the text to the file. Raises CommandError."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"--output {file}: {error.strerror}.") from error


class _Observer:
    """An ImportObserver that draws a progress bar for each file and keeps the first problem."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar = progress_bar(sys.stderr, total=0, description="", unit="lines", quiet=True)
        self.first_problem: Problem | None = None

    def __enter__(self) -> "_Observer":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def reading(self, title: str, n_lines: int) -> None:
        self._bar.close()
        self._bar = progress_bar(
            sys.stderr, total=n_lines, description=title.capitalize(), unit="lines", quiet=self._quiet
        )

    def advanced(self, n_lines: int) -> None:
        self._bar.update(n_lines)

    def found(self, problem: Problem) -> None:
        self.first_problem = self.first_problem or problem

    def noted(self, file: str, note: str) -> None: ...


def table(evaluation: Evaluation) -> str:
    """Return the evaluation as a table: the mean of each metric with its 95 % interval below."""
    headings = "".join(f" {name:>13}" for name in METRICS)
    users = "1 user" if evaluation.users == 1 else f"{evaluation.users:,} users"
    lines = [
        f"Held out: everything from {evaluation.cutoff:%Y-%m-%d %H:%M} UTC on. Learned from "
        f"{evaluation.train_events:,} events; measured on {users}, who then met "
        f"{evaluation.new_products_per_user:.1f} products each for the first time.",
        "",
        f"{'strategy':<14}{headings}    fit s  ms/user  peak MB",
    ]
    for name, measured in evaluation.strategies.items():
        means = "".join(f" {_format_mean(measured.means[metric]):>13}" for metric in METRICS)
        intervals = "".join(f" {_format_interval(measured.ci95.get(metric)):>13}" for metric in METRICS)
        costs = f" {measured.fit_seconds:>8.2f} {measured.ms_per_user:>8.2f} {measured.peak_mb:>8.0f}"
        lines += [f"{name:<14}{means}{costs}", f"{'':<14}{intervals}".rstrip()]
    if evaluation.warning:
        lines += ["", evaluation.warning]
    return "\n".join(lines)


def _format_mean(mean: float) -> str:
    return "–" if isnan(mean) else f"{mean:.4f}"


def _format_interval(interval: tuple[float, float] | None) -> str:
    return "" if interval is None or isnan(interval[0]) else f"{interval[0]:.3f}–{interval[1]:.3f}"


def _json(evaluation: Evaluation) -> str:
    return json.dumps(as_dict(evaluation), indent=2)


FORMATS = {"table": table, "json": _json, "html": page}
