"""Plans of the documents here and their whole tables, made once however many tests ask for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from datagen.plan.model import Plan
from tests import support


@lru_cache(128)
def _plan(text: str) -> Plan:
    return support.plan_of(json.loads(text))


@lru_cache(128)
def _table(text: str, table: str) -> pl.DataFrame:
    return support.table_of(_plan(text), table)


def plan_of(document: Mapping[str, Any]) -> Plan:
    """The plan of a document; every run of it is a new one."""
    return _plan(json.dumps(document))


def made(document: Mapping[str, Any], table: str) -> pl.DataFrame:
    """A whole table of a document."""
    return _table(json.dumps(document), table)
