"""Print the duration of one live recommendation in process as JSON: `python -m bench.one_user N`."""

import json
import random
import sys
import time

import django
import numpy as np


def milliseconds(seconds: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(np.array(seconds) * 1000, [50, 99])
    return {"p50_ms": round(float(p50), 3), "p99_ms": round(float(p99), 3)}


def main(n_asks: int) -> None:
    django.setup()
    from recommendations import wiring
    from recommendations.engine.histories import Histories
    from recommendations.pipeline import Query
    from recommendations.selectors.histories import events, histories
    from recommendations.selectors.shoppers import shopper_id_chunks
    from recommendations.serving.request import RecommendationRequest

    began = time.perf_counter()
    wiring.warm_up()
    snapshot_seconds = time.perf_counter() - began
    ids = [key for chunk in shopper_id_chunks(10_000) for key in chunk]
    chosen = random.Random(7).choices(ids, k=n_asks + 100)
    answer = wiring.recommender(stored=False)
    whole = []
    for key in chosen:
        began = time.perf_counter()
        request = RecommendationRequest(key, strategy="content")
        answer(request, wiring.shopper_state(request))
        whole.append(time.perf_counter() - began)

    pipeline = wiring.pipeline(wiring.model_ref("content"))
    pasts: list[Histories] = [histories(events(np.array([key])), pipeline.snapshot) for key in chosen]
    engine = []
    for past in pasts:
        began = time.perf_counter()
        pipeline.rank(past, Query(5))
        engine.append(time.perf_counter() - began)
    result = {
        "products": len(pipeline.snapshot),
        "users": len(ids),
        "asks": n_asks,
        "snapshot_seconds": round(snapshot_seconds, 3),
        "live": milliseconds(whole[100:]),
        "engine_alone": milliseconds(engine[100:]),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
