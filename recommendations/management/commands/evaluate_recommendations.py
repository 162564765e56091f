"""Measures how well each strategy would have foreseen the last days of the shop."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.errors import NoShop
from catalog.importing.report import Problem, counted
from core.commands import INTERRUPTED, interrupted_at_once, progress_bar, whole_number
from recommendations import wiring
from recommendations.errors import NoEvents, NothingHeldOut, StrategyFailed, UnknownStrategy
from recommendations.evaluation.csv_shop import shop_of
from recommendations.evaluation.evaluate import Evaluation, Evaluator, as_dict
from recommendations.evaluation.report import METRICS, page
from recommendations.processes.pool import ProcessLost


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
        parser.add_argument(
            "--data",
            type=Path,
            metavar="DIR",
            help="measure the shop whose files import_shop would store, without touching the database",
        )
        parser.add_argument(
            "--users",
            type=whole_number(high=1_000_000_000),
            metavar="N",
            help="of more users, measure N that are drawn, always the same ones (all)",
        )
        parser.add_argument(
            "--format", choices=FORMATS, default="table", help="what to print; html is a page with plots"
        )
        parser.add_argument("--output", type=Path, metavar="FILE", help="write to this file (print)")

    def handle(self, *args: Any, **options: Any) -> None:
        configured = sorted(wiring.config().strategies)
        names = list(dict.fromkeys(options["strategies"] or configured))
        try:
            # What fills up short lists has to be there, measured itself or not.
            evaluate = wiring.evaluator({*names, *configured})
        except UnknownStrategy as error:
            raise CommandError(f"--strategies: {error}") from error
        quiet = options["verbosity"] == 0
        if options["output"] is not None:
            _try_to_write(options["output"])  # measuring takes long: it is tried before
        if options["data"]:
            evaluate = self._of_folder(evaluate, options["data"], quiet=quiet)
        found = self._measured(evaluate, names, quiet=quiet, **options)
        said = FORMATS[options["format"]](found)
        if found.warning and options["format"] == "table" and options["output"] is None:
            said = said.replace(found.warning, self.style.ERROR(found.warning), 1)
        elif found.warning and options["output"] is not None:
            self.stderr.write(found.warning)
        if options["output"] is None:
            self.stdout.write(said)
            return
        _write(options["output"], said + "\n")

    def _measured(
        self,
        evaluate: Evaluator,
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
                with interrupted_at_once():
                    return evaluate(
                        names, holdout_days=holdout_days, most_users=users, done=lambda name: bar.update()
                    )
            except KeyboardInterrupt:
                bar.close()
                self.stderr.write("Interrupted. Nothing was written.")
                raise SystemExit(INTERRUPTED) from None
            except (NoEvents, NothingHeldOut, StrategyFailed, ProcessLost) as error:
                raise CommandError(str(error)) from error
            except OSError as error:
                raise CommandError(f"Temporary files cannot be written: {error}.") from error

    def _of_folder(self, evaluate: Evaluator, folder: Path, *, quiet: bool) -> Evaluator:
        """Return the same evaluation of the shop in a directory; say what was left out of it."""
        with _Teller(quiet=quiet) as teller:
            try:
                shop = shop_of(folder, teller)
            except NoShop as error:
                raise CommandError(f"--data: {error}") from error
        found = f"{counted(shop.n_problems)} found" if shop.n_problems else ""
        if not len(shop.log):
            because = f" {found}, the first: {teller.first}" if found else ""
            raise CommandError(f"--data {folder}: there are no events to learn from.{because}")
        if found:
            self.stderr.write(f"{found}; what is wrong is left out. The first: {teller.first}")
        return replace(evaluate, log=lambda: shop.log, snapshot=lambda: shop.snapshot)


def _try_to_write(file: Path) -> None:
    """Nothing has changed, for the file may be written to. Raises CommandError."""
    is_new = not file.exists()
    try:
        with file.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise CommandError(f"--output {file}: {error.strerror}.") from error
    if is_new:
        file.unlink()


def _write(file: Path, text: str) -> None:
    """The text is in the file. Raises CommandError."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"--output {file}: {error.strerror}.") from error


class _Teller:
    """Draws a bar for each file and remembers the first problem."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar = progress_bar(sys.stderr, total=0, description="", unit="lines", quiet=True)
        self.first: Problem | None = None

    def __enter__(self) -> "_Teller":
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
        self.first = self.first or problem


def table(found: Evaluation) -> str:
    """Return the evaluation for a terminal: the mean of each metric, and under it its 95 % interval."""
    heads = "".join(f" {name:>13}" for name in METRICS)
    users = "1 user" if found.users == 1 else f"{found.users:,} users"
    lines = [
        f"Held out: everything from {found.cutoff:%Y-%m-%d %H:%M} UTC on. Learned from "
        f"{found.train_events:,} events; measured on {users}, who then met "
        f"{found.new_products_per_user:.1f} products each for the first time.",
        "",
        f"{'strategy':<14}{heads}    fit s  ms/user  peak MB",
    ]
    for name, measured in found.strategies.items():
        means = "".join(f" {_said(measured.means[metric]):>13}" for metric in METRICS)
        spans = "".join(f" {_span(measured.ci95.get(metric)):>13}" for metric in METRICS)
        costs = f" {measured.fit_seconds:>8.2f} {measured.ms_per_user:>8.2f} {measured.peak_mb:>8.0f}"
        lines += [f"{name:<14}{means}{costs}", f"{'':<14}{spans}".rstrip()]
    if found.warning:
        lines += ["", found.warning]
    return "\n".join(lines)


def _said(mean: float) -> str:
    return "–" if isnan(mean) else f"{mean:.4f}"


def _span(interval: tuple[float, float] | None) -> str:
    return "" if interval is None or isnan(interval[0]) else f"{interval[0]:.3f}–{interval[1]:.3f}"


def _json(found: Evaluation) -> str:
    return json.dumps(as_dict(found), indent=2)


FORMATS = {"table": table, "json": _json, "html": page}
