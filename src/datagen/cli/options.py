"""The options that several commands share, and how their texts are read: all faults together, each its own finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from datagen.plan.prepare import Prepared


def schema_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """SCHEMA and what changes it."""
    for decorate in (
        click.option("--scenario"),
        click.option("--set", "sets", multiple=True, metavar="NAME=VALUE"),
        click.option("--scale", type=float, default=1.0),
        click.option("--seed", type=int),
        click.argument("schema"),
    ):
        function = decorate(function)
    return function


class Given:
    """The options of a call."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    def prepared(self) -> Prepared:
        from datagen import api

        sets = [tuple(text.split("=", 1)) for text in self.options["sets"]]
        return api.prepare(
            self.options["schema"], sets=sets, scenario=self.options["scenario"], seed=self.options["seed"], scale=self.options["scale"]
        )
