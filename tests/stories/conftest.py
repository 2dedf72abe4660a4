"""Shipped data sets, each made once for all questions about it."""

from __future__ import annotations

import pytest

from tests.written import Tables, written


@pytest.fixture(scope="session")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written("retail", tmp_path_factory.mktemp("retail") / "data", "parquet")


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written("clinic", tmp_path_factory.mktemp("clinic") / "data", "csv")


@pytest.fixture(scope="session")
def airline(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written("airline", tmp_path_factory.mktemp("airline") / "data", "parquet")


@pytest.fixture(scope="session")
def energy(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written("energy", tmp_path_factory.mktemp("energy") / "data", "csv")


@pytest.fixture(scope="session")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written("factory", tmp_path_factory.mktemp("factory") / "data", "ndjson")


@pytest.fixture(scope="session")
def school(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written("school", tmp_path_factory.mktemp("school") / "data", "csv")


@pytest.fixture(scope="session")
def helpdesk(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written("helpdesk", tmp_path_factory.mktemp("helpdesk") / "data", "parquet")
