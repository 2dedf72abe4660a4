"""Shipped data sets, each made once for all questions about it, and nothing found wrong with any of them."""

from __future__ import annotations

import pytest

from tests.written import Tables, publish


def made(name: str, format: str, home: pytest.TempPathFactory) -> Tables:
    directory = home.mktemp(name) / "data"
    assert publish(name, directory, format).findings == ()  # declared values are looked at in the files, too
    return Tables(directory, format)


@pytest.fixture(scope="session")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return made("retail", "parquet", tmp_path_factory)


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return made("clinic", "csv", tmp_path_factory)


@pytest.fixture(scope="session")
def airline(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return made("airline", "parquet", tmp_path_factory)


@pytest.fixture(scope="session")
def energy(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return made("energy", "csv", tmp_path_factory)


@pytest.fixture(scope="session")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return made("factory", "ndjson", tmp_path_factory)


@pytest.fixture(scope="session")
def school(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return made("school", "csv", tmp_path_factory)


@pytest.fixture(scope="session")
def helpdesk(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return made("helpdesk", "parquet", tmp_path_factory)
