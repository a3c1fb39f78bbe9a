"""The page of the lessons' numbers: the author's figure stands beside ours, and is compared."""

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

import pytest
from lesson_results import lesson_result
from make_run import make_epoch

from digitlab.dataset import MNIST_FINGERPRINT
from digitlab.messages import Translator
from tools.lessons.page import Results, document, markdown
from tools.lessons.record import LessonResult, key
from tools.lessons.rows import ROWS, Row, rows_of

EN = Translator("en")
SETTING: dict[str, Any] = {
    "machine": {"processor": "Abacus 7", "cores": 2, "python": "3.11.7"},
    "versions": {"keras": "3.15"},
    "images": {"name": "mnist", "fingerprint": MNIST_FINGERPRINT, "train": 60_000, "test": 10_000},
}


def record_of(row: Row, seed: int, accuracy: float, **changes: Any) -> LessonResult:
    return lesson_result(
        dataclasses.replace(row.config, seed=seed),
        train=accuracy,
        validation=accuracy,
        test=accuracy,
        speed=51_234.0,
        looks={"typeset-six": 6.0},
        **changes,
    )


def swept(lowest: float, seeds: Iterable[int], apart: float) -> str:
    """The page of the dropout sweep, with the validation loss lowest at the rate ``lowest``."""
    rows, records = rows_of("dropout"), []
    for row in rows:
        for seed in seeds:
            epoch = make_epoch(1, val_loss=abs(row.config.dropout - lowest) + seed * apart)
            records.append(record_of(row, seed, 0.98, epochs=(epoch,)))
    return markdown(results(rows, *records), EN)


def results(
    rows: tuple[Row, ...], *records: LessonResult, setting: dict[str, Any] = SETTING
) -> Results:
    return Results(rows, {key(record.config): record for record in records}, setting, "the command")


def cells(page: str, start: str) -> list[str]:
    """The cells of the first line of a table that begins so."""
    line = next(line for line in page.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_authors_figure_stands_beside_ours_each_seed_and_their_mean() -> None:
    (row,) = rows_of("mlp-512")
    found = results((row,), *(record_of(row, seed, 0.976 + seed / 1000) for seed in (1, 2, 3)))
    assert cells(markdown(found, EN), "mlp-512 | test accuracy") == [
        "mlp-512",
        "test accuracy",
        "0.9825",
        "0.976 to 0.983, each at least 0.972",
        "0.9780",
        "0.9770 / 0.9780 / 0.9790",
        "yes",
    ]
    assert found.missing() == []


def test_a_figure_that_does_not_come_out_is_said() -> None:
    (row,) = rows_of("mlp-512")
    found = results((row,), *(record_of(row, seed, 0.9) for seed in (1, 2, 3)))
    assert cells(markdown(found, EN), "mlp-512 | test accuracy")[-1] == "**below**"
    assert json.loads(document(found))["rows"][0]["figures"][0]["verdict"] == "below"


def test_machine_date_versions_command_and_costs_are_told() -> None:
    (row,) = rows_of("cnn-keras")
    page = markdown(results((row,), record_of(row, 1, 0.991)), EN)
    for fact in ("Abacus 7, 2 cores", "Python 3.11.7", "keras 3.15", "2023-11-14", "the command"):
        assert fact in page
    assert cells(page, "cnn-keras | cnn-keras")[4:] == ["12", "12", "51,234", "float32, 1"]
    predicted = "6, from probabilities that say 5"
    assert cells(page, " | a typeset 6")[2:] == [predicted, "—", "6", "6", "—"]
    assert "Adadelta" in page


def test_what_is_not_trained_yet_is_said_and_counted() -> None:
    rows = (*rows_of("mlp-512"), *rows_of("dropout"))
    found = results(rows)
    # The sweep's first row and mlp-512 are the same three runs.
    assert len(found.missing()) == 3 * 9
    page = markdown(found, EN)
    assert "27 runs are still to be trained" in page
    assert "lowest" not in page


def test_the_sweep_is_a_table_of_its_own_with_its_lowest_validation_loss() -> None:
    page = swept(0.3, (1, 2, 3), 1 / 100)
    assert "The validation loss is lowest with p = 0.3: 0.0200.\n" in page
    assert cells(page, "p = 0.3")[2] == "0.0200 (0.0100 / 0.0200 / 0.0300)"
    assert "ours should be" not in page


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ((1, 2, 3), "Within the spread of its seeds are p = 0.4, p = 0.2."),
        ((1,), "One seed each cannot tell whether that is more than luck."),
    ],
)
def test_a_lowest_loss_that_the_seeds_do_not_part_is_told_with_its_rivals(seeds, said) -> None:
    page = swept(0.31, seeds, 1 / 15)
    assert "The validation loss is lowest with p = 0.3" in page
    assert said in page


def test_a_trial_compares_nothing() -> None:
    (row,) = rows_of("mlp-512")
    small = row.at_most(100, 1, 1)
    trial = results((small,), record_of(small, 1, 0.98))
    sample = results(
        (row,),
        record_of(row, 1, 0.98),
        setting=SETTING | {"images": SETTING["images"] | {"fingerprint": "sample"}},
    )
    for found in (trial, sample):
        assert "**A trial" in markdown(found, EN)
        assert cells(markdown(found, EN), "mlp-512 | test accuracy")[-1] == "—"
        assert json.loads(document(found))["rows"][0]["figures"][0]["verdict"] is None


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_whole_page_is_written_in_each_language(language: str) -> None:
    page = markdown(results(ROWS, record_of(ROWS[0], 1, 0.98)), Translator(language))
    widths = {line.count("|") for line in page.splitlines() if line.startswith("|")}
    assert widths == {8, 7, 9}
    assert "{" not in page
