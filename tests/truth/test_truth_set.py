"""`generate --truth`: a second data set beside the first, that belongs to it alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from datagen import api, truth
from datagen.checks.verify import verify
from datagen.engine.options import Options
from datagen.errors import UsageError
from datagen.sinks.manifest import read_manifest
from tests.cli.running import call
from tests.truth.documents import FACTORY, SHOP


def generate(document: Any, target: Path, **more: Any) -> api.Generated:
    seed = more.pop("seed", None)
    return api.generate(api.prepare(document, seed=seed), target, Options(**{"format": "csv", "truth": True, **more}))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("truth") / "shop"
    generate(SHOP, target)
    return target


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    for suffix in ("", ".truth"):
        shutil.copytree(f"{made}{suffix}", tmp_path / f"shop{suffix}")
    return tmp_path / "shop"


def code(error: pytest.ExceptionInfo[UsageError]) -> str:
    [finding] = error.value.findings
    return finding.code


def files(directory: Path) -> dict[str, bytes]:
    """Every file but those that differ from run to run."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name not in ("run.json", "log.jsonl")
    }


def test_the_data_are_the_same_with_and_without_the_truth(made: Path, tmp_path: Path) -> None:
    generate(SHOP, tmp_path / "shop", truth=False)
    assert files(tmp_path / "shop") == files(made)
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_the_truth_is_the_same_in_any_blocks_and_workers(made: Path, tmp_path: Path) -> None:
    generate(SHOP, tmp_path / "shop", block_rows=1_000, workers=2)
    assert files(tmp_path / "shop.truth") == files(Path(f"{made}.truth"))


def test_the_truth_set_is_a_data_set_that_names_its_data(made: Path) -> None:
    place = Path(f"{made}.truth")
    assert verify(place) == []
    assert read_manifest(place).truth_of == read_manifest(made).content_hash
    assert sorted(files(place)) == [
        "answer_key.json",
        "labels/customers.parquet",
        "labels/orders.parquet",
        "manifest.json",
    ]


def test_every_effect_and_placebo_says_all_that_a_grader_needs(made: Path) -> None:
    answers = truth.read(f"{made}.truth")
    kinds = {effect["kind"] for effect in answers.effects}
    assert kinds == {"segment_rows", "segment_values", "ageing", "trend", "seasonality"}
    assert {placebo["kind"] for placebo in answers.placebos} == {"placebo_rows", "placebo_values"}
    for one in (*answers.effects, *answers.placebos):
        assert one["how_to_measure"]
        assert one["question"]
        assert one["standard_error"] > 0, one["effect_id"]
    assert all(placebo["expected"] == 1 for placebo in answers.placebos)


def test_what_an_effect_connects_is_no_placebo(made: Path) -> None:
    pairs = {
        (placebo["columns"][0], placebo["effect_id"].split(".", 4)[-1])
        for placebo in truth.read(f"{made}.truth").placebos
    }
    assert pairs == {
        ("customers.channel", "rows_of_orders"),
        ("customers.channel", "orders.amount"),
        ("customers.channel", "orders.weight"),
        ("customers.segment", "orders.weight"),
        ("orders.paid_by", "orders.amount"),
        ("orders.paid_by", "orders.weight"),
    }


def test_values_made_of_each_other_are_connected(tmp_path: Path) -> None:
    document = json.loads(json.dumps(FACTORY))
    columns = document["tables"][3]["columns"]
    columns["price_class"] = {"expression": "case when cost > 500 then 'high' else 'low' end"}
    columns["busy"] = {"expression": "case when sibling_count > 4 then 'yes' else 'no' end"}
    generate(document, tmp_path / "factory")
    found = {
        (placebo["columns"][0], placebo["columns"][-1]) for placebo in truth.read(tmp_path / "factory.truth").placebos
    }
    assert ("failures.price_class", "failures.drift") in found
    assert ("failures.price_class", "failures.cost") not in found
    assert ("failures.price_class", "failures.downtime") not in found
    assert ("failures.busy", "failures.cost") not in found  # Brandt fails more often, and costs more


def test_labels_hold_latents_and_marks_by_key(made: Path) -> None:
    answers = truth.read(f"{made}.truth")
    assert answers.labelled == ("customers", "orders")
    customers, orders = answers.labels("customers"), answers.labels("orders")
    assert customers.columns == ["customers_id", "income", "departed_at", "expected_rows_of_orders"]
    written = pl.read_csv(made / "orders.csv")
    assert orders["orders_id"].to_list() == written["orders_id"].to_list()
    assert orders["outlier_of_weight"].sum() == round(0.01 * orders.height)
    last = written.group_by("customers_id").agg(pl.col("ordered_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ").max())
    joined = last.join(customers.drop_nulls("departed_at"), on="customers_id")
    assert joined.height > 100
    assert (joined["ordered_at"] <= joined["departed_at"]).all()
    # a Poisson number of rows has a variance of its mean: 4 standard errors of the sum
    expected = customers["expected_rows_of_orders"].sum()
    assert abs(orders.height - expected) < 4 * expected**0.5


def test_marked_rows_are_the_ones_that_were_changed(tmp_path: Path) -> None:
    document = json.loads(json.dumps(SHOP))
    generate(document, tmp_path / "with")
    del document["tables"][1]["columns"]["weight"]["modifiers"]
    generate(document, tmp_path / "without")
    with_, without = (pl.read_csv(tmp_path / name / "orders.csv")["weight"] for name in ("with", "without"))
    assert (
        truth.read(tmp_path / "with.truth").labels("orders")["outlier_of_weight"].to_list()
        == (with_ != without).to_list()
    )


def test_hidden_tables_are_told_whole(tmp_path: Path) -> None:
    made = generate(FACTORY, tmp_path / "factory")
    assert "grades" not in made.rows
    grades = truth.read(tmp_path / "factory.truth").labels("grades")
    assert grades["grade"].to_list() == ["a", "b", "c"]


def test_planted_oddities_are_told(tmp_path: Path) -> None:
    document = json.loads(json.dumps(SHOP))
    document["tables"][1]["columns"]["weight"]["anomalies"] = [{"kind": "spike", "at": "2025-03-01", "size": 4}]
    generate(document, tmp_path / "shop")
    assert truth.read(tmp_path / "shop.truth").anomalies == [
        {
            "table": "orders", "column": "weight", "kind": "spike", "size": 4.0,
            "from": "2025-03-01T00:00:00Z", "until": "2025-03-02T00:00:00Z",
        }
    ]  # fmt: skip


def test_a_schema_that_plants_and_hides_nothing_has_an_empty_truth(tmp_path: Path) -> None:
    plain = {"name": "plain", "tables": [{"name": "users", "rows": 10, "columns": {"name": {"faker": "name"}}}]}
    generate(plain, tmp_path / "plain")
    answers = truth.read(tmp_path / "plain.truth")
    assert (answers.effects, answers.placebos, answers.anomalies, answers.labelled) == ([], [], [], ())
    assert verify(tmp_path / "plain.truth") == []


@pytest.mark.parametrize("part_rows", [None, 500], ids=["one file", "parts"])
def test_a_table_of_labels_is_a_table_like_any_other(
    tmp_path: Path, part_rows: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if part_rows is not None:
        monkeypatch.setattr("datagen.engine.parts.part_rows", lambda table: part_rows)
    columns = {"size": {"uniform": {"low": 0, "high": 1}, "hidden": True}, "kind": {"choices": ["a", "b"]}}
    named = {"name": "named", "tables": [{"name": "labels", "rows": 2_000, "columns": columns}]}
    generate(named, tmp_path / "named", block_rows=500)
    answers = truth.read(tmp_path / "named.truth")
    assert len(answers.manifest.tables[0].files) == (1 if part_rows is None else 4)
    assert answers.labels("labels").height == 2_000
    assert verify(tmp_path / "named.truth") == []


def test_only_written_tables_are_told_of(tmp_path: Path) -> None:
    generate(SHOP, tmp_path / "shop", select=("customers",))
    answers = truth.read(tmp_path / "shop.truth")
    assert answers.labelled == ("customers",)
    assert answers.effects == []
    assert answers.placebos == []


def test_the_truth_of_other_data_is_refused(made: Path, tmp_path: Path) -> None:
    generate(SHOP, tmp_path / "other", seed=7, truth=False)
    with pytest.raises(UsageError) as error:
        truth.read(f"{made}.truth", tmp_path / "other")
    assert code(error) == "truth.other_data"


def test_a_data_set_is_no_truth_set(made: Path) -> None:
    with pytest.raises(UsageError) as error:
        truth.read(made)
    assert code(error) == "truth.not_a_truth_set"


@pytest.mark.parametrize("change", [lambda path: path.unlink(), lambda path: path.write_text("{}")])
def test_a_changed_answer_key_is_refused(copied: Path, change: Any) -> None:
    change(Path(f"{copied}.truth") / "answer_key.json")
    with pytest.raises(UsageError) as error:
        truth.read(f"{copied}.truth")
    assert code(error) == "truth.changed"


def test_labels_of_a_table_without_any_are_refused(made: Path) -> None:
    with pytest.raises(UsageError) as error:
        truth.read(f"{made}.truth").labels("order")
    assert code(error) == "truth.no_labels"
    assert "orders" in error.value.findings[0].hint


def test_new_data_take_the_old_truth_away(copied: Path) -> None:
    made = generate(SHOP, copied, seed=7, truth=False)
    assert made.findings == ()
    assert [path.name for path in copied.parent.iterdir()] == ["shop"]


def test_the_same_data_keep_their_truth(copied: Path) -> None:
    generate(SHOP, copied, truth=False, format="parquet")
    assert truth.read(f"{copied}.truth").effects


def test_a_truth_set_that_cannot_be_removed_is_told(copied: Path) -> None:
    mine = Path(f"{copied}.truth") / "mine.txt"
    mine.write_text("mine")
    [finding] = generate(SHOP, copied, seed=7, truth=False).findings
    assert (finding.code, finding.severity) == ("truth.stale", "warning")
    assert mine.read_text() == "mine"
    with pytest.raises(UsageError) as error:
        truth.read(f"{copied}.truth")
    assert code(error) == "truth.other_data"


def test_data_and_truth_never_take_each_others_place(copied: Path, tmp_path: Path) -> None:
    before = files(tmp_path)
    for target, more in ((Path(f"{copied}.truth"), False), (tmp_path / "a", True)):
        if more:
            shutil.copytree(copied, tmp_path / "a.truth")
            before = files(tmp_path)
        with pytest.raises(UsageError) as error:
            generate(SHOP, target, truth=more)
        assert code(error) == "truth.place"
        assert files(tmp_path) == before


def test_labels_can_be_made_again(tmp_path: Path) -> None:
    schema = tmp_path / "shop.json"
    schema.write_text(json.dumps(SHOP))
    assert call("generate", schema, "-o", tmp_path / "out", "--truth", "-q").code == 0
    done = call("verify", tmp_path / "out.truth", "--regenerate", schema)
    assert done.code == 0, done.err
    assert "made again" in done.out
    other = call("verify", tmp_path / "out.truth", "--regenerate", schema, "--seed", "7")
    assert other.code == 1


def test_columns_drawn_together_are_connected(tmp_path: Path) -> None:
    document = json.loads(json.dumps(SHOP))
    columns = document["tables"][0]["columns"]
    columns["newsletter"] = {"bernoulli": 0.4}
    columns["height"] = {"normal": {"mean": 170, "std": 9}}
    columns["age"] = {"normal": {"mean": 40, "std": 5}}
    document["tables"][0]["correlations"] = [{"columns": ["Newsletter", "age"], "spearman": 0.5}]
    generate(document, tmp_path / "shop", select=("customers",))
    pairs = {tuple(one["columns"]) for one in truth.read(tmp_path / "shop.truth").placebos}
    assert ("customers.newsletter", "customers.height") in pairs
    assert ("customers.newsletter", "customers.age") not in pairs
    assert ("customers.channel", "customers.age") in pairs


TRIAL: dict[str, Any] = {
    "name": "trial",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "experiments": [
        {
            "name": "checkout",
            "unit": "users",
            "start": "2024-07-01",
            "arms": {"control": 0.5, "treatment": 0.5},
            "effects": [{"on": "value", "table": "orders.amount", "size": 1.2}],
        }
    ],
    "tables": [
        {"name": "users", "rows": 800, "columns": {"tier": {"choices": {"vip": 0.2, "free": 0.8}}}},
        {
            "name": "orders",
            "parents": ["users"],
            "fanout": {"poisson": 1, "per": "month"},
            "columns": {
                "moment": {"role": "time"},
                "amount": {"lognormal": {"median": 20, "sigma": 0.4}, "decimals": 2},
                "weight": {"lognormal": {"median": 2, "sigma": 0.4}},
            },
        },
    ],
}


def test_both_outcomes_of_an_experiment_are_told(tmp_path: Path) -> None:
    generate(TRIAL, tmp_path / "trial")
    answers = truth.read(tmp_path / "trial.truth")
    labels = answers.labels("orders")
    written = pl.read_csv(tmp_path / "trial" / "orders.csv").join(
        pl.read_csv(tmp_path / "trial" / "users.csv"), on="users_id", how="left", maintain_order="left"
    )
    late = (written["moment"] >= "2024-07-01").to_numpy()
    treated = (written["checkout"] == "treatment").to_numpy()
    control, treatment = labels["amount_if_control"].to_numpy(), labels["amount_if_treatment"].to_numpy()
    amount = written["amount"].to_numpy()
    assert (amount[treated] == treatment[treated]).all()
    assert (amount[~treated] == control[~treated]).all()
    assert abs(treatment[late] - 1.2 * control[late]).max() <= 0.0111  # both are rounded to cents
    assert (treatment[~late] == control[~late]).all()
    pairs = {(one["columns"][0], one["effect_id"].split(".", 4)[-1]) for one in answers.placebos}
    assert ("users.checkout", "orders.amount") not in pairs
    assert {
        ("users.checkout", "orders.weight"),
        ("users.checkout", "rows_of_orders"),
        ("users.tier", "orders.amount"),
    } <= pairs


@pytest.mark.slow
def test_labels_of_several_parts_are_the_same_from_any_number_of_workers(tmp_path: Path) -> None:
    keys = set()
    for workers in (1, 2):
        target = tmp_path / str(workers)
        made = api.generate(api.prepare(SHOP, scale=60), target, Options(truth=True, workers=workers))
        answers = truth.read(f"{target}.truth")
        assert made.workers == workers
        assert verify(Path(f"{target}.truth")) == []
        assert len(answers.manifest.tables[1].files) > 1
        assert answers.labels("orders")["orders_id"].is_sorted()
        keys.add((made.answer_key, answers.manifest.content_hash))
    assert len(keys) == 1


def test_the_command_writes_the_truth_and_commits_to_its_key(tmp_path: Path) -> None:
    schema = tmp_path / "shop.json"
    schema.write_text(json.dumps(SHOP))
    done = call("generate", schema, "-o", tmp_path / "out", "--truth", "--json")
    told = done.document["truth"]
    assert told["directory"] == str(tmp_path / "out.truth")
    facts = read_manifest(tmp_path / "out.truth").side_files[0]
    assert told["answer_key_sha256"] == facts.sha256
    again = call("generate", schema, "-o", tmp_path / "out", "--truth", "--dry-run")
    assert "out.truth" in again.out
