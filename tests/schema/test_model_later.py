"""What a later version builds: it loads, its mistakes are found, and it is refused by name and line."""

import pkgutil
from typing import get_args

import pytest
from model_documents import FIXTURES, WORDS, checked, column, expanded, fault, only, table

import datagen.generators
import datagen.modifiers
from datagen import registry
from datagen.schema import later, model_findings
from datagen.schema.load import load_text
from datagen.schema.model import validate
from datagen.schema.model_column import Role
from datagen.schema.model_values import keys_of


def refused(text):
    """Places and names of what is not built yet, in a document in short forms."""
    tree, schema, findings = expanded(text)
    assert findings == []
    found = later.not_available(tree, schema)
    assert {finding.code for finding in found} <= {"language.not_available_yet"}
    return {finding.json_path: finding.found.split("`")[1] for finding in found}


def test_every_later_key_is_refused_by_name():
    names = set(refused((FIXTURES / "every_key.yaml").read_text()).values())
    parts = {key for keys in later.PART_KEYS.values() for key in keys}
    everything = later.TOP_KEYS | later.NODE_KEYS | later.COLUMN_KEYS | set(later.GENERATORS)
    assert everything - names == set()
    # keys that only stand beside others, or in the other form of the same thing
    assert parts - names <= {"within"}


@pytest.mark.parametrize(
    "key",
    [
        "fanout: {poisson: 3, per: parent, clamp: [0, 9]}", "fanout: 2..5", "hidden: true", "rows: 100",
        "fanout: {poisson: 3, per: month, from: t, until: null}", "fanout: {negative_binomial: {mean: 3, shape: 1}, per: window}",
        "fanout: {poisson: 3, heterogeneity: {gamma: 2}, p_zero: 0.1, noise: {ar: [0.5], std: 0.1}}",
        "fanout: {poisson: 3, bursts: [{at: 2024-05-01, factor: 3, decay: 2d}]}",
        "fanout: {poisson: 3, multipliers: [{trend: {growth_rate: 0.1, applies_to: total}}]}",
        "fanout: {poisson: 3, holidays: {country: US, factor: 2, lead: 3, lag: 36h}}",
        "fanout: {poisson: 3, multipliers: [{trend: {type: step, anchor: a}}, {seasonality: {dimension: holiday, weights: [1]}}]}",
        "fanout: {every: 5min}", "fanout: {each: product}", "fanout: {poisson: 3, total: 10k, stretch: true}", "fanout: {mean: 3.5, min: 0, max: 9}",
        "segment_behavior: {vip: {fanout_multiplier: 2}}",
        "vintage_behavior: {age_based_multipliers: {habit: {curve: [1, 0.5], tail: zero, mode: mixed}}}",
        "modifiers: [{effect: {effect_table: a}}]",
        "attribution_chain: {channels: {ads: 3}, touches: 3, window: 30d, conversion: 2%, conversions: sale}",
        "adoption_model: {p: 0.03, q: 0.38, acceleration: {vip: 2}, engagement_frequency: {else: high}}",
    ],
)  # fmt: skip
def test_what_is_built_is_not_refused(key):
    assert refused(table(key)) == {}


@pytest.mark.parametrize("role", get_args(Role))
def test_roles_that_are_built_pass(role):
    assert refused(column(f"role: {role}")) == {}


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("curve_type: cascade, graph: friends, p: 5%, seeds: 10",
         {"curve_type": "cascade", "graph": "graph"}),
        ("params: {curve_type: cascade, graph: friends}", {"params.curve_type": "cascade", "params.graph": "graph"}),
        ("curve_type: bass, p: 3%, q: 0.3", {}),
    ],
)  # fmt: skip
def test_a_process_built_in_part_refuses_the_rest(model, found, monkeypatch):
    assert refused(table(f"adoption_model: {{{model}}}")) == {}
    monkeypatch.setattr(later, "INSIDE", {"adoption_model": frozenset({"graph"})})
    monkeypatch.setattr(later, "INSIDE_VALUES", {("adoption_model", "curve_type"): frozenset({"cascade"})})
    assert refused(table(f"adoption_model: {{{model}}}")) == {
        f"nodes[0].adoption_model.{key}": name for key, name in found.items()
    }


def test_top_level_keys_of_the_base_language_pass():
    text = "dag: [[customer]]\nparams: {n: 3}\nscenarios: {big: {seed: 3}}\nnotes: [x]\nassumptions: [{decision: a}]\n"
    assert refused(text + table("")) == {}


def test_targets_without_anything_in_them_change_nothing():
    assert refused(f"targets: {{}}\n{table('')}") == {}
    assert refused(f"targets: {{weekend_share: []}}\n{table('')}") == {}
    effect = "{composite_effect: {table: customer, metric: n, influences: [a]}}"
    assert refused(f"targets: {effect}\n{table('')}") == {}
    assert refused(f"metrics: {{}}\n{table('')}") == {}


def test_the_refusal_has_the_line_and_what_to_do(monkeypatch):
    monkeypatch.setattr(later, "METRIC_KEYS", frozenset({"solve_for"}))
    monkeypatch.setattr(model_findings, "INSTEAD", {"metrics.solve_for": "try values with --set"})
    metric = "{n: {sql: select 1, solve_for: a}}"
    tree, schema, _ = expanded(f"metrics: {metric}\n{table('')}")
    finding = only(later.not_available(tree, schema))
    assert (finding.line, finding.column) == (1, 30)
    assert finding.json_path == "metrics.n.solve_for"
    assert finding.found == "`solve_for`, which this version does not build yet"
    assert finding.hint == "try values with --set"


def test_keys_of_every_place_are_refused_by_name(monkeypatch):
    """The mechanism, with keys that are built: what is on the lists is refused where it stands."""
    monkeypatch.setattr(later, "TOP_KEYS", frozenset({"seed"}))
    monkeypatch.setattr(later, "LATER_TARGETS", ("weekend_share",))
    monkeypatch.setattr(later, "NODE_KEYS", frozenset({"hidden"}))
    monkeypatch.setattr(later, "FANOUT_KEYS", frozenset({"p_zero"}))
    share = "{weekend_share: {table: customer, timestamp: t, max: 1}}"
    text = f"seed: 3\ntargets: {share}\n" + table("hidden: true\n    fanout: {poisson: 3, p_zero: 0.1}")
    assert refused(text) == {
        "seed": "seed",
        "targets.weekend_share": "weekend_share",
        "nodes[0].hidden": "hidden",
        "nodes[0].fanout.p_zero": "p_zero",
    }
    tree, schema, _ = expanded(text)
    assert {finding.hint for finding in later.not_available(tree, schema)} == {"leave it out for now"}


@pytest.mark.parametrize(
    ("key", "inside", "code", "path"),
    [
        ("stage_config", "{stages: []}", "language.empty", ".stages"),
        ("stage_config", "{stages: [{stage_name: a, transition_rate: 1.4}]}", "language.out_of_range",
         ".stages[0].transition_rate"),
        ("segment_behavior", "{vip: 3}", "language.wrong_type", ".vip"),
        ("segment_behavior", "{segment_column: s, segments: {vip: {x: 1}}}", "language.unknown_key", ".segments.vip.x"),
        ("state_transition_model", "{initial_state: a, states: {}}", "language.empty", ".states"),
        ("state_transition_model", "{initial_state: a, states: {a: {b: 3}}}", "language.out_of_range", ".states.a.b"),
        ("attribution_chain", "{conversion: {bass: 1}}", "language.unknown_key", ".conversion.bass"),
        ("adoption_model", "{curve_type: base}", "language.unknown_word", ".curve_type"),
        ("lifecycle_model", "{stages: [{stage_name: a, duration: 3}]}", "language.wrong_type", ".stages[0].duration"),
        ("rows", "{per: month, rate: 0}", "language.out_of_range", ".rate"),
        ("emits", "[{of: a, at: [1]}]", "language.wrong_type", "[0].at"),
        ("correlations", "[{columns: [a], spearman: 2}]", "language.wrong_length", "[0].columns"),
        ("data", "[{1a: 3}]", "name.bad", '[0]["1a"]'),
    ],
)  # fmt: skip
def test_mistakes_inside_later_keys_are_found(key, inside, code, path):
    _, findings = checked(table(f"{key}: {inside}"))
    assert (findings[0].code, findings[0].json_path) == (code, f"nodes[0].{key}{path}")


@pytest.mark.parametrize(
    ("curve", "code", "path"),
    [
        ("curve: []", "language.empty", "curve"),
        ("curve: [1, -1]", "language.out_of_range", "curve[1]"),
        ("curve: cubic", "language.unknown_word", "curve"),
        ("curve: {curve_type: linear, parms: {}}", "language.unknown_key", "curve.parms"),
        ("curve: 3", "language.wrong_type", "curve"),
        ("curve: [1], time_unit: fortnight", "language.unknown_word", "time_unit"),
    ],
)
def test_mistakes_inside_age_curves_are_found(curve, code, path):
    finding = fault(table(f"vintage_behavior: {{age_based_multipliers: {{decay: {{{curve}}}}}}}"))
    assert finding.code == code
    assert finding.json_path == f"nodes[0].vintage_behavior.age_based_multipliers.decay.{path}"


def test_words_and_keys_that_are_built_are_not_called_later():
    built = {module.name for module in pkgutil.iter_modules(datagen.generators.__path__)}
    assert built & set(later.GENERATORS) == set()
    for (kind, word), keys in later.PART_KEYS.items():
        part = registry.find(kind, word)
        assert part is None or set(keys_of(part)) & keys == set(), (kind, word)


def test_every_later_key_has_a_model():
    assert set(later.GENERATOR_WORDS) == set(later.GENERATORS)
    for word, keys in later.PART_KEYS.items():
        assert set(keys_of(later.PARTS[word])) == keys | {"by"}


def test_a_document_that_is_wrong_elsewhere_still_hears_of_its_later_parts():
    tree = load_text(table("rows: x", "[{name: x, generator: {pattern: 3}}]"), path="schema.yaml")
    _, findings = validate(tree, WORDS)
    assert [finding.code for finding in findings] == ["language.wrong_type", "language.wrong_type"]
