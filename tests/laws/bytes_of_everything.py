"""Prints one hash of what every part of the kernel and every law gives, and one of numpy's own exponential.

Run on its own by test_same_bytes, with parts of the processor switched off.
"""

from __future__ import annotations

import json
from hashlib import blake2b

import numpy as np
from numpy._core._multiarray_umath import __cpu_features__

from datagen.kernel.address import child_addresses, root_addresses, salt_of, table_key
from datagen.kernel.digits import round_decimals, round_significant
from datagen.kernel.draws import bits, uniform
from datagen.kernel.elementary import exp, log, normal_quantile
from datagen.kernel.guides import GuideTable
from datagen.kernel.permute import permuted_rank
from datagen.kernel.picks import pick_row
from tests.laws.law_scope import bound, law, whole_block

N = 5_000
LAWS = [
    law("normal", mean=5, std=2),
    law("lognormal", median=30, sigma=0.9),
    law("uniform", low=-1, high=3),
    law("exponential", mean=3),
    law("gamma", shape=0.7, mean=6),
    law("beta", a=2, b=5),
    law("weibull", shape=1.5, scale=4),
    law("pareto", alpha=1.16, min=2),
    law("student_t", df=3.5),
    law("triangular", low=1, mode=2, high=6),
    law("poisson", lambda_=4),
    law("binomial", n=10, p=0.3),
    law("bernoulli", p=0.3),
    law("negative_binomial", mean=4, shape=0.8),
    law("zipf", s=1.2, n=1_000),
    law("empirical", values=[1, 2, 5], weights=[0.7, 0.2, 0.1]),
    law("mixture", components=[{"weight": 1, "law": 0}, {"weight": 2, "law": law("lognormal", mean=1, sigma=1)}]),
    law("normal", mean=0.75, std=0.12, truncate=[0, 1], keep_mean=True),
    law("gamma", shape=2, mean=3, truncate=[1, 5]),
    law("poisson", lambda_=3, truncate=[1, None], keep_mean=True),
]
BY_ROW = [
    law("normal", mean="x", std="y"),
    law("lognormal", median="x", sigma="y"),
    law("weibull", shape="y", scale="x"),
    law("pareto", alpha="y", min="x"),
    law("poisson", lambda_="y"),
    law("zipf", s="y", n=100),
]


def pieces() -> dict[str, np.ndarray]:
    """What must not depend on the machine, by name."""
    roots = root_addresses(table_key(42, "orders"), np.arange(N))
    children = child_addresses(roots, table_key(42, "items"), np.arange(N) % 7)
    u = uniform(children, salt_of("items", "amount"))
    wide = (u - 0.5) * exp(u * 600 - 300)
    made = {
        "bits": bits(roots, 7),
        "uniform": u,
        "exp": exp(u * 1_400 - 700),
        "log": log(u + 1e-300),
        "normal": normal_quantile(u),
        "ranks": permuted_rank(np.arange(N), N, 5),
        "picks": pick_row(bits(roots, 8), 12_345),
        "guide": GuideTable(log(u + 1.5)).borders,
        "decimals": round_decimals(wide, 2),
        "digits": round_significant(wide),
    }
    for place, spec in enumerate(LAWS):
        made[f"law {place} {spec['type']}"] = bound(spec).quantile(u, None)
    for place, spec in enumerate(BY_ROW):
        made[f"by row {place} {spec['type']}"] = bound(spec, x=1 + 30 * u[::-1], y=0.3 + u).quantile(u, whole_block(N))
    return made


if __name__ == "__main__":
    hashes = {
        name: blake2b(np.ascontiguousarray(array).tobytes(), digest_size=8).hexdigest()
        for name, array in pieces().items()
    }
    numpys_own = blake2b(np.exp(np.arange(N) / 1_000).tobytes(), digest_size=8).hexdigest()
    features = sorted(name for name, there in __cpu_features__.items() if there)
    print(json.dumps({"ours": hashes, "numpy": numpys_own, "features": features}))
