"""Reads the parameters of one part for another that needs them; what is wrong with them is said where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, TypeVar

from pydantic import BaseModel

from datagen.contracts import Scope
from datagen.schema.model_findings import check_part
from datagen.schema.tree import Document, Map, Mark

P = TypeVar("P", bound=BaseModel)

_NOWHERE = Document(Map(Mark(1, 1, "")), None, "")


def read_again(model: type[P], params: Mapping[str, Any]) -> P | None:
    """The parameters as their model, remarks in them left out; None when they do not fit it."""
    return check_part(model, params, _NOWHERE, ())[0]


def quiet(scope: Scope) -> Scope:
    """The same scope, whose findings nobody hears: they are said where the part itself is bound."""
    inner: Any = copy(scope)
    inner.findings = []
    return inner  # type: ignore[no-any-return]
