"""Reads YAML the way version 1.2 means it, without its traps: NO stays text, 012 stays text, 1:30 stays text.

The YAML library only cuts the text into events; what a word means is decided here. What makes YAML unsafe or unclear is
refused with its line: tags, anchors and aliases, merge keys, keys that are no text, several documents, tabs.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from datagen.errors import Finding, listed
from datagen.schema.load_tree import Builder, Scalar, bare, not_finite, real_number, shown, whole_number
from datagen.schema.load_yaml_faults import yaml_fault
from datagen.schema.tree import Map, Seq

# YAML 1.2 core schema, with one narrowing: a number that begins with a needless 0 (012, -007.5) is text, because it is
# a postcode or a code far more often than a quantity.
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*+)|0o[0-7]++|0x[0-9a-fA-F]++")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*+)(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][-+]?[0-9]++)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER_STARTS = frozenset("0123456789+-.")
# What YAML does not allow raw, beyond the control characters every schema is checked for; two Unicode line ends that
# older YAML folds like a line end and newer YAML keeps; a second byte order mark, which moves the scanner's places.
_NOT_YAML = re.compile("[\u2028\u2029\ufeff\ufffe\uffff]")


def read_yaml(text: str, build: Builder) -> None:
    """Read a YAML text into the builder; faults go to `build.faults`, and Stop is raised where reading cannot go on."""
    if odd := _NOT_YAML.search(text):
        build.stop(
            Finding(
                "load.control_character",
                f"character U+{ord(odd[0]):04X}, which is not read in YAML",
                "text",
                f'write it as "\\u{ord(odd[0]):04x}" in double quotes',
            ),
            odd.start(),
        )
    reader = _Reader(text, build)
    try:
        reader.run()
    except yaml.YAMLError as error:
        build.faults.broken_syntax = True
        finding, offset = yaml_fault(error, text, reader.offset, reader.opened)
        build.stop(finding, offset)
    except (ValueError, OverflowError) as error:  # the pure Python scanner on escapes such as "\UFFFFFFFF"
        build.stop(Finding("load.escape", f"an escape that is no character ({error})"), reader.offset)
    finally:
        reader.report_anchors()


def scalar(text: str) -> Scalar | Finding:
    """What an unquoted word means: null, true or false, a number, else text."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if text[0] in _NUMBER_STARTS:
        if _INT.fullmatch(text):
            return whole_number(text)
        if _FLOAT.fullmatch(text):
            return real_number(text)
        if _NOT_FINITE.fullmatch(text):
            return not_finite(text)
    return text


class _Anchor:
    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.lines: list[int] = []  # where aliases use it


class _Reader:
    """Walks the events of one document. `keys` tells for every open object whether a key comes next."""

    def __init__(self, text: str, build: Builder) -> None:
        self.text = text
        self.build = build
        self.offset = self.end_offset = 0  # of the event being read
        self.keys: list[bool] = []
        self.opened: list[int] = []  # offsets of the objects and lists that are open
        self.inside_key = 0  # how many objects and lists are open inside a key that is none
        self.last_key: str | None = None  # of the object being read, when unquoted and still without its value
        self.last_key_end = 0
        self.anchors: dict[str, _Anchor] = {}

    def run(self) -> None:
        # The C scanner where the library was built with it: 10 times as fast, the same events.
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(self.text)
        documents = 0
        try:
            while loader.check_event():
                event = loader.get_event()
                self.offset, self.end_offset = event.start_mark.index, event.end_mark.index
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    self._document(event, documents)
                elif isinstance(event, yaml.AliasEvent):
                    self._alias(event)
                elif isinstance(event, yaml.ScalarEvent):
                    self._node(event)
                    self._scalar(event)
                elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                    self._node(event)
                    self._begin(event)
                elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                    self._end()
        finally:
            loader.dispose()

    def report_anchors(self) -> None:
        """One finding per anchor, with the lines that use it."""
        for name, anchor in self.anchors.items():
            lines = listed([str(line) for line in anchor.lines], most=6)
            uses = f", used on line{'s' if len(anchor.lines) > 1 else ''} {lines}" if lines else ""
            self.build.faults.add(
                self.build.placed(
                    Finding(
                        "load.alias",
                        f"the anchor {bare('&' + name)}{uses}",
                        "a schema without anchors and aliases",
                        "write the value out where it is needed; a text that begins with & goes in quotes",
                    ),
                    anchor.offset,
                    "",
                )
            )
        self.anchors = {}

    def _document(self, event: yaml.DocumentStartEvent, number: int) -> None:
        if number > 1:
            found = f"a second document starts at line {self.build.line(self.offset)}"
            self.build.stop(
                Finding("load.several_documents", found, "one document", "put each schema in a file of its own"),
                self.offset,
            )
        if event.tags:
            self._fault("load.tag", "a %TAG line", "a schema without tags", "remove the line")

    def _node(self, event: yaml.NodeEvent) -> None:
        """Note what stands before a node: an anchor or a tag."""
        if event.anchor is not None:
            self.anchors.setdefault(event.anchor, _Anchor(self.offset))
        tag = getattr(event, "tag", None)
        if tag is not None:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            self._fault(
                "load.tag",
                f"the tag {bare(short)}",
                "plain values, without tags",
                "remove the tag; a text that begins with ! goes in quotes",
            )

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = event.anchor or ""
        if name in self.anchors:
            line = self.build.line(self.offset)
            if line not in self.anchors[name].lines[-1:]:
                self.anchors[name].lines.append(line)
        elif not self._key_comes():
            self._fault(
                "load.alias",
                f"the alias {bare('*' + name)}",
                "a schema without anchors and aliases",
                "a text that begins with * goes in quotes",
            )
        if self.inside_key:
            return
        if self._key_comes():
            self.build.key("*" + name, self.offset, fault=_no_text_key(bare("*" + name)))
            self.keys[-1] = False
            return
        self.build.value(None, self.offset)
        self._value_done()

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if self.inside_key:
            self.build.count(self.offset, self.build.depth)
            return
        # A plain scalar has the style '' in the C scanner and None in the Python one.
        value = event.value if event.style else scalar(event.value)
        if self._key_comes():
            self._key(event, value)
            return
        if value is None and self.last_key is not None and self.offset == self.last_key_end:
            self._no_value(self.last_key)
        self.build.value(value, self.offset)
        self._value_done()

    def _key(self, event: yaml.ScalarEvent, value: Scalar | Finding) -> None:
        fault = None
        if not event.style and event.value == "<<":
            fault = Finding("load.merge_key", "the merge key <<", "every key written out", "repeat the fields")
        elif not isinstance(value, str):
            fault = _no_text_key(bare(event.value))
        self.build.key(event.value, self.offset, fault=fault)
        self.keys[-1] = False
        self.last_key = None if event.style else event.value
        self.last_key_end = self.end_offset

    def _no_value(self, key: str) -> None:
        """`{a:1}` and `{a, b}`: YAML makes keys of them that have no value, and nothing would tell the user."""
        hint = "put a space after the colon" if ":" in key else "a list is written [a, b]"
        self._fault("load.no_value", f"{shown(key)} with no value", "key: value", hint)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if self.inside_key or self._key_comes():
            self.inside_key += 1
            self.build.count(self.offset, self.build.depth + self.inside_key)
            if self.inside_key == 1:
                what = "an object" if isinstance(event, yaml.MappingStartEvent) else "a list"
                hint = "text that begins with { or [ goes in quotes"
                fault = Finding("load.key_not_text", f"{what} as a key", "keys must be strings", hint)
                self.build.key(f"({what})", self.offset, fault=fault)
            return
        is_map = isinstance(event, yaml.MappingStartEvent)
        self.build.begin(Map if is_map else Seq, self.offset)
        self.keys.append(is_map)
        self.opened.append(self.offset)
        self.last_key = None

    def _end(self) -> None:
        if self.inside_key:
            self.inside_key -= 1
            if not self.inside_key:
                self.keys[-1] = False
                self.last_key = None
            return
        self.build.end()
        self.keys.pop()
        self.opened.pop()
        self._value_done()

    def _key_comes(self) -> bool:
        return bool(self.keys) and self.keys[-1] and not self.inside_key

    def _value_done(self) -> None:
        """A value is complete; in an object a key comes next. Lists never wait for one."""
        if self.keys and self.build.in_map:
            self.keys[-1] = True
        self.last_key = None

    def _fault(self, code: str, found: str, expected: str, hint: str) -> None:
        self.build.fault(Finding(code, found, expected, hint), self.offset)


def _no_text_key(found: str) -> Finding:
    return Finding("load.key_not_text", f"the key {found}", "keys must be strings", f'quote it: "{found}"')
