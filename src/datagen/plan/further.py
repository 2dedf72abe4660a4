"""What else is wrong in the sound parts of a document, so that its errors need not be mended one floor after another.

Reading stops at the floor where an error makes the next one senseless. Here whatever was refused is taken out of the
canonical tree, with everything that speaks of it, and the rest is looked at by itself: what is refused in it has nothing
to do with the errors already told. Of a table that is taken out those columns stay that need nothing but themselves, or a time,
in a table of their own. What may not be sound is left out, and looked at once the errors are mended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from datagen.errors import Finding
from datagen.schema.expand_reading import carry, without
from datagen.schema.model_values import NAME
from datagen.schema.tree import Document, Map, Seq

ROUNDS = 3  # of taking out and looking again
MOST_TOLD = 20  # errors that are enough for one time
# what no table needs; an error in it says nothing of the tables
ASIDE = frozenset({"seed", "metadata", "notes", "assumptions", "targets", "experiments", "metrics", "scenarios", "dag"})
# generators whose columns are never the time of their table, nor set the number of its rows
NEVER_TIME = frozenset({"choice", "distribution", "bernoulli", "faker", "uuid", "sequence", "pattern"})

# generators that are right or wrong by themselves, where they name no column and ask nothing of all rows
BY_THEMSELVES = frozenset({"choice", "distribution", "bernoulli", "faker", "datetime_series"})
FOLLOWING = frozenset({"after", "ingested"})
BESIDE_OTHERS = frozenset({"choices_ref", "exact", "at_least", "clustered", "locale_from", "by"})
PLAIN = frozenset({"name", "type", "generator", "decimals", "precision", "nullable"})  # keys of such a column

# keys of a table whose soundness hangs on other tables
BEHAVIORS = frozenset({"segment_behavior", "vintage_behavior"})

ONCE = frozenset({"rows.too_many"})  # said of a document, at one of its tables
UNKNOWN = ("unknown_table", "unknown_column", "unknown_name")  # what these found is gone from elsewhere too

Look = Callable[[Document], Sequence[Finding]]


def further_errors(document: Document, errors: Sequence[Finding], look: Look) -> list[Finding]:
    """The errors that `look` finds in what is left of a canonical document without all that its errors touch."""
    found: list[Finding] = []
    for _ in range(ROUNDS):
        if len(errors) + len(found) > MOST_TOLD:
            break
        rest = sound_part(document, [*errors, *found])
        told = ONCE & {one.code for one in (*errors, *found)}
        seen = look(rest) if rest is not None else ()
        more = [one for one in seen if one.severity == "error" and one.code not in told]
        if not more:
            break
        found += more
    return found


def sound_part(document: Document, errors: Sequence[Finding]) -> Document | None:
    """The document without the columns and tables that errors lie in, and those that speak of them; None where nothing
    can be told apart from the errors."""
    nodes = document.root.get("nodes")
    if not isinstance(nodes, Seq) or not all(_has_name(node, "id") for node in nodes):
        return None
    sorting = _Sorting(document, nodes)
    for error in errors:
        if not sorting.take(error.json_path):
            return None
        if error.code.endswith(UNKNOWN):
            sorting.forget(error.found)
    sorting.spread()
    return sorting.rest()


class _Sorting:
    """Tables and columns of one document, some of them taken out."""

    def __init__(self, document: Document, nodes: Seq) -> None:
        self.document, self.nodes = document, nodes
        self.paths = [document.place(("nodes", n)).json_path for n in range(len(nodes))]
        self.tables: set[int] = set()
        self.columns: set[tuple[int, int]] = set()
        self.refused: set[tuple[int, int]] = set()  # those of them that errors lie in
        self.names: set[str] = set()  # of what is taken out
        self.fresh: list[str] = []  # those of them that have not been followed yet
        self.left = [len(node["columns"]) if isinstance(node.get("columns"), Seq) else 0 for node in nodes]
        self.constraints, self.timeless = True, False
        columns = [column for node in nodes if isinstance(node.get("columns"), Seq) for column in node["columns"]]
        named = [column.get("name") for column in columns if isinstance(column, Map)]
        self.nameless = any(not isinstance(name, str) for name in named)  # what speaks of such a column is not known
        self.known = {*(node["id"].lower() for node in nodes), *_words(named)}

    def take(self, path: str) -> bool:
        """Take out the part that an error lies in. Whether the rest can be told apart from it."""
        top = re.split(r"[.\[]", path, maxsplit=1)[0]
        if top in ASIDE:
            return True
        if top == "constraints":
            self.constraints = False
            return True
        if top == "timeframe":  # what any table has to do with time is not known
            self.timeless = True
            for table in range(len(self.nodes)):
                self._take_table(table)
            return True
        n = next((n for n, place in enumerate(self.paths) if _inside(path, place)), None)
        if n is None:
            return False
        for c, place in self._column_paths(n):
            if place != self.paths[n] and _inside(path, place):  # a key that was added stands where its table does
                self.refused.add((n, c))
                if (n, c) not in self.columns:
                    self._take_column(n, c)
                return True
        self._take_table(n)
        return True

    def forget(self, found: str) -> None:
        """Take out what speaks of a name that nothing has."""
        quoted = re.search(r"'([^']*)'", found)
        for word in set(_words(quoted[1] if quoted else "")) - self.known:
            self._gone(word)

    def _column_paths(self, n: int) -> Iterator[tuple[int, str]]:
        columns = self.nodes[n].get("columns")
        for c in range(len(columns) if isinstance(columns, Seq) else 0):
            yield c, self.document.place(("nodes", n, "columns", c)).json_path

    def _take_table(self, n: int) -> None:
        self.tables.add(n)
        self._gone(self.nodes[n]["id"])
        chain = self.nodes[n].get("attribution_chain")
        if isinstance(chain, Map) and isinstance(chain.get("conversions"), str):
            self._gone(chain["conversions"])  # nothing else makes its rows

    def _take_column(self, n: int, c: int) -> None:
        node, column = self.nodes[n], self.nodes[n]["columns"][c]
        self.columns.add((n, c))
        self.left[n] -= 1
        if _has_name(column, "name"):
            self._gone(column["name"])
        if (
            not _has_name(column, "name")
            or not self.left[n]
            or node.get("kind") == "vocab"
            or not _stands_alone(column)
        ):
            self._take_table(n)

    def _gone(self, name: str) -> None:
        if name.lower() not in self.names:
            self.names.add(name.lower())
            self.fresh.append(name.lower())

    def spread(self) -> None:
        """Take out all that speaks of what is taken out, until nothing does."""
        speakers: dict[str, list[tuple[int, int | None]]] = {}  # word -> tables, or columns of tables, that say it
        for n, node in enumerate(self.nodes):
            for word in {node["id"].lower(), *_words(without(node, {"id", "columns"}))}:
                speakers.setdefault(word, []).append((n, None))
            for c, column in enumerate(columns if isinstance(columns := node.get("columns"), Seq) else ()):
                for word in set(_words(_told_by(column))):
                    speakers.setdefault(word, []).append((n, c))
            for name in self._blocks_of(node):
                speakers.setdefault(name, []).append((n, None))
            if not isinstance(node.get("columns"), Seq):
                self._take_table(n)
        while self.fresh:
            for table, place in speakers.get(self.fresh.pop(), ()):
                if place is None:
                    self._take_table(table)
                elif table not in self.tables and (table, place) not in self.columns:
                    self._take_column(table, place)

    def _blocks_of(self, node: Map) -> Iterator[str]:
        """The columns that may tell the blocks of a graph, which does not name them."""
        of = str(node.get("of")).lower() if node.get("kind") == "graph" and node.get("model") == "block" else None
        for other in self.nodes:
            if other["id"].lower() == of and isinstance(other.get("columns"), Seq):
                yield from (str(column["name"]).lower() for column in other["columns"] if _has_name(column, "name"))

    def rest(self) -> Document | None:
        """What is left, with its places; None for nothing."""
        left = Seq(self.nodes.mark)
        for n, node in enumerate(self.nodes):
            part = self._rest_of(n, node) if n not in self.tables else self._alone_in(n, node)
            if part is not None:
                left.add(part, mark=self.nodes.item_marks[n])
        if not left:
            return None
        root = Map(self.document.root.mark)
        for key, value in self.document.root.items():
            if key == "nodes":
                carry(root, self.document.root, key, left)
            elif key == "constraints":
                if self.constraints and isinstance(value, Map):
                    carry(root, self.document.root, key, self._rest_of_constraints(value))
            elif key not in ASIDE and not (key == "timeframe" and self.timeless):
                carry(root, self.document.root, key)
        return replace(self.document, root=root)

    def _rest_of(self, n: int, node: Map) -> Map:
        if (self.tables or self.columns) and any(key in node for key in BEHAVIORS):
            node = without(node, BEHAVIORS)  # what they reach may be gone
        if not any(table == n for table, _ in self.columns):
            return node
        made = Map(node.mark)
        for key, value in node.items():
            if key == "columns":
                columns = Seq(value.mark)
                for c, column in enumerate(value):
                    if (n, c) not in self.columns:
                        columns.add(column, mark=value.item_marks[c])
                carry(made, node, key, columns)
            elif key == "parents" and isinstance(value, Seq):  # the column that looks up a second parent may be gone
                first = Seq(value.mark)
                for parent in value[:1]:
                    first.add(parent, mark=value.item_marks[0])
                carry(made, node, key, first)
            else:
                carry(made, node, key)
        return made

    def _alone_in(self, n: int, node: Map) -> Map | None:
        """The columns of a table that is taken out which are right or wrong by themselves; None if there are none."""
        columns = node.get("columns")
        if not isinstance(columns, Seq) or node.get("kind") == "vocab":
            return None
        left = [(c, column) for c, column in enumerate(columns) if (n, c) not in self.columns]
        alone = {c: column for c, column in left if self._by_itself(column)}
        above = self._above(node)
        self._add_followers(alone, columns, {c for table, c in self.refused if table == n}, above)
        kept = Seq(columns.mark)
        for c in sorted(alone):
            kept.add(without(alone[c], set(alone[c]) - PLAIN), mark=columns.item_marks[c])
        if not kept:
            return None
        made = Map(node.mark)
        carry(made, node, "id")
        carry(made, node, "id", "entity", to="kind")
        if any(str(_generator(column)[1].get("column")).lower() in above for column in alone.values()):
            first, once = Seq(node["parents"].mark), Map(node.mark, [("value", 1)])
            first.add(node["parents"][0])
            carry(made, node, "parents", first)
            carry(made, node, "parents", Map(node.mark, [("type", "constant"), ("params", once)]), to="fanout")
        carry(made, node, "columns", kept)
        return made

    def _above(self, node: Map) -> set[str]:
        """What a row may call the sound columns of the table above, in lower case."""
        parents = node.get("parents")
        name = str(parents[0]).lower() if isinstance(parents, Seq) and parents else None
        return {
            f"{name}.{column['name'].lower()}"
            for n, one in enumerate(self.nodes)
            for c, column in enumerate(_columns(one) if one["id"].lower() == name else ())
            if _has_name(column, "name")
            and (n, c) not in self.columns
            and (n not in self.tables or self._by_itself(column))
        }

    def _add_followers(self, alone: dict[int, Map], columns: Seq, refused: set[int], above: set[str]) -> None:
        """Add times that follow a column that is kept, one above, or another time, whatever that one is made by."""
        if not isinstance(self.document.root.get("timeframe"), Map) or self.timeless:
            return
        times = {column["name"].lower(): c for c, column in enumerate(columns) if _is_time(column)}
        sound = {c: self._needs(columns[c], above) for c in range(len(columns)) if c not in refused}
        following = {c: names for c, names in sound.items() if names is not None}
        added = True
        while added:
            added = False
            for c, names in following.items():
                missing = names - {column["name"].lower() for column in alone.values()}
                if c not in alone and all(name in times and times[name] not in following for name in missing):
                    alone |= {times[name]: _any_time(columns[times[name]]) for name in missing}
                    alone[c], added = columns[c], True

    def _needs(self, column: Any, above: set[str]) -> set[str] | None:
        """The names that a time that follows another speaks of beside columns above; None for any other column."""
        params = _follower(column)
        if params is None:
            return None
        base = params["column"].lower()
        others = self.known & set(_words(_values(without(params, {"column"}))))
        return others if base in above else others | {base}

    def _by_itself(self, column: Any) -> bool:
        """Whether a column names nothing else and asks nothing of all rows of its table."""
        generator = column.get("generator") if isinstance(column, Map) and _has_name(column, "name") else None
        if not isinstance(generator, Map) or len(generator) != 1 or not set(generator) <= BY_THEMSELVES:
            return False
        if self.timeless and {"faker", "datetime_series"} & set(generator):  # their times lie in the timeframe
            return False
        params = next(iter(generator.values()))
        if isinstance(params, Map) and not BESIDE_OTHERS & _keys(params):
            if set(generator) & {"choice", "faker"}:
                return True
            return not self.known & set(_words(_values(params))) and not (
                self.nameless and _texts(without(params, {"type"}))
            )
        return False

    def _rest_of_constraints(self, constraints: Map) -> Map:
        made = Map(constraints.mark)
        for kind, entries in constraints.items():
            kept = Seq(entries.mark) if isinstance(entries, Seq) else None
            for place, entry in enumerate(entries if kept is not None else ()):
                if kept is not None and not self.names & set(_words(entry)):
                    kept.add(entry, mark=entries.item_marks[place])
            carry(made, constraints, kind, entries if kept is None else kept)
        return made


def _inside(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


def _has_name(value: Any, key: str) -> bool:
    name = value.get(key) if isinstance(value, Map) else None
    return isinstance(name, str) and re.fullmatch(NAME, name) is not None


def _stands_alone(column: Map) -> bool:
    """Whether a table without the column is read as with it: the column is no time, has no role, and lists no rows."""
    generator = column.get("generator")
    words = set(generator) if isinstance(generator, Map) else set[str]()
    if column.get("role") is not None or "enum_list" in words:
        return False
    plain = column.get("type") in ("int", "float", "string", "bool") or "ref" in column
    return plain or bool(words and words <= NEVER_TIME)


def _generator(column: Any) -> tuple[str, Any]:
    """The word and the parameters of a column's generator; no word where there is none, or more than one."""
    generator = column.get("generator") if isinstance(column, Map) and _has_name(column, "name") else None
    return next(iter(generator.items())) if isinstance(generator, Map) and len(generator) == 1 else ("", None)


def _columns(node: Map) -> list[Any]:
    """The columns of a table, none where they are no list."""
    columns = node.get("columns")
    return columns if isinstance(columns, Seq) else []


def _follower(column: Any) -> Map | None:
    """The parameters of a column that is the time after another one, and asks nothing of all rows."""
    word, params = _generator(column)
    follows = word in FOLLOWING and isinstance(params, Map) and not (BESIDE_OTHERS - {"by"}) & _keys(params)
    return params if follows and isinstance(params.get("column"), str) else None


def _is_time(column: Any) -> bool:
    """Whether a column holds times, even if something is wrong with it."""
    if not isinstance(column, Map) or not _has_name(column, "name"):
        return False
    told = column.get("role") in ("time", "created") or column.get("type") in ("datetime", "date")
    return told or _generator(column)[0] in ("datetime_series", *FOLLOWING)


def _any_time(column: Map) -> Map:
    """A column of times of the same name, in the place of one that cannot be made."""
    made = Map(column.mark)
    carry(made, column, "name")
    made.put("generator", Map(column.mark))
    made["generator"].put("datetime_series", Map(column.mark))
    return made


def _told_by(column: Any) -> Any:
    """What a column says in the user's own words: not its name, nor the keys of its generator and their arguments."""
    if not isinstance(column, Map):
        return column
    said: list[Any] = list(without(column, {"name", "generator", "modifiers"}).values())
    modifiers, generator = column.get("modifiers"), column.get("generator")
    for part in modifiers if isinstance(modifiers, Seq) else ():
        said += _values(part.get("args")) if isinstance(part, Map) else [part]
    for part in _values(generator):
        said += _values(part)
    return said


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, Map) else [value]


def _keys(value: Any) -> set[str]:
    """Every key in a part of a document."""
    if isinstance(value, dict):
        return {*value, *(key for inner in value.values() for key in _keys(inner))}
    return {key for inner in value for key in _keys(inner)} if isinstance(value, list) else set()


def _texts(value: Any) -> bool:
    """Whether there is any text in a part of a document."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, str) or any(map(_texts, inner))


def _words(value: Any) -> Iterator[str]:
    """Every word of every text and key in a part of a document, in lower case."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _words(key)
            yield from _words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner)
    elif isinstance(value, str):
        yield from re.findall(r"\w+", value.lower())
