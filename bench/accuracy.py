"""`python -m bench.accuracy [--data DIR]`: our strategies and tuned peers, on one split, by the same metrics.

Peers are tuned on the window before the one that is measured, over the grids in bench/accuracy_peers.py.
Our strategies are not tuned: they are measured with their settings.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402 - threads are counted when it is first imported

from bench import machine, shops  # noqa: E402

RESULTS = Path(__file__).parent / "results"
OURS = ("popular", "content", "trending", "collaborative", "hybrid")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description="Compare with peers.")
    parser.add_argument("--data", type=Path, default=shops.REAL, help="a shop in the format of import_shop")
    parser.add_argument("--holdout-days", type=int, default=30)
    parser.add_argument(
        "--back-days", type=int, default=0, help="leave out this many last days to measure an earlier window"
    )
    parser.add_argument("--most-users", type=int, default=5_000, help="draw at most this many users")
    parser.add_argument("--ours", nargs="*", default=list(OURS), help=", ".join(OURS))
    asked = parser.parse_args()
    os.environ.update(shops.environment(Path(":memory:")))
    import django

    django.setup()
    result = compared(asked.data, asked.holdout_days, asked.back_days, asked.most_users, asked.ours)
    print(table(result))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"accuracy-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps({**machine.described(), **result}, indent=2))
    print(f"Written to {path}")


def compared(
    folder: Path, holdout_days: int, back_days: int, most_users: int, names: list[str]
) -> dict[str, Any]:
    """Return each method's metrics on the held-out days, and the uplift of our last strategy over a peer."""
    from bench.accuracy_peers import LARGEST_EASE, PEERS, Past, grid
    from recommendations import wiring
    from recommendations.engine import metrics
    from recommendations.engine.actions import DAY
    from recommendations.engine.holdout import hold_out
    from recommendations.engine.ragged import Ragged
    from recommendations.evaluation.csv_shop import read_shop
    from recommendations.evaluation.measure import SEED, Case, measure

    shop = read_shop(folder, _Quiet())
    end = int(shop.log.at[-1]) - back_days * DAY

    def case(end: int) -> Case:
        log = shop.log.take(shop.log.at <= end)
        seconds = int(log.at[-1]) - (end - holdout_days * DAY)
        return Case.of(hold_out(log, seconds=seconds), shop.snapshot, most_users)

    def met(case: Case) -> Ragged:
        return Ragged(case.holdout.new.starts, case.snapshot.locate(case.holdout.new.flat))

    def values(case: Case, lists: np.ndarray) -> dict[str, np.ndarray]:
        places = np.where(lists >= 0, case.snapshot.locate(lists), -1)
        hits = metrics.hits(places, met(case), len(case.snapshot))
        return {
            "ndcg@10": metrics.ndcg(hits),
            "recall@20": metrics.recall(hits),
            "hit@10": metrics.hit_rate(hits),
        }

    def row(of_users: Mapping[str, np.ndarray], **more: Any) -> dict[str, Any]:
        means = {name: round(float(one.mean()), 4) for name, one in of_users.items()}
        return {**means, "ci95": metrics.interval(of_users["ndcg@10"], seed=SEED), **more}

    final, earlier = case(end), case(end - holdout_days * DAY)
    pasts = {
        name: Past.of(one.holdout.past.liked, one.holdout.user_ids, one.holdout.cutoff)
        for name, one in (("final", final), ("earlier", earlier))
    }
    methods: dict[str, dict[str, Any]] = {}
    ndcg: dict[str, np.ndarray] = {}
    for name, (peer, choices) in PEERS.items():
        if name == "plain EASE" and len(pasts["final"].product_ids) > LARGEST_EASE:
            _say(
                f"{name}: left out, since {len(pasts['final'].product_ids):,} products are too many to invert"
            )
            continue
        began = time.perf_counter()
        tried = [
            (float(values(earlier, peer(pasts["earlier"], **options))["ndcg@10"].mean()), options)
            for options in grid(choices)
        ]
        tuned, options = max(tried, key=lambda one: one[0])
        tuning = time.perf_counter() - began
        of_users = values(final, peer(pasts["final"], **options))
        ndcg[name] = of_users["ndcg@10"]
        methods[name] = row(
            of_users, peer=True, options=options, earlier=round(tuned, 4), tuning_seconds=tuning
        )
        _say(f"{name}: {options}")
    estimators = wiring.strategy_registry().strategies
    table_of_events = wiring.config().events
    for name in names:
        measured = measure(final, estimators[name], table_of_events, estimators)
        ndcg[name] = measured.ndcg
        methods[name] = {
            **{metric: round(measured.means[metric], 4) for metric in ("ndcg@10", "recall@20", "hit@10")},
            "ci95": measured.ci95["ndcg@10"],
            "peer": False,
            "fit_seconds": round(measured.fit_seconds, 1),
            "ms_per_user": round(measured.ms_per_user, 2),
        }
        _say(f"{name}: measured")
    best = max((name for name in methods if methods[name]["peer"]), key=lambda name: methods[name]["ndcg@10"])
    ours = names[-1] if names else best
    difference = ndcg[ours] - ndcg[best]
    return {
        "shop": str(folder),
        "cutoff": final.holdout.cutoff,
        "users": len(final.holdout.user_ids),
        "methods": methods,
        "best_peer": best,
        "ours": ours,
        "ratio": round(float(ndcg[ours].mean() / ndcg[best].mean()), 3),
        "gain": round(float(difference.mean()), 4),
        "gain_ci95": metrics.interval(difference, seed=SEED),
    }


def table(result: Mapping[str, Any]) -> str:
    """Return the result as text."""
    lines = [f"{'method':<20}{'NDCG@10':>9}  {'95 % interval':<18}{'Recall@20':>9}{'hit rate':>10}  tuned to"]
    for name, row in sorted(result["methods"].items(), key=lambda item: item[1]["ndcg@10"]):
        low, high = row["ci95"]
        tuned = ", ".join(f"{key} {value:g}" for key, value in row.get("options", {}).items())
        tuned = tuned or ("" if row["peer"] else "(ours)")
        interval = f"{low:.4f} to {high:.4f}"
        figures = f"{row['ndcg@10']:>9.4f}  {interval:<18}{row['recall@20']:>9.4f}{row['hit@10']:>10.4f}"
        lines.append(f"{name:<20}{figures}  {tuned}".rstrip())
    low, high = result["gain_ci95"]
    lines.append(
        f"{result['ours']} / {result['best_peer']}: {result['ratio']:.2f}; gain {result['gain']:+.4f} "
        f"(95 % interval {low:+.4f} to {high:+.4f}), {result['users']:,} users"
    )
    return "\n".join(lines)


class _Quiet:
    """A report that only shows invalid rows."""

    def reading(self, title: str, n_lines: int) -> None: ...

    def advanced(self, n_lines: int) -> None: ...

    def found(self, problem: Any) -> None:
        _say(str(problem))

    def noted(self, file: str, note: str) -> None: ...


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
