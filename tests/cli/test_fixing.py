"""`datagen validate --fix`: what is written, what is shown, what is left, and which files are never touched."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from datagen.cli import fixing
from datagen.cli.options import Given
from datagen.datasets import shipped
from datagen.errors import UsageError
from tests.cli.running import SHOP, call, shop

WRONG = SHOP.replace("choices: [Oslo", "chioces: [Oslo").replace("{poisson: 3}", "{posson: 3}  # three each")
GIVEN = {"seed": None, "scale": None, "sets": (), "params": None, "scenario": None}


def test_fixes_are_shown_written_and_the_schema_is_valid_then(tmp_path: Path) -> None:
    path = shop(tmp_path, WRONG)
    done = call("validate", path, "--fix")
    assert done.code == 0
    assert path.read_text() == SHOP.replace("{poisson: 3}", "{poisson: 3}  # three each")
    assert "-    fanout: {posson: 3}  # three each\n+    fanout: {poisson: 3}  # three each\n" in done.out
    assert done.out.endswith("shop is valid: 2 tables, about 80 rows\n")
    assert done.err == f"2 fixes written to {path}\n"
    again = call("validate", path, "--fix")
    assert (again.code, again.err) == (0, f"{path}: nothing to mend\n")
    assert [file.name for file in tmp_path.iterdir()] == ["shop.yaml"]


def test_what_cannot_be_mended_stays_and_is_told(tmp_path: Path) -> None:
    path = shop(tmp_path, WRONG.replace("$customers", "1o0"))
    done = call("validate", path, "--fix")
    assert done.code == 1
    assert done.codes == ["language.wrong_type"]
    assert path.read_text().count("choices") == 1
    assert "rows: 1o0" in path.read_text()


@pytest.mark.parametrize("option", ["--diff", "--dry-run"])
def test_a_dry_run_shows_the_same_and_writes_nothing(option: str, tmp_path: Path) -> None:
    path = shop(tmp_path, WRONG)
    done = call("validate", path, "--fix", option)
    assert done.code == 1
    assert path.read_text() == WRONG
    assert done.out.startswith(f"--- {path}\n+++ {path}\n")
    assert call("validate", shop(tmp_path, SHOP), option).code == 0
    assert call("validate", "-", option, stdin=WRONG).out.startswith("--- <stdin>\n")


def test_as_json_fixes_the_diff_and_what_is_left_are_one_document(tmp_path: Path) -> None:
    path = shop(tmp_path, WRONG.replace("$customers", "1o0"))
    facts = call("validate", path, "--json").document
    fixable = next(one for one in facts["findings"] if one["fix"])
    at = "/tables/0/columns/city"
    assert fixable["fix"] == {"json_patch": [{"op": "move", "from": f"{at}/chioces", "path": f"{at}/choices"}]}
    done = call("validate", path, "--fix", "--json")
    assert done.code == 1
    assert not done.document["ok"]
    assert done.document["written"]
    assert [one["code"] for one in done.document["findings"]] == ["language.wrong_type"]
    assert {one["fix"]["json_patch"][0]["path"].rpartition("/")[2] for one in done.document["fixed"]} == {
        "choices",
        "poisson",
    }
    assert "+      city: {choices: [Oslo, Rome]}" in done.document["diff"]
    ok = call("validate", shop(tmp_path), "--fix", "--json").document
    assert (ok["ok"], ok["written"], ok["fixed"], ok["diff"]) == (True, False, [], "")


def test_a_refused_schema_says_how_many_faults_have_a_fix(tmp_path: Path) -> None:
    path = shop(tmp_path, WRONG.replace("$customers", "1o0"))
    said = call("validate", path).err
    assert "  fix       'chioces' becomes 'choices'\n" in said
    assert said.endswith(f"; 2 of them have a fix: datagen validate {path} --fix\n")
    assert call("validate", path, "--fix").err.endswith("; more may come to light once these are mended\n")
    one = call("validate", shop(tmp_path, SHOP.replace("parents: [customers]", "parents: [custmers]"))).err
    assert "  fix       'custmers' becomes 'customers'\n" in one
    assert one.endswith("; it has a fix: datagen validate " + str(path) + " --fix\n")
    assert "--fix" not in call("validate", "-", stdin=WRONG).err


def test_links_permissions_and_the_byte_order_mark_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    path.write_bytes(fixing.BOM + WRONG.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    link.symlink_to(path.name)
    assert call("validate", link, "--fix").code == 0
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    raw = path.read_bytes()
    assert raw.startswith(fixing.BOM)
    assert raw.count(b"\r\n") == raw.count(b"\n") == WRONG.count("\n")
    assert b"chioces" not in raw


def test_what_is_no_file_of_the_user_is_refused(tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in shipped().values()}
    assert call("validate", "shop", "--fix").codes == ["fix.no_file"]
    assert call("validate", "-", "--fix", stdin=WRONG).codes == ["fix.no_file"]
    assert call("validate", shop(tmp_path), "--fix", "--data-dir", tmp_path).codes == ["usage.not_understood"]
    assert {path: path.read_bytes() for path in shipped().values()} == before


def test_a_file_that_changed_meanwhile_stays_as_it_is(tmp_path: Path) -> None:
    path = shop(tmp_path, WRONG)
    fixed = fixing.fixed(Given({**GIVEN, "schema": str(path)}))
    path.write_text(WRONG + "# another line\n")
    with pytest.raises(UsageError) as caught:
        fixing.write(fixed)
    assert caught.value.findings[0].code == "fix.changed"
    assert path.read_text() == WRONG + "# another line\n"


@pytest.mark.parametrize("call_name", ["fsync", "fchmod", "replace"])
def test_the_old_file_stays_where_the_disk_fails(
    call_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shop(tmp_path, WRONG)

    def fail(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call_name, fail)
    done = call("validate", path, "--fix")
    assert done.code == 3
    assert done.codes == ["disk.full"]
    assert path.read_text() == WRONG
    assert [file.name for file in tmp_path.iterdir()] == ["shop.yaml"]
