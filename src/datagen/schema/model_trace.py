"""Where in a document, and in which model, a location of pydantic lies: union members in it are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag

NO_FIELD = object()


@dataclass(frozen=True, slots=True)
class Trace:
    """A location without union members: the path in the document, the object's model, and the unions passed."""

    path: tuple[str | int, ...]
    owner: type[BaseModel] | None  # the model whose key the last step is
    unions: tuple[int, ...]  # how much of the path stood before each union without a discriminator
    member: tuple[str | int, ...]  # the member taken in each of them
    wanted: Any = None  # what the location may hold, as the model says it


def trace(model: type[BaseModel], loc: Sequence[str | int], root: Any) -> Trace:
    """Walk a pydantic location through the model and the document at once."""
    here: Any = model
    node: Any = root
    path: list[str | int] = []
    owner: type[BaseModel] | None = None
    unions: list[int] = []
    member: list[str | int] = []
    for step in loc:
        here = _bare(here)
        choices = _members(here)
        if len(choices) > 1:
            here = next((choice for choice in choices if step in _labels(choice)), None)
            if not any(isinstance(part, Tag) for choice in choices for part in getattr(choice, "__metadata__", ())):
                unions.append(len(path))
                member.append(step)
            continue
        if step == "[key]":
            continue
        owner = None
        if isinstance(here, type) and issubclass(here, BaseModel):
            owner = here
            here = _field(here, step)
        else:
            here = _item(here)
            fits = (isinstance(node, Mapping) and step in node) or (
                isinstance(node, list | tuple) and isinstance(step, int)
            )
            if not fits:  # a member of a union that the annotation does not show, or the place of a lone item
                continue
        path.append(step)
        node = child(node, step)
    return Trace(tuple(path), owner, tuple(unions), tuple(member), _bare(here))


def child(node: Any, step: str | int) -> Any:
    if isinstance(node, Mapping):
        return node.get(step)
    if isinstance(node, list | tuple) and isinstance(step, int) and -len(node) <= step < len(node):
        return node[step]
    return None


def _bare(annotation: Any) -> Any:
    """An annotation without Annotated and without `| None`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        else:
            members = _members(annotation)
            if len(members) != 1 or members[0] is annotation:
                return annotation
            annotation = members[0]


def _members(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return tuple(member for member in get_args(annotation) if member is not type(None))
    return (annotation,)


def _labels(member: Any) -> set[str]:
    """What pydantic may call a member of a union in a location."""
    labels = {part.tag for part in getattr(member, "__metadata__", ()) if isinstance(part, Tag)}
    bare = _bare(member)
    if isinstance(bare, type):
        labels.add(bare.__name__)
    origin = get_origin(bare)
    if origin is not None:
        inner = ",".join("any" if item is Any else getattr(item, "__name__", str(item)) for item in get_args(bare))
        labels.add(f"{getattr(origin, '__name__', origin)}[{inner}]")
    return labels


def _field(model: type[BaseModel], step: str | int) -> Any:
    for name, field in model.model_fields.items():
        if step == (field.alias or name):
            return field.annotation
    return NO_FIELD


def _item(annotation: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (list, tuple, Sequence) and arguments:
        return arguments[0]
    if origin in (dict, Mapping) and len(arguments) == 2:
        return arguments[1]
    return NO_FIELD
