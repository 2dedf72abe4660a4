"""The document as the rest of Datagen reads it: frozen models of every key, and `validate`, which finds what is wrong.

What is checked here needs nothing but the document: keys, types, words, names, sizes. What needs to know how tables and
columns hang together is the plan's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    WithJsonSchema,
)

from datagen.errors import Finding, did_you_mean, listed, quoted
from datagen.schema import later
from datagen.schema.model_behaviors import (
    AnySegmentBehavior,
    StageConfig,
    StateTransitionModel,
    TextOrList,
    VintageBehavior,
    segments_only,
)
from datagen.schema.model_column import Column, Duplicates
from datagen.schema.model_fanout import ArrivalRate, Fanout
from datagen.schema.model_findings import check_part, in_order, part_findings
from datagen.schema.model_processes import AdoptionModel, AttributionChain, Correlation, Emit, LifecycleModel
from datagen.schema.model_top import (
    Assumption,
    Constraints,
    Experiment,
    Levels,
    Metadata,
    Metric,
    Targets,
    Timeframe,
)
from datagen.schema.model_values import (
    NULL_HINT,
    Count,
    Many,
    Maybe,
    Name,
    NodeName,
    Number,
    Seed,
    Written,
    comment_like,
    keys_of,
    refusal,
    wrong_type,
)
from datagen.schema.model_words import LawSpec, ModifierSpec, Words
from datagen.schema.tree import Document, Map, Seq

KNOWN_VERSION = 2
MOST_TABLES = 500
MOST_COLUMNS = 2000

Kind = Literal["entity", "fact", "vocab", "derived", "stream", "graph"]


def _rows_shape(value: Any) -> str:
    return "arrivals" if isinstance(value, dict | ArrivalRate) else "count"


Rows = Annotated[Annotated[Count, Tag("count")] | Annotated[ArrivalRate, Tag("arrivals")], Discriminator(_rows_shape)]


def _a_law(value: Any) -> Any:
    if value is not None and not isinstance(value, dict | Fanout):
        raise wrong_type("rows per parent, such as 3, 2..5 or {poisson: 3}", value)
    return value


def _one_key(value: Any) -> Any:
    if isinstance(value, list | tuple):
        raise refusal(
            "pk.several_columns",
            found=f"{len(value)} columns: {listed([str(column) for column in value])}",
            expected="one column",
            hint="take a sequence as the key, and say constraints: {unique: [[table.a, table.b]]}",
        )
    return value


def _tables_as_list(nodes: Any) -> Any:
    if isinstance(nodes, dict):
        hint = f"write the name inside: - name: {next(iter(nodes))}" if nodes else ""
        raise wrong_type("a list of tables", nodes, hint=hint)
    return nodes


def _columns_as_objects(columns: Any) -> Any:
    if columns is not None and not isinstance(columns, list | tuple | dict):
        raise wrong_type("columns, such as {city: {faker: city}}", columns)
    for place, column in enumerate(columns if isinstance(columns, list | tuple) else ()):
        if not isinstance(column, dict | Column | None):
            raise wrong_type("a column, such as {name: city, faker: city}", column, at=(place,))
    return columns


def _some_columns(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    if not columns:
        raise refusal("node.no_columns", found="a table without columns", expected="at least one column")
    return columns


def _only_effect(modifiers: tuple[ModifierSpec, ...]) -> tuple[ModifierSpec, ...]:
    for place, modifier in enumerate(modifiers):
        if modifier.transform != "effect":
            raise refusal(
                "node.modifier",
                found=quoted(modifier.transform),
                expected="effect, the only modifier of a whole table",
                hint="put it on a column",
                at=(place, "transform"),
            )
    return modifiers


class Node(Written):
    """A table of the data set, and how its rows come to be."""

    id: NodeName = Field(description="name of the table")
    kind: Kind = Field(description="entity (own rows), fact (rows per parent), vocab (a fixed list), or a later kind")
    pk: Annotated[Maybe[str], BeforeValidator(_one_key)] = Field(
        default=None, description="the key column; `<id>_id` is added when left out"
    )
    rows: Maybe[Rows] = Field(default=None, description="number of rows (1,000 if left out), or a rate of arrivals")
    parents: Many[str] = Field(default=(), description="tables it refers to; the first one drives the number of rows")
    columns: Annotated[Many[Column], BeforeValidator(_columns_as_objects), AfterValidator(_some_columns)] = Field(
        default=(), description="its columns in order"
    )
    fanout: Annotated[Maybe[Fanout], BeforeValidator(_a_law)] = Field(
        default=None, description="rows per parent; one when left out"
    )
    modifiers: Annotated[Many[ModifierSpec], AfterValidator(_only_effect)] = Field(
        default=(), description="effects on the number of rows"
    )
    hidden: bool = Field(default=False, description="made and used, but not written out")
    data: Maybe[Annotated[Many[dict[Name, Any]], Field(min_length=1)]] = Field(
        default=None, description="rows of a vocab, one object per row"
    )
    segment_behavior: Maybe[Annotated[AnySegmentBehavior, BeforeValidator(segments_only)]] = Field(
        default=None, description="what segments of this entity do differently"
    )
    vintage_behavior: Maybe[VintageBehavior] = Field(default=None, description="what changes as entities grow older")
    stage_config: Maybe[StageConfig] = Field(default=None, description="stages passed one after another")
    state_transition_model: Maybe[StateTransitionModel] = Field(default=None, description="states changed between")
    attribution_chain: Maybe[AttributionChain] = Field(default=None, description="journeys of marketing touches")
    adoption_model: Maybe[AdoptionModel] = Field(default=None, description="how a novelty spreads")
    lifecycle_model: Maybe[LifecycleModel] = Field(default=None, description="stages of life with events")
    correlations: Many[Correlation] = Field(default=(), description="rank correlations between columns")
    duplicates: Maybe[Duplicates] = Field(default=None, description="rows written twice")
    sql: Maybe[str] = Field(default=None, description="derived: one SELECT over the other tables, with ORDER BY")
    emits: Many[Emit] = Field(default=(), description="stream: where its events come from")
    order_by: Maybe[TextOrList] = Field(default=None, description="stream: the order of its rows")
    model: Maybe[Literal["preferential", "block"]] = Field(default=None, description="graph: how edges find their ends")
    of: Maybe[str] = Field(default=None, description="graph: the table whose rows are joined")
    edges: Maybe[Count] = Field(default=None, description="graph: number of edges")
    mixing: Maybe[Number] = Field(default=None, description="graph: share of edges that leave their block")


def _version(value: Any) -> str:
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong_type('"1.0" or "2"', value)
    number = _major(value)
    if number is None:
        raise refusal("language.unknown_word", found=quoted(value), expected='"1.0" or "2"')
    return "1.0" if number == 1 else "2"


def _major(value: Any) -> int | None:
    """1 for "1", "1.0" and 1.0; None for what is not a version, and for minor versions that never were."""
    match = re.fullmatch(r"([0-9]{1,6})(\.[0-9]{1,6})?", str(value)) if isinstance(value, str | int | float) else None
    if match is None:
        return None
    major = int(match[1])
    later_minor = bool(match[2] and int(match[2][1:]))
    if major > KNOWN_VERSION or (major == KNOWN_VERSION and later_minor):
        return KNOWN_VERSION + 1
    return major if major and not later_minor else None


class Schema(Written):
    """A whole document: one data set."""

    version: Annotated[
        str | None, PlainValidator(_version), WithJsonSchema({"enum": ["1", "1.0", "2", "2.0", 1, 2]})
    ] = Field(default=None, description='"1.0" reads an old document leniently; "2" or nothing is strict')
    seed: Seed = Field(default=42, description="the number all randomness comes from; another one gives other data")
    metadata: Metadata = Field(default=Metadata.model_construct(), description="name of the data set and its defaults")
    notes: Any = Field(default=None, description="remarks, written to the side files")
    assumptions: Many[Assumption] = Field(
        default=(), description="decisions taken where the request left something open"
    )
    timeframe: Maybe[Timeframe] = Field(default=None, description="the window of time that the data covers")
    params: dict[str, Any] = Field(default={}, description="named values, read as $name; null leaves a key out")
    scenarios: dict[str, dict[str, Any]] = Field(default={}, description="named sets of overrides, {path: value}")
    nodes: Annotated[Many[Node], Field(min_length=1), BeforeValidator(_tables_as_list)] = Field(
        description="the tables"
    )
    constraints: Constraints = Field(default=Constraints.model_construct(), description="what must hold in the data")
    targets: Maybe[Targets] = Field(default=None, description="goals that the data is measured against")
    dag: Levels = Field(default=None, description="order of the tables, level by level; checked, never needed")
    experiments: Many[Experiment] = Field(default=(), description="randomised experiments with known effects")
    metrics: dict[Name, Metric] = Field(default={}, description="named business figures")

    @property
    def version_1(self) -> bool:
        """Whether the document is read leniently."""
        return self.version == "1.0"


def validate(document: Document, words: Words) -> tuple[Schema | None, list[Finding]]:
    """The document as models, or None, and everything that is wrong with it in the order of its lines.

    document: a canonical tree (short forms expanded, params resolved). words: the parts that exist. With warnings alone
    the schema is returned.
    """
    stop = [*_newer(document), *_too_large(document)]
    if stop:
        return None, stop[:1] if stop[0].code == "language.newer_version" else in_order(stop)
    written, findings = _without_null_targets(document)
    schema: Schema | None = None

    def suggest(model: type[BaseModel]) -> Iterable[str]:
        return _also_meant(model, words)

    try:
        schema = Schema.model_validate(written, context=words)
    except ValidationError as error:
        findings += part_findings(error, Schema, document, (), suggest=suggest)
    findings += _same_names(document)
    findings += later.faults(document, words, suggest)
    findings = in_order(findings)
    return (None if any(finding.severity == "error" for finding in findings) else schema), findings


def unknown_top_keys(document: Document) -> list[Finding]:
    """The keys at the top of a document as written that are none of the language."""
    own = (*keys_of(Schema), "tables", "name")
    return [
        document.finding(
            "language.unknown_key",
            (key,),
            key=True,
            found=f"unknown key {quoted(key)}",
            expected=f"one of: {listed(own, most=16)}",
            hint=did_you_mean(key, own),
        )
        for key in document.root
        if key not in own and not comment_like(key)
    ]


def _also_meant(model: type[BaseModel], words: Words) -> Iterable[str]:
    """Short forms and words of parts that an unknown key may have meant."""
    if model is Schema:
        return ("tables", "name")
    if model is Node:
        return ("name", "per_parent")
    if model is Column:
        return (*sorted(words.generators), *later.GENERATORS, *sorted(words.laws), "ref", *_beside_short_forms())
    if model is Fanout:
        return (*sorted(words.laws), "distribution", "lambda")
    if model is LawSpec:
        return sorted(words.laws)
    return (*sorted(words.modifiers), *getattr(words, "arguments", ())) if model is ModifierSpec else ()


def _beside_short_forms() -> Iterable[str]:
    """Parameters that may stand on a column beside the short form of its generator."""
    from datagen.schema.expand_columns import BESIDE, LOOKUP_KEYS

    return sorted(frozenset[str]().union(LOOKUP_KEYS, *BESIDE.values()))


def _newer(document: Document) -> list[Finding]:
    if _major(document.root.get("version")) != KNOWN_VERSION + 1:
        return []
    found = f"version {quoted(document.root['version'])}, made for a newer Datagen"
    expected = f"a version up to {KNOWN_VERSION}; this one reads up to {KNOWN_VERSION}"
    return [
        document.finding("language.newer_version", ("version",), found=found, expected=expected, hint="update Datagen")
    ]


def _too_large(document: Document) -> list[Finding]:
    nodes = document.root.get("nodes")
    if not isinstance(nodes, Seq):
        return []
    if len(nodes) > MOST_TABLES:
        found, expected = f"{len(nodes):,} tables", f"at most {MOST_TABLES}"
        return [document.finding("language.too_large", ("nodes",), found=found, expected=expected)]
    wide = [
        (place, node)
        for place, node in enumerate(nodes)
        if isinstance(node, Map) and isinstance(node.get("columns"), Seq) and len(node["columns"]) > MOST_COLUMNS
    ]
    return [
        document.finding(
            "language.too_large",
            ("nodes", place, "columns"),
            found=f"{len(node['columns']):,} columns",
            expected=f"at most {MOST_COLUMNS:,}",
        )
        for place, node in wide
    ]


def _without_null_targets(document: Document) -> tuple[dict[str, Any], list[Finding]]:
    """Old documents may say `targets: null`: a warning. Elsewhere null is refused like any other."""
    root = document.root
    if "targets" not in root or root["targets"] is not None or _major(root.get("version")) != 1:
        return root, []
    finding = document.finding(
        "targets.null",
        ("targets",),
        found="targets: null, declared, not applied, because null names no target",
        expected="an object of targets",
        hint=NULL_HINT,
        severity="warning",
    )
    return {key: value for key, value in root.items() if key != "targets"}, [finding]


def _same_names(document: Document) -> list[Finding]:
    """Tables, and columns of a table, whose names are the same to a file system or a database."""
    nodes = document.root.get("nodes")
    if not isinstance(nodes, Seq):
        return []
    found = _doubles(document, ("nodes",), nodes, "id")
    for place, node in enumerate(nodes):
        if isinstance(node, Map) and isinstance(node.get("columns"), Seq):
            found += _doubles(document, ("nodes", place, "columns"), node["columns"], "name")
    return found


def _doubles(document: Document, loc: tuple[str | int, ...], items: Seq, key: str) -> list[Finding]:
    first: dict[str, int] = {}
    found: list[Finding] = []
    for place, item in enumerate(items):
        name = item.get(key) if isinstance(item, Map) else None
        if not isinstance(name, str):
            continue
        before = first.setdefault(name.lower(), place)
        if before == place:
            continue
        lines = [document.place((*loc, at, key)).line for at in (before, place)]
        other = items[before][key]
        found.append(
            document.finding(
                "name.duplicate",
                (*loc, place, key),
                found=f"{quoted(other)} on line {lines[0]} and {quoted(name)} on line {lines[1]}",
                expected="names that differ by more than upper and lower case",
                hint="rename one of them",
            )
        )
    return found


__all__ = ["Column", "Fanout", "Node", "Schema", "Words", "check_part", "part_findings", "validate"]
