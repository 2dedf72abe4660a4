"""Every law at three uniforms: a change here is a change of every data set that uses it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.laws.law_scope import bound, law

VALUES: list[tuple[dict[str, Any], list[float]]] = [
    (law("normal", mean=5, std=2), [-1.180510328611519, 5.0, 11.180510328611941]),
    (law("lognormal", median=30, sigma=0.9), [1.858879233814194, 30.0, 484.1685341081469]),
    (law("uniform", low=-1, high=3), [-0.996, 1.0, 2.996]),
    (law("exponential", mean=3), [0.0030015012501544334, 2.079441541678534, 20.723517515234878]),
    (law("gamma", shape=0.7, mean=6), [0.0003871965876104007, 3.4922035583695106, 51.975603794367046]),
    (law("beta", a=2, b=5), [0.00825532212415692, 0.26444998329543523, 0.818616336869396]),
    (law("weibull", shape=1.5, scale=4), [0.04001259939689226, 3.1328790750994813, 14.508459422092766]),
    (law("pareto", alpha=1.16, min=2), [2.001725744962052, 3.63528624015089, 771.4284585265585]),
    (law("student_t", df=3.5), [-5.44399021845957, 9.870093336974837e-17, 5.443990218459569]),
    (law("triangular", low=1, mode=2, high=6), [1.0707106781186548, 2.8377223398316205, 5.858578643762691]),
    (law("poisson", lambda_=4), [0.0, 4.0, 11.0]),
    (law("binomial", n=10, p=0.3), [0.0, 3.0, 8.0]),
    (law("bernoulli", p=0.3), [0.0, 0.0, 1.0]),
    (law("negative_binomial", mean=4, shape=0.8), [0.0, 2.0, 34.0]),
    (law("zipf", s=1.2, n=1000), [1.0, 7.0, 983.0]),
    (law("empirical", values=[1, 2, 5], weights=[0.7, 0.2, 0.1]), [1.0, 1.0, 5.0]),
    (
        law("mixture", components=[{"weight": 1, "law": 0}, {"weight": 2, "law": law("lognormal", mean=1, sigma=1)}]),
        [0.0, 1.3847370275470894, 52.86533462776203],
    ),
    (
        law("normal", mean=0.75, std=0.12, truncate=[0, 1], keep_mean=True),
        [0.38462047790394355, 0.753036911090021, 0.9977255180239517],
    ),
    (law("gamma", shape=2, mean=3, truncate=[1, 5]), [1.0030709685708863, 2.4929877542017493, 4.99117426150653]),
    (law("poisson", lambda_=3, truncate=[1, None], keep_mean=True), [1.0, 3.0, 9.0]),
]


@pytest.mark.parametrize(
    ("spec", "values"), VALUES, ids=[f"{spec['type']}-{place}" for place, (spec, _) in enumerate(VALUES)]
)
def test_a_law_never_changes(spec: dict[str, Any], values: list[float]) -> None:
    assert bound(spec).quantile(np.array([0.001, 0.5, 0.999]), None).tolist() == values
