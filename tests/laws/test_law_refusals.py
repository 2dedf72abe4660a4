"""What cannot be a law is refused where it stands, in the words of the schema, all at once."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from datagen.laws._bind import bind_law, law_names
from tests.laws.law_scope import Column, LawScope, bound, law, refused

INF, NAN = math.inf, math.nan

CASES: list[tuple[Any, str, tuple[str | int, ...], str]] = [
    (law("norml", mean=1, std=1), "law.unknown", ("type",), "'norml'"),
    (law("normal", mean=1), "law.missing_parameter", ("params",), "normal with only mean"),
    (law("poisson"), "law.missing_parameter", ("params",), "poisson with no parameters"),
    (law("normal", mena=1, std=2), "law.unknown_parameter", ("params", "mena"), "'mena'"),
    (law("normal", mean=1, std=0), "law.parameter_out_of_range", ("params", "std"), "std = 0"),
    (law("normal", mean=1, std=-2), "law.parameter_out_of_range", ("params", "std"), "std = -2"),
    (law("normal", mean=NAN, std=1), "law.parameter_out_of_range", ("params", "mean"), "mean = nan"),
    (law("exponential", mean=INF), "law.parameter_out_of_range", ("params", "mean"), "mean = inf"),
    (law("normal", mean=True, std=1), "law.parameter_type", ("params", "mean"), "mean = true"),
    (law("normal", mean=[1], std=1), "law.parameter_type", ("params", "mean"), "mean = [1]"),
    (law("normal", mean="3d", std=1), "law.parameter_type", ("params", "mean"), "'3d'"),
    (law("uniform", low=5, high=1), "law.parameters", ("params", "high"), "low = 5, high = 1"),
    (law("uniform", low=1.5, high=3, integers=True), "law.parameters", ("params", "integers"), "low = 1.5"),
    (law("uniform", low=0, high=1e300, integers=True), "law.parameters", ("params", "integers"), "high = 1e+300"),
    (law("triangular", low=1, mode=9, high=5), "law.parameters", ("params", "mode"), "mode = 9"),
    (law("lognormal", mean=0, sigma=500), "law.parameters", ("params", "sigma"), "sigma = 500"),
    (law("lognormal", mean=1, median=2, sigma=1), "law.parameters", ("params",), "both mean and median"),
    (law("lognormal", sigma=1), "law.parameters", ("params",), "neither mean nor median"),
    (law("pareto", alpha=1e-4, min=1), "law.parameters", ("params", "alpha"), "alpha = 0.0001"),
    (law("weibull", shape=1e-4, scale=1), "law.parameters", ("params", "shape"), "shape = 0.0001"),
    (law("poisson", lambda_=-1), "law.parameter_out_of_range", ("params", "lambda"), "lambda = -1"),
    (law("poisson", lambda_=1e12), "law.parameter_out_of_range", ("params", "lambda"), "lambda = 1e+12"),
    (law("binomial", n=2.5, p=0.5), "law.parameter_out_of_range", ("params", "n"), "n = 2.5"),
    (law("bernoulli", p=1.5), "law.parameter_out_of_range", ("params", "p"), "p = 1.5"),
    (law("student_t", df=2), "law.parameter_out_of_range", ("params", "df"), "df = 2"),
    (law("zipf", s=0, n=10), "law.parameter_out_of_range", ("params", "s"), "s = 0"),
    (law("zipf", s=NAN, n=10), "law.parameter_out_of_range", ("params", "s"), "s = nan"),
    (law("zipf", s=1, n=1e9), "law.parameter_out_of_range", ("params", "n"), "n = 1000000000"),
    (law("negative_binomial", mean=1e6, shape=0.01), "law.table_too_large", ("params",), "possible values"),
    (
        law("normal", mean=1000, std=1, clamp=[0, 10]),
        "law.clamped_away",
        ("clamp",),
        "100 % of values would be clamped",
    ),
    (law("exponential", mean=1, clamp=[7, 9]), "law.clamped_away", ("clamp",), "99.92 % of values would be clamped"),
    (law("poisson", lambda_=3, clamp=[90, 99]), "law.clamped_away", ("clamp",), "of values would be clamped"),
    (law("constant", value=3, clamp=[4, 5]), "law.clamped_away", ("clamp",), "100 % of values would be clamped"),
    (law("normal", mean=5, std=1, clamp=[10, 0]), "law.clamp", ("clamp",), "low 10 above high 0"),
    (law("normal", mean=5, std=1, clamp=["a", None]), "law.clamp", ("clamp", 0), "'a'"),
    (law("normal", mean=5, std=1, clamp=[1]), "law.clamp", ("clamp",), "[1]"),
    (law("normal", mean=5, std=1, truncate=[10, 0]), "law.truncate", ("truncate",), "no value possible"),
    (
        law("uniform", low=5, high=6, truncate=[7, 8]),
        "law.empty_truncation",
        ("truncate",),
        "no value possible in [7, 8]",
    ),
    (
        law("normal", mean=5, std=1, truncate=[90, 99]),
        "law.empty_truncation",
        ("truncate",),
        "no value possible in [90, 99]",
    ),
    (
        law("poisson", lambda_=3, truncate=[1.2, 1.8]),
        "law.empty_truncation",
        ("truncate",),
        "no value possible in [1.2, 1.8]",
    ),
    (law("constant", value=3, truncate=[4, 5]), "law.empty_truncation", ("truncate",), "no value possible"),
    (law("empirical", values=[1, 9], truncate=[4, 5]), "law.empty_truncation", ("truncate",), "no value possible"),
    (law("empirical", values=[]), "law.no_values", ("params", "values"), "no values"),
    (law("empirical", values=[1, "x"]), "law.parameter_type", ("params", "values", 1), "'x'"),
    (
        law("empirical", values=[1, 2], weights=[1]),
        "law.weights_length",
        ("params", "weights"),
        "1 weights for 2 values",
    ),
    (law("empirical", values=[1, 2], weights=[3, -1]), "weights.negative", ("params", "weights", 1), "weight -1"),
    (law("empirical", values=[1, 2], weights=[0, 0]), "weights.all_zero", ("params", "weights"), "every weight is 0"),
    (
        law("empirical", values=[1, 2], weights=[0.5, 0.4]),
        "weights.sum",
        ("params", "weights"),
        "weights that sum to 0.9",
    ),
    (law("mixture", components=[]), "law.no_components", ("params", "components"), "no components"),
    ({"params": {}}, "law.no_type", (), "params"),
    ("3", "law.no_type", (), "'3'"),
    ({"type": "normal", "params": 3}, "law.parameter_type", ("params",), "3"),
]


@pytest.mark.parametrize(("spec", "code", "place", "found"), CASES, ids=lambda value: None)
def test_each_fault_has_its_finding(spec: Any, code: str, place: tuple[str | int, ...], found: str) -> None:
    (finding,) = refused(spec)
    assert finding["code"] == code
    assert finding["field"] == ("law", *place)
    assert found in finding["found"]
    assert finding["severity"] == "error"
    assert finding["expected"]


def test_hints_name_the_near_word() -> None:
    assert refused(law("lognorml", mean=1, sigma=1))[0]["hint"] == "did you mean 'lognormal'?"
    assert refused(law("lognormal", mean=1, sgma=1))[0]["hint"] == "did you mean 'sigma'?"


def test_bounds_are_named() -> None:
    assert refused(law("poisson", lambda_=1e12))[0]["expected"] == "0 <= lambda <= 1000000000"
    assert refused(law("binomial", n=-1, p=0.5))[0]["expected"] == "a whole number, 0 <= n <= 1000000000"
    assert refused(law("exponential", mean=-INF))[0]["expected"] == "a finite number, mean > 0"


def test_all_faults_of_a_law_come_at_once() -> None:
    codes = [finding["code"] for finding in refused(law("triangular", low=NAN, mode=INF, high=2, clamp=[5, 1]))]
    assert codes == ["law.parameter_out_of_range", "law.parameter_out_of_range", "law.clamp"]
    components = [
        {"weight": 0.5, "law": law("normal", mean=1, std=-1)},
        {"weigt": 0.5, "law": law("poison", lambda_=3)},
    ]
    said = refused(law("mixture", components=components))
    assert [(finding["code"], finding["field"]) for finding in said] == [
        ("law.parameter_out_of_range", ("law", "params", "components", 0, "law", "params", "std")),
        ("law.unknown_key", ("law", "params", "components", 1, "weigt")),
        ("law.missing_parameter", ("law", "params", "components", 1)),
        ("law.unknown", ("law", "params", "components", 1, "law", "type")),
    ]


def test_weights_of_a_mixture_follow_the_rule_of_weights() -> None:
    parts = [{"weight": 0.3, "law": 1}, {"weight": 0.3, "law": 2}]
    (finding,) = refused(law("mixture", components=parts))
    assert (finding["code"], finding["field"]) == ("weights.sum", ("law", "params", "components"))
    parts[1]["weight"] = "x"  # type: ignore[assignment]
    (finding,) = refused(law("mixture", components=parts))
    assert (finding["code"], finding["field"]) == ("weights.not_a_number", ("law", "params", "components", 1, "weight"))


def test_old_documents_have_their_weights_scaled_with_a_warning() -> None:
    scope = LawScope(version_1=True)
    draw = bind_law(law("empirical", values=[0, 1], weights=[0.3, 0.3]), scope, "law")  # type: ignore[arg-type]
    assert draw is not None
    assert draw.mean() == pytest.approx(0.5)
    assert [(finding["code"], finding["severity"]) for finding in scope.said] == [("weights.sum", "warning")]


@pytest.mark.parametrize(
    ("spec", "code", "place", "hint"),
    [
        (law("exponential", mean=3), "law.no_unit", ("params", "mean"), "write '3d' for days"),
        (law("normal", mean="3d", std=2.5), "law.no_unit", ("params", "std"), "write '2.5d' for days"),
        (law("poisson", lambda_=3), "law.not_of_times", ("type",), ""),
        (law("lognormal", mean=3, sigma=1), "law.no_unit", ("params", "mean"), "write median: 3d in place of mean"),
        (law("exponential", mean="3d", clamp=[1, None]), "law.clamp", ("clamp", 0), ""),
        (law("uniform", low="3d", high="1d"), "law.parameters", ("params", "high"), "swap them"),
        (law("exponential", mean="-3d"), "law.parameter_out_of_range", ("params", "mean"), ""),
        (law("empirical", values=["1d", "soon"]), "law.parameter_type", ("params", "values", 1), ""),
    ],
)
def test_lengths_of_time_need_their_unit(spec: Any, code: str, place: tuple[str | int, ...], hint: str) -> None:
    (finding,) = refused(spec, durations=True)
    assert (finding["code"], finding["field"], finding["hint"]) == (code, ("law", *place), hint)


def test_expressions_must_give_what_the_parameter_is() -> None:
    for kind, durations, code in (("string", False, "law.parameter_type"), ("float", True, "law.no_unit")):
        scope = LawScope({"x": Column(np.ones(3), kind)})
        spec = law("exponential", mean="x")
        assert bind_law(spec, scope, "law", durations=durations) is None  # type: ignore[arg-type]
        assert [(finding["code"], finding["field"]) for finding in scope.said] == [(code, ("law", "params", "mean"))]


def test_names_that_a_law_reads() -> None:
    inner = law("mixture", components=[{"weight": 1, "law": law("normal", mean="a", std="b")}, {"weight": 1, "law": 3}])
    scope = LawScope({"a": Column(np.ones(1)), "b": Column(np.ones(1))})
    assert law_names(inner, scope) == ("a", "b")  # type: ignore[arg-type]
    assert law_names(law("normal", mean="3d", std="5%"), scope) == ()  # type: ignore[arg-type]
    assert law_names(3, scope) == ()  # type: ignore[arg-type]


def test_a_law_may_be_an_object_with_attributes() -> None:
    spec = SimpleNamespace(type="normal", params={"mean": 1, "std": 2}, clamp=(0, None), truncate=None, keep_mean=False)
    assert bound(spec).support() == (0.0, INF)


def test_shares_may_be_written_as_percent() -> None:
    assert bound(law("bernoulli", p="25%")).mean() == 0.25
