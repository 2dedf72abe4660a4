"""`datagen check`: finds the schema of a data set, prints the score and what failed, and leaves with 1 when that is too little."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.cli.running import SHOP, call, shop


@pytest.fixture
def made(tmp_path: Path) -> Path:
    assert call("generate", shop(tmp_path), "-o", tmp_path / "out", "-f", "csv", "-q").code == 0
    return tmp_path / "out"


def without_last_rows(made: Path, table: str, rows: int) -> None:
    """Cut a CSV file off."""
    path = made / f"{table}.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-rows]))


def test_data_that_are_whole_pass_and_the_sum_is_shown(made: Path) -> None:
    done = call("check", made)
    assert done.code == 0
    assert done.err == ""
    assert "none failed" in done.out
    for words in ("constraints", "relations", "score        100.0 of 100"):
        assert words in done.out


def test_failures_come_first_and_leave_with_1(made: Path) -> None:
    without_last_rows(made, "customers", 5)
    done = call("check", made)
    assert done.code == 1
    assert "structure.foreign_key" in done.codes
    assert "structure.row_count" in done.codes
    assert "15 rows" in done.err
    assert "capped at 50" in done.out
    assert call("check", made, "--min-score", "0").code == 0


def test_what_is_planted_and_not_there_leaves_with_1_whatever_the_score(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    more = "".join(f"      c{place}: {{choices: [a, b]}}\n" for place in range(8))
    path.write_text(SHOP.replace("customers: 20", "customers: 400").replace("      city:", f"{more}      city:"))
    made = tmp_path / "out"
    assert call("generate", path, "-o", made, "-f", "csv", "-q").code == 0
    frame = pl.read_csv(made / "orders.csv", infer_schema=False)
    frame.with_columns((pl.col("amount").cast(pl.Float64) * 3).round(2)).write_csv(made / "orders.csv")
    done = call("check", made)
    assert done.code == 1
    assert done.codes[0] == "law.shape"
    assert "not good enough: 1 check of what the schema plants is worth nothing" in done.out
    facts = call("check", made, "--json").document
    assert (facts["ok"], facts["lost"]) == (False, 1)
    assert 90 < facts["score"]["total"] < 100
    asked = call("check", made, "--min-score", "80")
    assert asked.code == 0
    assert call("check", made, "--min-score", "80", "--json").document["ok"] is True


def test_json_has_a_line_for_every_check_and_the_parts_of_the_sum(made: Path) -> None:
    without_last_rows(made, "customers", 5)
    done = call("check", made, "--json", "--examples", "2")
    assert done.code == 1
    facts = done.document
    assert facts["ok"] is False
    assert {check["status"] for check in facts["checks"]} == {"passed", "failed", "not judged"}
    assert facts["failed"] == sum(check["status"] == "failed" for check in facts["checks"])
    broken = next(check for check in facts["checks"] if check["code"] == "structure.foreign_key")
    assert broken["place"] == "orders.customers_id"
    assert len(broken["examples"]) == 2
    assert broken["broken"] > 0
    parts = {part["group"]: part for part in facts["score"]["parts"]}
    assert set(parts) == {"constraints", "behaviour", "statistics", "relations"}
    assert sum(part["weight_used"] for part in parts.values()) == pytest.approx(1.0, abs=1e-3)
    assert [note["code"] for note in facts["findings"]] == ["check.not_as_published"]


def test_version_1_spells_it_as_an_option_of_validate(made: Path, tmp_path: Path) -> None:
    done = call("validate", tmp_path / "shop.yaml", "--data-dir", made)
    assert done.code == 0
    assert "score        100.0 of 100" in done.out
    without_last_rows(made, "customers", 5)
    assert call("validate", tmp_path / "shop.yaml", "--data-dir", made).code == 1


def test_a_run_with_changes_is_judged_with_its_changes(tmp_path: Path) -> None:
    path = shop(tmp_path)
    assert call("generate", path, "-o", tmp_path / "out", "--set", "customers=33", "--seed", "9", "-q").code == 0
    assert call("check", tmp_path / "out").code == 0
    plain = call("check", tmp_path / "out", "--schema", path)
    assert plain.code == 1
    assert "structure.row_count" in plain.codes
    assert call("check", tmp_path / "out", "--schema", path, "--set", "customers=33").code == 0


def test_a_shipped_data_set_is_found_by_its_name(tmp_path: Path) -> None:
    assert call("generate", "depots", "-o", tmp_path / "out", "-q").code == 0
    assert json.loads((tmp_path / "out" / "run.json").read_text())["schema"]["source"] == "depots"
    assert call("check", tmp_path / "out").code == 0


def test_data_from_elsewhere_need_a_schema(made: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for table in ("customers", "orders"):
        shutil.copy(made / f"{table}.csv", tmp_path / "other")
    done = call("check", tmp_path / "other")
    assert done.code == 2
    assert done.codes == ["check.no_schema"]
    assert "--schema" in done.err
    assert call("check", tmp_path / "other", "--schema", tmp_path / "shop.yaml").code == 0


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"schema": {"source": 3}}', '{"schema": {"source": "x", "sets": [1]}}']
)
def test_a_note_that_is_none_of_ours_is_no_schema(made: Path, text: str) -> None:
    (made / "run.json").write_text(text)
    assert call("check", made).codes == ["check.no_schema"]


def test_a_schema_that_has_changed_is_not_believed(made: Path, tmp_path: Path) -> None:
    shop(tmp_path, SHOP.replace("poisson: 3", "poisson: 30"))
    done = call("check", made)
    assert done.code == 2
    assert done.codes == ["check.schema_changed"]
    judged = call("check", made, "--schema", tmp_path / "shop.yaml")
    assert judged.codes == ["check.other_schema"]  # of 20 customers no law can be told


def test_what_is_no_data_set_is_said(made: Path, tmp_path: Path) -> None:
    assert call("check", tmp_path / "nowhere").codes == ["check.no_data"]
    assert call("check", tmp_path / "shop.yaml").codes == ["check.no_data"]
    assert call("generate", tmp_path / "shop.yaml", "-o", made, "--truth", "-q").code == 0
    done = call("check", f"{made}.truth")
    assert done.codes == ["check.truth_set"]
    assert f"datagen check {made}" in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--min-score", "101"), "option.out_of_range"),
        (("--min-score", "good"), "option.not_a_number"),
        (("--examples", "-1"), "option.out_of_range"),
        (("--memory", "much"), "option.not_a_size"),
        (("--select", "shoes"), "select.unknown_table"),
        (("--scale", "2"), "check.nothing_to_change"),
    ],
)
def test_options_that_say_nothing_are_refused(made: Path, words: tuple[str, str], code: str) -> None:
    done = call("check", made, *words)
    assert done.code == 2
    assert done.codes == [code]


def test_some_tables_alone_can_be_looked_at(made: Path) -> None:
    without_last_rows(made, "customers", 5)
    assert call("check", made, "--select", "orders").code == 0
    assert call("check", made, "--select", "Customers").codes == ["structure.row_count", "check.not_as_published"]
