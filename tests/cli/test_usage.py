"""Commands and options that are misspelt, missing or out of bounds: each its own finding, exit code 2, all at once."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from datagen.cli.commands import COMMANDS, main
from datagen.version import __version__
from tests.cli.running import call, shop


def test_the_version_is_that_of_the_package() -> None:
    assert call("--version").out == f"datagen {__version__}\n"


def test_the_help_lists_every_command_with_a_whole_sentence() -> None:
    text = call("--help").out
    for name in COMMANDS:
        assert f"\n  {name} " in text
    assert "..." not in text.split("Commands:")[1].split("Examples:")[0]


def test_without_words_the_help_is_shown_and_the_call_is_wrong() -> None:
    done = call()
    assert done.code == 2
    assert "Commands:" in done.err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_three_examples_that_can_be_read(name: str) -> None:
    text = call(name, "--help").out
    examples = [line.strip() for line in text.split("Examples:")[1].splitlines() if line.strip()]
    assert len(examples) == 3
    for example in examples:
        words = shlex.split(example.split(" | ")[-1] if example.startswith("cat ") else example.split(" | ")[0])
        words = words[: words.index(">")] if ">" in words else words
        if words[0] == "datagen":
            group = main.get_command(click.Context(main), words[1])
            assert group is not None
            group.make_context(words[1], words[2:])


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("expand", "schema")])
def test_commands_whose_answer_is_data_give_it_as_json(name: str) -> None:
    assert "--json" in call(name, "--help").out


def test_a_misspelt_command_names_the_nearest_one() -> None:
    done = call("genrate", "shop.yaml")
    assert done.code == 2
    assert done.codes == ["usage.unknown_command"]
    assert "did you mean 'generate'?" in done.err


def test_a_misspelt_option_names_the_nearest_one() -> None:
    done = call("generate", "shop.yaml", "--formt", "csv")
    assert done.code == 2
    assert done.codes == ["usage.unknown_option"]
    assert "did you mean '--format'?" in done.err


@pytest.mark.parametrize("name", ["push", "export", "studio", "diff"])
def test_commands_of_later_versions_say_so(name: str) -> None:
    done = call(name, "shop.yaml")
    assert done.code == 2
    assert done.codes == ["command.not_available_yet"]


def test_a_missing_and_an_extra_argument_are_findings() -> None:
    assert call("generate").codes == ["usage.missing_argument"]
    assert call("validate", "a.yaml", "b.yaml").codes == ["usage.not_understood"]
    assert call("generate", "a.yaml", "--seed").codes == ["usage.not_understood"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--format", "parqet"), "format.unknown", "did you mean 'parquet'?"),
        (("--gate", "strict"), "gate.unknown", "structural"),
        (("--workers", "0"), "option.out_of_range", "1 to 256"),
        (("--workers", "-1"), "option.out_of_range", "1 to 256"),
        (("--workers", "9999"), "option.out_of_range", "1 to 256"),
        (("--workers", "two"), "option.not_a_number", "1 to 256"),
        (("--memory", "10"), "option.out_of_range", "2GB"),
        (("--memory", "1ZB"), "option.not_a_size", "2GB"),
        (("--memory", "10PB"), "option.not_a_size", "2GB"),
        (("--seed", "x"), "option.not_a_number", "18446744073709551615"),
        (("--seed", "-1"), "option.out_of_range", "18446744073709551615"),
        (("--seed", str(2**64)), "option.out_of_range", "18446744073709551615"),
        (("--seed", "9" * 5000), "option.out_of_range", "18446744073709551615"),
        (("--seed", ""), "option.not_a_number", "''"),
        (("--scale", "0"), "option.out_of_range", "above 0"),
        (("--scale", "-1"), "option.out_of_range", "above 0"),
        (("--scale", "nan"), "option.out_of_range", "above 0"),
        (("--scale", "inf"), "option.out_of_range", "above 0"),
        (("--scale", "half"), "option.not_a_number", "above 0"),
        (("--set", "rows"), "option.set", "name=value"),
        (("--set", "=5"), "option.set", "name=value"),
        (("--max-rows", "0"), "option.out_of_range", "10M"),
        (("--max-rows", "many"), "option.not_a_number", "10M"),
        (("--max-rows", "9" * 50), "option.out_of_range", "10M"),
        (("--errors", "xml"), "usage.not_understood", "json"),
    ],
)
def test_a_wrong_value_is_a_finding_of_its_own(words: tuple[str, str], code: str, says: str, tmp_path: Path) -> None:
    done = call("generate", shop(tmp_path), "-o", tmp_path / "out", *words)
    assert done.code == 2
    assert done.codes == [code]
    assert says in done.err
    assert max(len(line) for line in done.err.splitlines()) < 230
    assert not (tmp_path / "out").exists()


def test_all_wrong_values_of_a_call_are_said_together(tmp_path: Path) -> None:
    done = call(
        "generate", shop(tmp_path), "--format", "parqet", "--workers", "0", "--memory", "1ZB", "--seed", "x",
        "--scale", "nan", "--set", "rows", "--gate", "none_at_all", "--max-rows", "0",
    )  # fmt: skip
    assert done.code == 2
    assert len(done.codes) == 8


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_seeds_of_the_whole_range_are_taken(seed: int, tmp_path: Path) -> None:
    assert call("preview", shop(tmp_path), "-n", 1, "--seed", seed).code == 0


def test_findings_come_as_json_on_either_stream(tmp_path: Path) -> None:
    words = ("generate", shop(tmp_path), "--seed", "x")
    on_error = call(*words, "--errors", "json")
    assert on_error.code == 2
    assert on_error.out == ""
    assert '"code": "option.not_a_number"' in on_error.err
    answer = call(*words, "--json")
    assert answer.code == 2
    assert answer.document["ok"] is False
    assert answer.document["schema_version"] == 1
    assert [finding["code"] for finding in answer.document["findings"]] == ["option.not_a_number"]
