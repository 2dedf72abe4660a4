"""`datagen generate` and `datagen verify`: what is published, what is said, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen import api
from tests.cli.running import SHOP, call, shop


def generate(directory: Path, *words: object, text: str = SHOP) -> Path:
    """Publish the shop; the directory."""
    done = call("generate", shop(directory, text), "-o", directory / "out", *words)
    assert done.code == 0, done.err
    return directory / "out"


def test_a_run_says_rows_bytes_seconds_hash_and_place(tmp_path: Path) -> None:
    done = call("generate", shop(tmp_path), "-o", tmp_path / "out")
    assert done.code == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert f"content hash {manifest['content_hash']}, seed 42" in done.out
    assert f"published in {tmp_path / 'out'}" in done.out
    assert "customers" in done.out
    assert "20 rows" in done.out
    assert "of parquet in" in done.out
    assert "customers: 20 rows" in done.err.splitlines()


def test_the_same_run_as_json(tmp_path: Path) -> None:
    facts = call("generate", shop(tmp_path), "-o", tmp_path / "out", "--json", "--seed", 7).document
    assert facts["ok"] is True
    assert facts["seed"] == 7
    assert facts["tables"]["customers"]["rows"] == 20
    assert facts["tables"]["orders"]["bytes"] == (tmp_path / "out" / "orders.parquet").stat().st_size


def test_quiet_says_nothing_at_all(tmp_path: Path) -> None:
    done = call("generate", shop(tmp_path), "-o", tmp_path / "out", "-q")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_verbose_says_the_time_of_stages_and_tables(tmp_path: Path) -> None:
    done = call("generate", shop(tmp_path), "-o", tmp_path / "out", "-v")
    for stage in ("planning", "counting rows", "making tables", "checking the files"):
        assert f"{stage}: " in done.err
    assert "made in" in done.out


def test_the_output_is_out_and_the_name_unless_said_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shop(tmp_path)
    assert call("generate", "shop.yaml").code == 0
    assert (tmp_path / "out" / "shop" / "manifest.json").exists()
    unnamed = SHOP.replace("name: shop\n", "", 1)
    shop(tmp_path, unnamed, "bakery.yaml")
    assert call("generate", "bakery.yaml").code == 0
    assert (tmp_path / "out" / "bakery" / "manifest.json").exists()


@pytest.mark.parametrize("name", ["../up", "/tmp/x", "a/b", ".", "..", " ", "x" * 300, "-rf", "a\nb"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = shop(tmp_path, SHOP.replace("name: shop\n", f"name: {json.dumps(name)}\n", 1))
    done = call("generate", path)
    if name != "-rf":  # odd, but it stays inside of out/
        assert done.code == 2
        assert done.codes == ["output.no_name"]
    assert {found.name for found in tmp_path.iterdir()} <= {"shop.yaml", "out"}


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    done = call("generate", shop(tmp_path), "-o", tmp_path / "out", "--dry-run", "--format", "csv")
    assert done.code == 0
    assert "in all about 80 rows" in done.out
    assert "csv files would go to" in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["shop.yaml"]
    facts = call("generate", shop(tmp_path), "-o", tmp_path / "out", "--dry-run", "--json").document
    assert facts["dry_run"] is True
    assert facts["replaces"] is False
    assert facts["rows"] == 80


def test_a_dry_run_refuses_what_a_run_would_refuse(tmp_path: Path) -> None:
    path = shop(tmp_path)
    assert call("generate", path, "-o", tmp_path, "--dry-run").codes == ["output.not_empty"]
    assert call("generate", path, "-o", "/", "--dry-run").codes == ["output.root"]
    assert call("generate", path, "--select", "oders", "--dry-run").codes == ["select.unknown_table"]
    assert call("generate", path, "--set", "customers=1000M", "--dry-run").codes == ["rows.too_many"]


def test_options_reach_the_run(tmp_path: Path) -> None:
    out = generate(tmp_path, "--format", "csv", "--select", "orders", "--scale", "2", "--gate", "none", "--seed", 9)
    manifest = json.loads((out / "manifest.json").read_text())
    assert [table["name"] for table in manifest["tables"]] == ["orders"]
    assert (manifest["format"], manifest["gate"], manifest["seed"]) == ("csv", "none", 9)
    assert (out / "orders.csv").exists()


def test_the_schema_says_format_and_gate_and_the_command_may_raise_the_gate_only(tmp_path: Path) -> None:
    text = SHOP.replace("name: shop\n", "metadata: {name: shop, format: ndjson, gate: structural}\n", 1)
    assert (generate(tmp_path, text=text) / "orders.ndjson").exists()
    assert call("generate", tmp_path / "shop.yaml", "--gate", "none").codes == ["gate.lowered"]
    raised = call("generate", tmp_path / "shop.yaml", "-o", tmp_path / "out", "--gate", "all", "--json").document
    assert raised["gate"] == "all"


def test_warnings_of_the_plan_are_shown_and_kept(tmp_path: Path) -> None:
    done = call("generate", shop(tmp_path, 'version: "1.0"\ntargets: null\n' + SHOP), "-o", tmp_path / "out")
    assert done.code == 0
    assert "warning: " in done.err
    assert done.codes == ["targets.null"]


def test_values_that_break_a_constraint_are_published_with_exit_code_1(tmp_path: Path) -> None:
    text = SHOP + "constraints: {ranges: [{attr: orders.amount, min: 20}]}\n"
    done = call("generate", shop(tmp_path, text), "-o", tmp_path / "out")
    assert done.code == 1
    assert "value.range" in done.codes
    assert f"{tmp_path / 'shop.yaml'}:15:" in done.err
    assert (tmp_path / "out" / "manifest.json").exists()
    assert call("generate", tmp_path / "shop.yaml", "-o", tmp_path / "out", "-q").codes == ["value.range"]
    assert call("generate", tmp_path / "shop.yaml", "-o", tmp_path / "out", "--json").document["ok"] is False


def test_a_bug_of_ours_is_one_finding_and_a_report_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the secret of\nthe bug")

    monkeypatch.setattr(api, "generate", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = call("generate", shop(tmp_path), "-o", tmp_path / "out")
    assert done.code == 2
    assert done.codes == ["internal.bug"]
    assert "Traceback" not in done.err
    (report,) = tmp_path.glob("datagen-report-*.txt")
    assert str(report) in done.err
    text = report.read_text()
    assert "ZeroDivisionError" in text
    assert "generate" in text.splitlines()[1]
    monkeypatch.setenv("DATAGEN_DEBUG", "1")
    assert "Traceback" in call("generate", shop(tmp_path), "-o", tmp_path / "out").err


def test_a_published_data_set_is_verified(tmp_path: Path) -> None:
    out = generate(tmp_path)
    done = call("verify", out)
    assert done.code == 0
    assert "is as published" in done.out
    facts = call("verify", out, "--json").document
    assert facts["ok"] is True
    assert facts["tables"]["customers"] == 20
    assert call("verify", tmp_path).codes == ["manifest.missing"]
    assert call("verify", out, "--scale", "2").codes == ["verify.nothing_to_change"]


def test_a_changed_file_is_found(tmp_path: Path) -> None:
    out = generate(tmp_path, "--format", "csv")
    with (out / "orders.csv").open("a") as file:
        file.write("1,1,1\n")
    done = call("verify", out)
    assert done.code == 1
    assert done.codes == ["verify.changed_file"]
    assert call("verify", out, "--json").document["ok"] is False


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson"])
def test_a_part_of_the_data_is_made_again_and_compared(format: str, tmp_path: Path) -> None:
    out = generate(tmp_path, "--format", format, "--seed", 3, "--scale", 2)
    done = call("verify", out, "--regenerate", tmp_path / "shop.yaml", "--scale", 2)
    assert done.code == 0, done.err
    assert "made again" in done.out


def test_another_schema_seed_or_scale_is_said(tmp_path: Path) -> None:
    out = generate(tmp_path, "--set", "customers=30")
    same = ("verify", out, "--regenerate", tmp_path / "shop.yaml")
    assert call(*same).codes == ["verify.other_schema"]
    assert call(*same, "--set", "customers=30", "--seed", 1).codes == ["verify.other_seed"]
    assert call(*same, "--set", "customers=30", "--scale", 2).codes == ["verify.other_plan"]
    assert call(*same, "--set", "customers=30").code == 0


def test_workers_that_do_not_fit_into_memory_are_said(tmp_path: Path) -> None:
    done = call("generate", shop(tmp_path), "-o", tmp_path / "out", "--workers", 64, "--memory", "500MB")
    assert done.code == 0
    assert done.codes == ["memory.fewer_workers"]
    assert "64 workers" in done.err
