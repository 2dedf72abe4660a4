"""From what a user wrote to a plan: read, override, resolve parameters, expand short forms, check, bind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from datagen import registry
from datagen.errors import Finding, SchemaError
from datagen.plan.further import Look, further_errors
from datagen.schema import later
from datagen.schema.expand import expand, told_once
from datagen.schema.expand_modifiers import SPELLINGS
from datagen.schema.fixes import fixed, with_fixes
from datagen.schema.model import Schema, unknown_top_keys, validate
from datagen.schema.model_forms import AN_OBJECT
from datagen.schema.model_values import keys_of
from datagen.schema.params_kinds import telling_settings
from datagen.schema.tree import Document, Map, Seq

if TYPE_CHECKING:
    from datagen.plan.model import Plan

# the parameter that a bare value stands for, of laws
LAW_MAIN = {
    "poisson": "lambda",
    "exponential": "mean",
    "bernoulli": "p",
    "constant": "value",
    "normal": "mean",
    "lognormal": "mean",
}


class Vocabulary:
    """Every word of the language: the parts that exist and those that a later version builds."""

    @cached_property
    def generators(self) -> frozenset[str]:
        return frozenset((*registry.words("generator"), *later.GENERATORS))

    @cached_property
    def modifiers(self) -> frozenset[str]:
        return frozenset(registry.words("modifier"))

    @cached_property
    def laws(self) -> frozenset[str]:
        return frozenset(registry.words("law"))

    @cached_property
    def arguments(self) -> frozenset[str]:
        """What the arguments of modifiers are called; only asked for when one is misspelt."""
        models = [registry.find("modifier", word) for word in registry.words("modifier")]
        own = {key for model in models if model is not None for key in keys_of(model)}
        return frozenset(own.union(*SPELLINGS.values()))

    def main(self, kind: str, word: str) -> str | None:
        """The parameter that a bare value stands for in the short form of a part."""
        if kind == "generator" and word in later.GENERATORS:
            return getattr(later.GENERATORS[word], "MAIN", None)
        found = registry.find(kind, word)
        return None if found is None else getattr(found, "MAIN", None)


VOCABULARY = Vocabulary()


def _with_parameters(finding: Finding) -> Finding:
    """What stands in place of the parameters of a generator or a modifier is told which ones it needs."""
    if finding.code != "language.wrong_type" or finding.expected not in AN_OBJECT:
        return finding
    kind = "modifier" if finding.expected == AN_OBJECT[0] else "generator"
    part: Any = registry.find(kind, finding.json_path.rpartition(".")[2])
    fields = part.model_fields.items() if part is not None else ()
    needed = [field.alias or name for name, field in fields if field.is_required()]
    if not needed and part is not None:  # nothing alone is needed: what one of its examples says
        needed = min((list(params) for one in part.EXAMPLES for params in one.values()), key=len, default=[])
    form = ", ".join(f"{name}: …" for name in needed)
    return finding.moved(expected=f"{finding.expected}, such as {{{form}}}") if form else finding


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line changes in a document: parameters and paths, a scenario, seed and scale."""

    sets: Sequence[tuple[str, Any]] = ()
    params: Mapping[str, Any] | None = None
    scenario: str | None = None
    seed: int | None = None
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be bound. `findings` are warnings."""

    written: Document
    document: Document  # canonical
    schema: Schema
    findings: tuple[Finding, ...]
    overrides: Overrides
    solved: tuple[Any, ...] = ()  # parameters that were tuned (datagen.plan.model.Solved)

    @property
    def seed(self) -> int:
        """The command's seed, else the document's."""
        return self.schema.seed if self.overrides.seed is None else self.overrides.seed

    def bind(self, *, look: bool = True) -> Plan:
        """The plan. look: at some rows, for what is expected (see `datagen.plan.bind`); a run can do without.

        Raises SchemaError with everything that cannot be made as declared.
        """
        from datagen.plan.bind import bind
        from datagen.schema.placed import placing

        try:
            with placing(self.document):  # what is found by looking at rows names columns only
                plan = bind(
                    self.document, seed=self.seed, scale=self.overrides.scale, findings=self.findings, look=look
                )
            return replace(plan, solved=self.solved, findings=tuple(fixed(plan.findings, self.written)))
        except SchemaError as error:
            told = list(error.findings)
        with with_fixes(self.written), telling_settings(self.written, self.overrides.sets, self.overrides.params):
            stop_on_errors(told + further_errors(self.document, errors_of(told), whole_look(self.overrides)))
        raise AssertionError("a plan is refused by an error")


def prepare(written: Document, overrides: Overrides | None = None) -> Prepared:
    """Override, resolve, expand and check a loaded document. Raises SchemaError with all findings."""
    overrides = overrides or Overrides()
    with with_fixes(written), telling_settings(written, overrides.sets, overrides.params):
        return _prepared(written, overrides)


def _prepared(written: Document, overrides: Overrides) -> Prepared:
    from datagen.schema.params import apply_overrides, substitute

    document, findings = apply_overrides(
        written,
        list(overrides.sets),
        overrides.params,
        overrides.scenario,
        canonical=lambda one: expand(one, VOCABULARY),
    )
    stop_on_errors(findings)
    document, more = substitute(document, evaluate)
    findings = [*findings, *more]
    if any(finding.severity == "error" for finding in findings):
        findings += unknown_top_keys(document)  # of a misspelt `params` nothing is known by name
    stop_on_errors(findings)
    document, contradictions = expand(document, VOCABULARY)
    schema, more = validate(document, VOCABULARY)
    more = [_with_parameters(finding) for finding in more]
    findings = [*findings, *told_once(contradictions, more, VOCABULARY)]
    if schema is not None:
        findings = [*findings, *later.not_available(document, schema)]
    if any(finding.severity == "error" for finding in findings):
        # binding would say them, but nothing will be bound; a place that was refused already needs no second word
        told = {
            (finding.line, finding.column, finding.json_path) for finding in findings if finding.severity == "error"
        }
        faults = faults_of_parts(document)
        findings += [one for one in faults if (one.line, one.column, one.json_path) not in told]
        findings += further_errors(document, errors_of(findings), whole_look(overrides))
    stop_on_errors(findings)
    assert schema is not None
    return Prepared(written, document, schema, tuple(fixed(findings, written)), overrides)


def whole_look(overrides: Overrides) -> Look:
    """Checks and binds a canonical document, for the findings alone."""

    def look(document: Document) -> Sequence[Finding]:
        from datagen.plan.bind import bind

        schema, findings = validate(document, VOCABULARY)
        if schema is None:
            return findings
        findings = [*findings, *later.not_available(document, schema)]
        if not errors_of(findings):
            try:
                bind(document, seed=schema.seed, scale=overrides.scale)
            except SchemaError as error:
                return error.findings
        return findings

    return look


def errors_of(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def faults_of_parts(document: Document) -> list[Finding]:
    """What is wrong with the parameters of generators and modifiers, wherever what holds them can be read."""
    from datagen.plan.parts import make_part

    found: list[Finding] = []

    def check(kind: str, word: Any, params: Any, *loc: str | int) -> None:
        model = registry.find(kind, word) if isinstance(word, str) else None
        if model is not None and isinstance(params, Map):
            found.extend(make_part(kind, str(word), model, params, document, loc)[1])

    for n, node in enumerate(_objects(document.root.get("nodes"))):
        for c, column in enumerate(_objects(node.get("columns"))):
            generator = column.get("generator")
            if isinstance(generator, Map) and len(generator) == 1:
                word = next(iter(generator))
                check("generator", word, generator[word], "nodes", n, "columns", c, "generator", word)
            for m, modifier in enumerate(_objects(column.get("modifiers"))):
                at = ("nodes", n, "columns", c, "modifiers", m, "args")
                check("modifier", modifier.get("transform"), modifier.get("args"), *at)
    return found


def _objects(items: Any) -> list[Map]:
    """The items of a list, an empty object for each that is none."""
    return [item if isinstance(item, Map) else Map(items.mark) for item in items] if isinstance(items, Seq) else []


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of a parameter's expression over earlier parameters. Raises SchemaError with what is wrong with it."""
    from datagen.expressions import ExpressionFault, ExpressionOverflow

    try:
        return _value(text, names)
    except ExpressionFault as error:
        faults = error.faults
    except ExpressionOverflow as error:
        faults = (error.fault,)
    raise SchemaError(
        Finding(fault.code, found=fault.found, expected=fault.expected, hint=fault.hint) for fault in faults
    )


def _value(text: str, names: Mapping[str, Any]) -> Any:
    from datagen.expressions import parse

    types: Mapping[type, Any] = {bool: "bool", int: "int", float: "float", str: "string"}
    spelled = {name.lower(): value for name, value in names.items()}

    def type_of(name: str) -> Any:
        return types.get(type(spelled.get(name.lower())))

    checked = parse(text).check(type_of, names)
    if checked.is_constant:
        return checked.constant_value()
    import polars as pl

    for name in checked.names:
        if isinstance(value := spelled[name.lower()], int) and not -(2**63) <= value < 2**63:
            raise SchemaError(
                [Finding("expression.out_of_range", found=f"{name} is {value:,}", expected=f"at most {2**63 - 1:,}")]
            )
    columns = {name: pl.Series(name, [spelled[name.lower()]]) for name in checked.names}
    return checked.evaluate(columns, 1).item()


def stop_on_errors(findings: Sequence[Finding]) -> None:
    """Raise all findings when one of them is an error."""
    if any(finding.severity == "error" for finding in findings):
        ranked = sorted(
            dict.fromkeys(findings),
            key=lambda finding: (finding.severity != "error", finding.line or 0, finding.column or 0),
        )
        raise SchemaError(ranked)
