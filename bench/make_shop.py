#!/usr/bin/env python3
"""Deterministic synthetic e-commerce data (numpy only, vectorised).

    python make_shop.py --size S|M|L|XL --out DIR [--seed 20240607]

Writes  users.csv         id,name
        products.csv      id,name,category,price,description,tags   (tags pipe-separated)
        interactions.csv  user_id,product_id,action_type,created_at (ISO 8601, UTC, sorted by time)
        manifest.json     counts, parameters, id ranges, SHA-256 of each CSV

S =   1 000 products,   1 000 users,    20 000 interactions
M =  20 000 products,  20 000 users,   500 000 interactions
L = 200 000 products, 100 000 users, 3 000 000 interactions
XL = 1 000 000 products, 1 000 000 users, 20 000 000 interactions

Shape of the data
* popularity of a product: Zipf-Mandelbrot, weight (rank + q)^-s, ranks shuffled over ids
* activity of a user: log-normal (sigma 0.9), so mean 20-30 interactions, long tail
* taste: every user has 1-3 home categories; 70 % of interactions fall in them, the rest are
  global.  So content-based and collaborative recommenders both have something to find.
* COLD USERS: the last 1 % of user ids have no interaction at all (manifest "cold_user_ids"),
  so that the no-history path can be loaded (or avoided) on purpose.
* repeats of (user, product) are kept, as in a real click log.
* no field contains a comma, quote or newline; category names contain '&' (HTML escaping).

Randomness is drawn only through Generator.random() / .integers() / .permutation() of PCG64.
"""

import argparse
import hashlib
import json
import os
import time

import numpy as np

SIZES = {
    "S": (1_000, 1_000, 20_000),
    "M": (20_000, 20_000, 500_000),
    "L": (200_000, 100_000, 3_000_000),
    "XL": (1_000_000, 1_000_000, 20_000_000),
}

CATEGORIES = [
    "Electronics",
    "Accessories",
    "Home & Kitchen",
    "Books",
    "Clothing",
    "Shoes",
    "Sports",
    "Outdoors",
    "Toys & Games",
    "Beauty",
    "Health",
    "Grocery",
    "Garden",
    "Automotive",
    "Pet Supplies",
    "Office",
    "Music",
    "Movies & TV",
    "Video Games",
    "Baby",
    "Jewelry",
    "Watches",
    "Luggage",
    "Furniture",
    "Lighting",
    "Tools",
    "Appliances",
    "Cameras",
    "Computers",
    "Phones",
    "Software",
    "Arts & Crafts",
    "Collectibles",
    "Musical Instruments",
    "Industrial",
    "Stationery",
    "Bedding",
    "Bath",
    "Cycling",
    "Fitness",
]
ADJ = (
    "Wireless Portable Compact Classic Modern Smart Premium Eco Ultra Vintage Rugged Slim "
    "Foldable Organic Adjustable Deluxe Lightweight Waterproof Ergonomic Essential"
).split()
NOUN = (
    "Earbuds Lamp Backpack Bottle Speaker Charger Notebook Jacket Sneakers Watch Keyboard "
    "Blender Tent Mug Camera Chair Headphones Wallet Puzzle Serum Stand Cable Pillow Drill "
    "Gloves Planter Scale Rug Monitor Kettle"
).split()
FIRST = (
    "Alice Bob Carol David Emma Frank Grace Henry Ivy Jack Kira Liam Maya Noah Olivia Paul "
    "Quinn Rosa Sam Tara Uma Victor Wendy Xavier Yara Zoe Andre Bianca Chen Dmitri"
).split()
LAST = (
    "Smith Johnson Garcia Nguyen Kim Patel Muller Rossi Silva Kowalski Brown Lopez Ivanov "
    "Tanaka Okafor Hansen Dubois Costa Novak Singh"
).split()
TAG_A = (
    "audio wireless bluetooth portable usb led cotton leather steel wood ceramic glass eco "
    "organic travel kids pro mini gift summer winter retro smart home outdoor"
).split()
TAG_B = (
    "",
    "friendly",
    "ready",
    "plus",
    "set",
    "kit",
    "style",
    "care",
    "grade",
    "series",
    "grip",
    "fit",
    "wear",
    "tech",
    "lab",
    "edge",
    "core",
    "line",
    "flex",
)

N_TAGS = 500
POOL = 28  # category-specific tags a category draws from
COLD = 0.01
T0 = np.datetime64("2024-01-01T00:00:00", "s")
SPAN = 540 * 86400
ACTIONS = np.array(["view", "click", "purchase"])
ACTION_P = np.array([0.75, 0.17, 0.08])


def zipf(n, s, q):
    return (np.arange(1, n + 1) + q) ** -s


def draw(rng, cum, n):
    """n draws from the discrete distribution with cumulative weights cum."""
    return np.minimum(np.searchsorted(cum, rng.random(n) * cum[-1], side="right"), len(cum) - 1)


def slug(c):
    return c.lower().replace(" & ", "-").replace(" ", "-")


def tag_vocab():
    tags = [slug(c) for c in CATEGORIES]
    seen = set(tags)
    for b in TAG_B:
        for a in TAG_A:
            t = f"{a}-{b}" if b else a
            if t not in seen and len(tags) < N_TAGS:
                seen.add(t)
                tags.append(t)
    assert len(tags) == N_TAGS
    return tags


def make_tags(rng, category, tags):
    """(P, 6) tag ids and (P,) counts in 3..6, distinct within a product."""
    P, C = len(category), len(CATEGORIES)
    other = N_TAGS - C
    pool = np.stack([rng.permutation(other)[:POOL] for _ in range(C)]) + C
    pool_cum = np.cumsum(zipf(POOL, 0.8, 1.0))
    glob_cum = np.cumsum(zipf(other, 0.7, 3.0))
    want = rng.integers(3, 7, P)
    K = 14
    out = np.zeros((P, 6), np.int32)
    todo = np.arange(P)
    while len(todo):
        n = len(todo)
        local = pool[category[todo][:, None], draw(rng, pool_cum, n * K).reshape(n, K)]
        world = draw(rng, glob_cum, n * K).reshape(n, K) + C
        cand = np.where(rng.random((n, K)) < 0.8, local, world)
        own = rng.random(n) < 0.6  # first tag is the category's own slug
        cand[:, 0] = np.where(own, category[todo], cand[:, 0])
        fresh = np.ones((n, K), bool)
        for j in range(1, K):
            fresh[:, j] = ~(cand[:, :j] == cand[:, j : j + 1]).any(1)
        rank = np.cumsum(fresh, 1) - 1
        ok = fresh.sum(1) >= want[todo]
        r, c = np.nonzero(fresh & (rank < 6) & ok[:, None])
        out[todo[r], rank[r, c]] = cand[r, c]
        todo = todo[~ok]
    return out, want


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--size", choices=SIZES, required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--seed", type=int, default=20240607)
    ap.add_argument("--zipf-s", type=float, default=1.0)
    ap.add_argument("--zipf-q", type=float, default=2.7)
    a = ap.parse_args()
    P, U, N = SIZES[a.size]
    t_start = time.time()
    os.makedirs(a.out, exist_ok=True)
    rng = np.random.Generator(np.random.PCG64([a.seed, *a.size.encode()]))
    C = len(CATEGORIES)
    tags = tag_vocab()

    # ---- users ----
    fi, la = rng.integers(0, len(FIRST), U).tolist(), rng.integers(0, len(LAST), U).tolist()
    users = "".join(f"{i + 1},{FIRST[f]} {LAST[l]}\n" for i, (f, l) in enumerate(zip(fi, la)))

    # ---- products ----
    cat = draw(rng, np.cumsum(zipf(C, 0.6, 4.0)), P)
    cat[:C] = np.arange(C)  # every category is used
    price = np.round(np.exp(rng.random(P) * 4.6 + 1.4) - 0.01, 2)
    ad, no = rng.integers(0, len(ADJ), P), rng.integers(0, len(NOUN), P)
    tag_ids, tag_n = make_tags(rng, cat, tags)
    rows = []
    for i, (x, y, c, p, t, n) in enumerate(
        zip(ad.tolist(), no.tolist(), cat.tolist(), price.tolist(), tag_ids.tolist(), tag_n.tolist()), 1
    ):
        tg = [tags[k] for k in t[:n]]
        rows.append(
            f"{i},{ADJ[x]} {NOUN[y]} {i},{CATEGORIES[c]},{p:.2f},"
            f"A {ADJ[x].lower()} {NOUN[y].lower()} for {CATEGORIES[c]} shoppers. "
            f"Known for {tg[0]} and {tg[1]}; ships in two days with a one year warranty.,"
            f"{'|'.join(tg)}\n"
        )
    products = "".join(rows)

    # ---- interactions ----
    pop = np.empty(P)
    pop[rng.permutation(P)] = zipf(P, a.zipf_s, a.zipf_q)
    by_cat = np.argsort(cat, kind="stable")  # products grouped by category
    cum = np.cumsum(pop[by_cat])
    cum0 = np.concatenate([[0.0], cum])
    starts = np.searchsorted(cat[by_cat], np.arange(C + 1))
    warm = U - max(1, int(U * COLD))
    # Box-Muller normal -> log-normal activity
    z = np.sqrt(-2 * np.log(1 - rng.random(warm))) * np.cos(2 * np.pi * rng.random(warm))
    act_cum = np.cumsum(np.exp(0.9 * z))
    home = draw(rng, np.cumsum(zipf(C, 0.6, 4.0)), warm * 3).reshape(warm, 3)
    n_home = rng.integers(1, 4, warm)
    # every warm user has at least one interaction
    uid = np.concatenate([np.arange(warm), draw(rng, act_cum, N - warm)])
    uid = uid[rng.permutation(N)]
    hc = home[uid, (rng.random(N) * n_home[uid]).astype(np.int64)]
    in_home = rng.random(N) < 0.7
    lo = np.where(in_home, cum0[starts[hc]], 0.0)
    hi = np.where(in_home, cum0[starts[hc + 1]], cum0[-1])
    pos = np.minimum(np.searchsorted(cum, lo + rng.random(N) * (hi - lo), side="right"), P - 1)
    pid = by_cat[pos]
    act = draw(rng, np.cumsum(ACTION_P), N)
    sec = np.sort(rng.integers(0, SPAN, N))
    CH = 500_000
    parts = ["user_id,product_id,action_type,created_at\n"]
    for k in range(0, N, CH):
        ts = np.datetime_as_string(T0 + sec[k : k + CH].astype("timedelta64[s]"), unit="s").tolist()
        parts.append(
            "".join(
                map(
                    "%d,%d,%s,%sZ\n".__mod__,
                    zip(
                        (uid[k : k + CH] + 1).tolist(),
                        (pid[k : k + CH] + 1).tolist(),
                        ACTIONS[act[k : k + CH]].tolist(),
                        ts,
                    ),
                )
            )
        )
    inter = "".join(parts)

    sha = {}
    for name, text in (
        ("users.csv", "id,name\n" + users),
        ("products.csv", "id,name,category,price,description,tags\n" + products),
        ("interactions.csv", inter),
    ):
        raw = text.encode()
        sha[name] = hashlib.sha256(raw).hexdigest()
        with open(os.path.join(a.out, name), "wb") as fh:
            fh.write(raw)
    top = np.sort(np.bincount(pid, minlength=P))[::-1]
    per_user = np.bincount(uid, minlength=U)
    manifest = {
        "size": a.size,
        "seed": a.seed,
        "users": U,
        "products": P,
        "interactions": N,
        "categories": C,
        "tags": int(len(np.unique(tag_ids[np.arange(6)[None, :] < tag_n[:, None]]))),
        "warm_user_ids": [1, warm],
        "cold_user_ids": [warm + 1, U],
        "zipf": {"s": a.zipf_s, "q": a.zipf_q},
        "top1_product_share": round(float(top[0] / N), 4),
        "top1pct_product_share": round(float(top[: max(1, P // 100)].sum() / N), 4),
        "products_never_touched": int((top == 0).sum()),
        "interactions_per_warm_user": {
            "p50": float(np.percentile(per_user[:warm], 50)),
            "p99": float(np.percentile(per_user[:warm], 99)),
            "max": int(per_user.max()),
        },
        "numpy": np.__version__,
        "sha256": sha,
    }
    with open(os.path.join(a.out, "manifest.json"), "w") as fh:
        json.dump(manifest, fh, indent=1)
    manifest["seconds"] = round(time.time() - t_start, 2)
    print(json.dumps(manifest))


if __name__ == "__main__":
    main()
