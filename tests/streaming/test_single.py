"""Files predicted a partition at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from archcost import load, parse
from archcost.checkpoints import find_card
from archcost.errors import TableError, UnknownNameError
from archcost.streaming import COLUMNS, Job, predict_file

DEVICES = ("fpga", "eyeriss")


def job(source: Path, **more: object) -> Job:
    return Job(
        source,
        lambda place: [find_card(name, "latency", *place) for name in DEVICES],
        **{"rows": 40, **more},  # type: ignore[arg-type]
    )


def networks(n: int = 100) -> list[str]:
    ids = np.random.default_rng(0).integers(0, 9, (n, 22)).astype(np.int8)
    return parse(ids).strings()


def test_rows_are_those_of_the_models_partition_by_partition(tmp_path: Path) -> None:
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pd.DataFrame({"x": 1, "network": networks()}).to_parquet(source)
    seen: list[tuple[str, int, int]] = []
    done = predict_file(job(source), output, lambda *told: seen.append(told))
    assert (done.written, done.left_out) == (200, 0)
    assert seen == [("rows", 40, 100), ("rows", 80, 100), ("rows", 100, 100)]
    found = pd.read_parquet(output)
    assert tuple(found.columns) == COLUMNS
    assert found["device"].tolist() == [
        name for size in (40, 40, 20) for name in DEVICES for _ in range(size)
    ]
    for name in DEVICES:
        rows = found[found["device"] == name]
        expected = load(name, space="fbnet").predict(networks())
        assert rows["architecture"].tolist() == networks()
        assert np.array_equal(rows["value"], expected.value)
        assert np.array_equal(rows["upper"], expected.upper)
        assert set(rows["unit"]) == {"ms"}
    assert found["feasible"].isna().all()


@pytest.mark.parametrize("form", ["text", "index", "blocks", "semicolons"])
def test_forms_of_input_give_the_same(tmp_path: Path, form: str) -> None:
    source = tmp_path / "in.csv"
    cells = np.random.default_rng(1).integers(0, 15625, 100)
    batch = parse(cells)
    if form == "text":
        pd.DataFrame({"arch": batch.strings()}).to_csv(source, index=False)
    elif form == "index":
        pd.DataFrame({"arch_index": cells}).to_csv(source, index=False)
    elif form == "semicolons":
        pd.DataFrame({"arch": batch.strings(), "y": 1.5}).to_csv(source, sep=";", decimal=",")
    else:
        batch = parse(networks())
        ids = batch.groups[0].ids
        pd.DataFrame(ids, columns=[f"op_{i}" for i in range(22)]).to_csv(source, index=False)
    output = tmp_path / "out.csv"
    predict_file(job(source), output)
    found = pd.read_csv(output)
    assert found[found["device"] == "fpga"]["architecture"].tolist() == batch.strings()
    assert '"' not in output.read_text()


def test_lines_within_quotes_do_not_end_a_row(tmp_path: Path) -> None:
    # Arrow reads blocks of a mebibyte: some end within quotes.
    source, texts = tmp_path / "in.csv", networks() * 40
    pd.DataFrame({"arch": texts, "note": ["a\n" * 200] * len(texts)}).to_csv(source, index=False)
    assert predict_file(job(source, rows=4000), tmp_path / "out.csv").written == 2 * len(texts)


def test_bad_rows_stop_it_and_nothing_is_lost(tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    texts = networks()
    texts[70] = texts[75] = texts[90] = "nonsense"
    source.write_text("\n".join(["arch", *texts]) + "\n")
    output.write_text("the old one")
    # Of partitions of 40 rows the second; the third is not read.
    words = (
        "in.csv: rows 1 to 80: 2 malformed rows .row 71: .*nonsense.*; row 76: .*--on-error skip"
    )
    with pytest.raises(TableError, match=words):
        predict_file(job(source), output)
    assert output.read_text() == "the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_bad_rows_are_listed_with_their_numbers(tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    texts = networks()
    texts[3] = texts[70] = "nonsense"
    source.write_text("\n".join(["arch", *texts]) + "\n")
    done = predict_file(job(source, skip=True), output)
    assert (done.written, done.left_out) == (196, 2)
    listed = pd.read_csv(tmp_path / "out.left-out.csv")
    assert listed["row"].tolist() == [4, 71]
    assert "nonsense" in listed["problem"][1]


def test_a_list_of_bad_rows_goes_with_its_predictions(tmp_path: Path) -> None:
    source, listed = tmp_path / "in.csv", tmp_path / "out.left-out.csv"
    listed.write_text("row,problem\n1,of an earlier run\n")
    source.write_text("\n".join(["arch", networks()[0], "nonsense"]) + "\n")
    with pytest.raises(TableError, match="row 2"):
        predict_file(job(source), tmp_path / "out.csv")
    assert listed.exists()
    source.write_text("\n".join(["arch", *networks()]) + "\n")
    predict_file(job(source), tmp_path / "out.csv")
    assert not listed.exists()


def test_interrupted_it_leaves_the_old_file(tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.parquet"
    source.write_text("\n".join(["arch", *networks()]) + "\n")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_file(job(source), output, interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_both_spaces_in_one_file(tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("\n".join(["arch", networks(1)[0], parse([7, 8]).strings()[0]]) + "\n")
    predict_file(job(source), output)
    assert pd.read_csv(output)["space"].tolist() == ["fbnet"] * 2 + ["nasbench201"] * 2


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.csv", None, "no such file"),
        ("in.csv", "other\n1\n", "no architecture column"),
        ("in.csv", "", "in.csv"),
        ("in.parquet", "not a table", "cannot be read as parquet"),
        ("in.txt", "1\n", "suffix"),
    ],
)
def test_unusable_input_is_one_clear_error(
    tmp_path: Path, name: str, content: str | None, says: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(TableError, match=says):
        predict_file(job(tmp_path / name), tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_header_alone_gives_a_header_alone(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("arch\n")
    assert predict_file(job(tmp_path / "in.csv"), tmp_path / "out.csv").written == 0
    assert (tmp_path / "out.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_models_are_asked_for_before_anything_is_written(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("arch\n1\n")
    asked = Job(source, lambda place: [find_card("raspi", "latency", *place)])
    with pytest.raises(UnknownNameError, match="raspi4"):
        predict_file(asked, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
