"""Top k of sparse scores: rounding to points, mask, cut."""

import numpy as np

from recommendations.engine.histories import Candidates, Mask
from recommendations.engine.neighbours import Sums


def best_of(sums: Sums, *, scale: float, allowed: Mask, k: int) -> Candidates:
    """Return each user's k allowed positions with the most points, above 0, best first; ties by position.

    Points are rounded before they are compared, so the order agrees with the points that are shown.

    sums: scores of positions; scale: thousandths of a point for a value of 1
    """
    n_users, n = len(sums.columns), len(allowed.everyone)
    positions = np.full((n_users, k), -1, np.int64)
    points = np.zeros((n_users, k), np.int64)
    thousandths = np.rint(sums.values.astype(np.float64) * scale).astype(np.int64)
    open_to_all = allowed.everyone[sums.columns.flat] & (thousandths > 0)
    for user in range(n_users):
        mine = slice(sums.columns.starts[user], sums.columns.starts[user + 1])
        offered = sums.columns.flat[mine][open_to_all[mine]]
        score = thousandths[mine][open_to_all[mine]]
        own = allowed.own[user]
        if len(own) and len(offered):
            free = ~np.isin(offered, own)
            offered, score = offered[free], score[free]
        key = score * n + (n - 1 - offered)  # distinct, so the cut is deterministic
        if len(key) > k:
            key = np.partition(key, len(key) - k)[len(key) - k :] if k else key[:0]
        key = np.sort(key)[::-1]
        points[user, : len(key)], reverse = np.divmod(key, max(n, 1))
        positions[user, : len(key)] = n - 1 - reverse
    return Candidates(positions, points)
