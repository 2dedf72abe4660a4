"""Bytes and syntax that careless and hostile people hand in as a schema: every file says what it must be told."""

import json
import os
import time
from pathlib import Path

import pytest

from datagen.errors import SchemaError
from datagen.schema.load import load, load_text

FOLDER = Path(__file__).parent / "bad" / "A"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
REFUSED = sorted(name for name, facts in EXPECTED.items() if "codes" in facts)
ACCEPTED = sorted(set(EXPECTED) - set(REFUSED))


def refusal(source):
    with pytest.raises(SchemaError) as caught:
        load(source)
    return caught.value


def test_every_file_of_the_corpus_is_expected():
    assert {path.name for path in FOLDER.iterdir()} - {"expected.json"} == set(EXPECTED)


@pytest.mark.parametrize("name", REFUSED)
def test_bad_text_is_refused_in_words_that_help(name):
    facts, error = EXPECTED[name], refusal(FOLDER / name)
    findings = error.findings
    assert sorted(finding.code for finding in findings) == sorted(facts["codes"])
    if "lines" in facts:
        assert [finding.line for finding in findings if finding.code != "load.more"] == facts["lines"]
    message = str(error)
    for words in facts.get("says", ()):
        assert words in message
    for finding in findings:
        assert finding.path == str(FOLDER / name)
        assert finding.found
        assert finding.expected or finding.code == "load.more"
        assert max(len(finding.found), len(finding.expected), len(finding.hint)) <= 200
    assert message.isprintable() or message.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ACCEPTED)
def test_odd_text_is_read_as_written(name):
    document = load(FOLDER / name)
    assert document.root == EXPECTED[name]["accepted"]
    for key, value in EXPECTED[name]["accepted"].items():
        assert type(document.root[key]) is type(value) or isinstance(value, dict)
    assert not document.text.startswith("\ufeff")


def test_a_file_of_sixty_megabytes_is_refused_by_its_size(tmp_path):
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.truncate(60_000_000)  # a hole: no block of it is ever written or read
    started = time.process_time()
    error = refusal(path)
    assert time.process_time() - started < 0.5
    assert [finding.code for finding in error.findings] == ["load.too_large"]
    assert "60,000,000 bytes" in str(error)
    assert "1,000,000 bytes" in str(error)


@pytest.mark.parametrize("opening", ["[", "{", '{"a":', "[[{", "- ", "? ", "a: ["])
@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_a_hundred_thousand_brackets_are_refused_at_once(tmp_path, opening, suffix):
    path = tmp_path / f"deep{suffix}"
    path.write_text(opening * 100_000)
    seconds = []
    for _ in range(3):
        started = time.process_time()
        error = refusal(path)
        seconds.append(time.process_time() - started)
    codes = {finding.code for finding in error.findings}
    assert codes <= {"load.too_deep", "load.json_syntax", "load.unclosed", "load.key_not_text"}
    assert "load.too_deep" in codes or suffix == ".json"
    assert min(seconds) < 0.05  # the best of three: other work on the machine is not the loader's


def test_folders_pipes_and_devices_are_not_opened(tmp_path):
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    (tmp_path / "shop.yaml").write_text("seed: 1")
    for source, found in (
        (tmp_path, "a directory"),
        (pipe, "a pipe"),
        ("/dev/zero", "a device"),
        ("/dev/null", "a device"),
    ):
        error = refusal(source)
        assert [finding.code for finding in error.findings] == ["load.not_a_file"]
        assert found in str(error)
    assert "shop.yaml" in str(refusal(tmp_path))


def test_a_refused_tag_runs_nothing():
    refusal(FOLDER / "016_tag.yaml")
    assert not Path("/tmp/never").exists()


def test_the_same_text_gets_the_same_findings_through_every_door():
    for name in REFUSED:
        data = (FOLDER / name).read_bytes()
        with pytest.raises(SchemaError) as caught:
            load_text(data, path=str(FOLDER / name))
        assert caught.value.findings == refusal(FOLDER / name).findings
