"""The report of a run: one HTML file that fetches nothing and says what the run came to."""

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_network import make_network
from make_run import add_run
from msgspec.structs import replace
from PIL import Image

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.inspection import metrics
from digitlab.messages import Translator
from digitlab.presets import PRESETS
from digitlab.progress import BatchMetrics, EpochMetrics, ExecutionSettings, Outcome, Untrained
from digitlab.report import gather, html_of, plot, weights
from digitlab.scores import wilson
from digitlab.store import DataSetInfo, Run, Status, Store
from digitlab.store.library import Library
from digitlab.store.run_files import npy

T = Translator("en")
RNG = np.random.default_rng(5)
CNN = dataclasses.replace(PRESETS["cnn-filters"], filters1=4, kernel1=3, epochs=3)
MLP = dataclasses.replace(PRESETS["mlp-128"], units1=40)
EPOCHS = tuple(
    EpochMetrics(n, True, 1 / n, 0.8 + n / 50, 0.9 / n, 0.81 + n / 50, 0.7 / n, 0.8, 1.0, 90)
    for n in (1, 2, 3)
)
BATCHES = tuple(BatchMetrics(1, n, 300, 2.3 - n / 200, n / 400, 900.0) for n in range(1, 301))
VOID = {"meta", "img", "br", "line", "circle", "polyline"}  # of those that a report uses


class Page(HTMLParser):
    """What stands in a report: its tags with their attributes, in order, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "data:", text)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.headings = re.findall(r"<h2>(.*?)</h2>", text)
        self.feed(text)
        self.close()
        assert not self.open
        self.text = " ".join(self.words)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style" and data.strip():
            self.words.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def store(tmp_path: Path, lab_home: Path) -> Store:
    return Store(tmp_path / "runs")


def add(
    store: Store, config: RunConfig, status: Status = Status.FINISHED, epochs: int = 3, **more: Any
) -> Run:
    """A run in the store as a worker would leave it, without having trained it."""
    digits = dataset.sample()
    parts = DataSetInfo(digits.name, digits.fingerprint, 3600, 400, len(digits.y_test))
    kept = {f"weights-{epoch:03d}.npz": make_network(config).to_bytes() for epoch in (0, epochs)}
    ending = "finished" if status is Status.FINISHED else "stopped"
    told: dict[str, Any] = {
        "untrained": Untrained(2.345, 0.112),
        "files": kept | {"probabilities.npy": npy(readings())},
        "outcome": Outcome(ending, epochs, epochs, False, 12.34, 567.0),
    }
    return add_run(
        store,
        config,
        parameters=12_345,
        digits=parts,
        execution=ExecutionSettings(),
        epochs=EPOCHS[:epochs],
        batches=BATCHES[:2],
        status=status,
        **told | more,
    )


def readings() -> np.ndarray:
    """Probabilities of the sample's test images: about four fifths are right."""
    y_true = dataset.sample().y_test
    guesses = np.where(RNG.random(len(y_true)) < 0.8, y_true, RNG.integers(0, 10, len(y_true)))
    probabilities: np.ndarray = (0.05 + 0.5 * np.eye(10)[guesses]).astype(np.float32)
    return probabilities


def page_of(store: Store, run: Run | RunConfig, **changes: Any) -> Page:
    """The report of a run, or of a new one with these settings, with parts of its data changed."""
    if isinstance(run, RunConfig):
        run = add(store, run)
    return Page(html_of(dataclasses.replace(gather(store, run), **changes), T))


# A whole report -----------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [CNN, MLP], ids=["cnn", "mlp"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_nothing_is_fetched_and_nothing_runs(store: Store, config: RunConfig, language) -> None:
    text = html_of(gather(store, add(store, config)), Translator(language))
    page = Page(text)
    assert page.all("html") == [{"lang": language}]
    policy = next(m["content"] for m in page.all("meta") if "http-equiv" in m)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "a", "form", "input"}
    for _, attributes in page.tags:
        assert not {"href", "srcset", "action", "style"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("src") or "data:image/png;base64,").startswith("data:image/png")
    assert not re.search(r"https?:|//|url\(|@import", page.source)
    assert len(text.encode()) < 1_000_000


def test_every_picture_opens_and_has_its_words(store: Store) -> None:
    page = page_of(store, CNN)
    pictures = page.all("img")
    assert len(pictures) > 20
    for picture in pictures:
        data = base64.b64decode((picture["src"] or "").partition(",")[2])
        assert Image.open(io.BytesIO(data)).format == "PNG"
        assert picture["alt"] is not None
    assert [picture for picture in pictures if not picture["alt"]] == pictures[2:3]  # the scale
    drawings = page.all("svg")
    assert [drawing["role"] for drawing in drawings] == ["img", "img"]
    assert "training: 1.000 → 0.333" in (drawings[0]["aria-label"] or "")
    assert "validation: 83.00% → 87.00%" in (drawings[1]["aria-label"] or "")


def test_it_has_the_numbers_of_the_run(store: Store) -> None:
    run = add(store, CNN)
    page, read = page_of(store, run), gather(store, run)
    text = page.text
    assert "Data: 5,000 MNIST images; 3,600 images to train on, 400 to validate" in text
    assert "12,345 parameters, 12.3 seconds, 567 images a second" in text
    for number in ("2.345", "11.20%", "0.233", "80.00%", "86.00%", "87.00%"):
        assert number in text
    for right in (112, 800):
        low, high = wilson(right, 1000)
        assert f"{low:.2%} – {high:.2%}" in text
    assert read.labels is not None
    assert read.probabilities is not None
    scores = metrics.per_digit(read.labels, read.probabilities.argmax(axis=1))
    precisions = " ".join(f"{score.precision:.1%}" for score in scores)
    assert f"Precision {precisions}" in text
    assert "Recall " + " ".join(f"{score.recall:.1%}" for score in scores) in text
    misclassified = int((read.probabilities.argmax(axis=1) != read.labels).sum())
    assert f"50 of {misclassified}, of 1,000 test samples" in text


def test_what_is_not_as_in_the_lesson_stands_out(store: Store) -> None:
    page = page_of(store, dataclasses.replace(MLP, units1=128, dropout=0.5, seed=10**7))
    changed = re.findall(r'<div class="changed"><dt>(.*?)</dt><dd>(.*?)</dd>', page.source)
    assert changed == [
        ("Dropout after dense layers", "0.5 <small>(lesson: 0.2)</small>"),
        ("Random seed", "10000000 <small>(lesson: 1)</small>"),
    ]
    assert "In bold: what is not as in the lesson mlp-128." in page.text
    assert "Momentum" not in page.text  # it matters for SGD alone


def test_a_lesson_as_it_is_has_nothing_bold(store: Store) -> None:
    page = page_of(store, PRESETS["mlp-128"])
    assert 'class="changed"' not in page.source
    assert "All of them are as in the lesson mlp-128." in page.text


def test_the_lessons_questions_have_empty_places_and_nobody_is_named(store: Store) -> None:
    page = page_of(store, MLP)
    assert "1. How much can one hidden layer learn" in page.text
    assert page.source.count('<div class="line"></div>') == 21
    assert "**" not in page.text
    assert "<span>Name:</span><span>Class:</span><span>Date:</span>" in page.source
    assert "ada" not in re.findall(r"\w+", page.source)


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{run} & 'x' 🖊", "</title>"],
)
def test_a_name_is_text_whatever_it_is(store: Store, name: str) -> None:
    run = add(store, MLP)
    Library(store).rename("ada", run.id, name)
    page = page_of(store, run)
    assert f"Report: {name}" in page.words
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in page_of(store, MLP).tags}


def test_the_origins_name_is_text_too(store: Store) -> None:
    origin = add(store, CNN)
    Library(store).rename("ada", origin.id, "<b>first</b>")
    page = page_of(store, add(store, CNN, origin=origin.id, frozen=True))
    assert "It goes on from <b>first</b>: its beginning is that run's end." in page.text
    assert "Its convolutions were frozen: they are still those of that run." in page.text
    assert "At its beginning: 4 filters of 3x3" in page.text
    assert page.text.count("Before training") == 1  # in the lesson's question
    store.delete(origin.id)
    page = page_of(store, add(store, CNN, origin=origin.id))
    assert f"It goes on from run {origin.id[:6]}" in page.text


# What a run has not got ---------------------------------------------------------------------------


def test_a_run_stopped_at_once(store: Store) -> None:
    run = add(store, CNN, Status.STOPPED, 0, files=None, untrained=None)
    page = page_of(store, run, batches=())
    for sentence in (
        "It was not trained long enough for a curve.",
        "It ended before its first epoch: nothing was learned.",
        "Digit by digit: this run kept no reading of the test set at its end.",
        "This run kept no weights that can be shown.",
    ):
        assert sentence in page.text
    assert page.headings[:3] == ["Settings", "Curves", "Results"]
    assert page.headings[3:] == ["Filters, before and after", "Misread samples", "Questions"]


def test_a_run_stopped_in_its_first_epoch_shows_its_batches(store: Store) -> None:
    page = page_of(store, add(store, CNN, Status.STOPPED, 0), batches=BATCHES)
    assert "Training: the batches of the one epoch." in page.text
    (points, _) = (line["points"] or "" for line in page.all("polyline"))
    assert 100 <= len(points.split()) <= 120
    assert "After training: these weights were not kept." in page.text


def test_a_run_that_diverged(store: Store) -> None:
    run = add(store, MLP, Status.DIVERGED, 2)
    bad = make_network(MLP)
    bad.weights["dense1"][0][0, 0] = np.nan
    store.keep(run.id, "weights-002.npz", bad.to_bytes())
    store.keep(run.id, "probabilities.npy", npy(np.full((1000, 10), np.nan, np.float32)))
    wild = replace(EPOCHS[1], loss=float("nan"), val_loss=float("inf"))
    page = page_of(store, run, epochs=(EPOCHS[0], wild))
    assert "The loss was no longer a finite number at the end; that is not drawn." in page.text
    assert "After training: these weights were not kept." in page.text
    assert "kept no reading of the test set" in page.text
    assert "nan" not in " ".join(line["points"] or "" for line in page.all("polyline"))


def test_a_run_without_untrained_weights_shows_the_others(store: Store) -> None:
    page = page_of(store, CNN, before=None)
    assert "Before training: these weights were not kept." in page.text
    assert "After training: 4 filters of 3x3; weights from" in page.text


def test_a_run_that_lost_its_weights_still_has_its_first_kernels(store: Store) -> None:
    run = add(store, CNN)
    for epoch in (0, 3):
        kernel = RNG.normal(0, 0.1, (3, 3, 1, 4)).astype(np.float32)
        store.keep(run.id, f"kernels-{epoch:03d}.npy", npy(kernel))
    store.drop_weights(run.id)
    text = page_of(store, run).text
    assert "Before training: 4 filters of 3x3" in text
    assert "After training: 4 filters of 3x3" in text


def test_a_run_whose_images_are_gone(store: Store) -> None:
    page = page_of(store, MLP, labels=None, images=None)
    assert page.text.count("the test images of this run are not here any more") == 2
    assert "80.00%" in page.text


def test_files_that_are_broken_are_as_good_as_none(store: Store) -> None:
    run = add(store, MLP)
    for name in ("weights-000.npz", "weights-003.npz", "probabilities.npy"):
        store.keep(run.id, name, b"no array")
    data = gather(store, run)
    assert (data.before, data.after, data.probabilities) == (None, None, None)


def test_a_run_that_reads_everything_right(store: Store) -> None:
    perfect = np.eye(10, dtype=np.float32)[dataset.sample().y_test]
    assert "No test sample is misread." in page_of(store, MLP, probabilities=perfect).text


def test_a_run_without_validation(store: Store) -> None:
    epochs = tuple(replace(e, val_loss=None, val_accuracy=None) for e in EPOCHS)
    page = page_of(store, dataclasses.replace(MLP, validation="none"), epochs=epochs)
    assert len(page.all("polyline")) == 2
    assert "Validation: at each" not in page.text


# Curves and weights -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (0, 2.31, (0, 0.5, 1, 1.5, 2, 2.5)),
        (0.87, 0.993, (0.85, 0.9, 0.95, 1)),
        (0, 100, (0, 20, 40, 60, 80, 100)),
        (0, 3e-4, (0, 1e-4, 2e-4, 3e-4)),
        (0.5, 0.5, (0.5,)),
    ],
)
def test_ticks_are_round_and_enclose(low: float, high: float, expected: tuple[float, ...]) -> None:
    found = plot.ticks(low, high)
    assert 2 <= len(found) <= 6
    assert found[0] <= low
    assert high <= found[-1] + 1e-12
    if low < high:
        assert found == pytest.approx(expected)


def test_a_curve_goes_through_its_values() -> None:
    points = [(1.0, 0.8), (2.0, 0.4), (4.0, 0.0)]
    text = plot.svg([plot.Line("b", points, plot.BLUE, True)], x="x", y="a <")
    (drawn,) = re.findall(r'<polyline points="(.*?)"', text)
    xs, ys = zip(*(map(float, place.split(",")) for place in drawn.split()), strict=True)
    assert np.diff(xs)[1] == pytest.approx(2 * np.diff(xs)[0], abs=0.2)  # two epochs, one epoch
    assert np.diff(ys) == pytest.approx([np.diff(ys)[0]] * 2, abs=0.2)
    bottom = max(float(y) for y in re.findall(r'y2="([\d.]+)" stroke="#444"', text))
    assert ys[-1] == pytest.approx(bottom - 4, abs=0.2)
    assert 'aria-label="a &lt;; b"' in text
    assert "stroke-dasharray" in text


def test_training_is_dotted_validation_is_not_and_one_point_is_a_dot() -> None:
    training = plot.Line("t", [(1, 0.5), (2, 0.6)], plot.BLUE, True)
    validation = plot.Line("v", [(1, 0.7)], plot.VERMILLION, False)
    text = plot.svg([training, validation], x="x", y="y", percent=True)
    assert text.count("<polyline") == 1
    assert text.count("<circle") == 2  # the point, and its sample in the legend
    assert [f"{tick}<" in text for tick in (50, 55, 60, 65, 70)] == [True] * 5


def test_nothing_to_draw_is_refused() -> None:
    line = plot.Line("t", [(1, float("nan"))], plot.BLUE, True)
    with pytest.raises(ValueError, match="nothing to draw"):
        plot.svg([line], x="x", y="y")
    assert plot.begins([line]) == 0


def test_weights_are_blue_below_zero_white_at_zero_and_red_above() -> None:
    tiles = np.zeros((3, 2, 2), np.float32)
    tiles[0], tiles[2] = -0.5, 0.5
    picture = np.asarray(Image.open(io.BytesIO(weights.mosaic(tiles, 0.5)))).astype(int)
    factor = (picture.shape[0]) // 2
    blue, white, red = (picture[5, n * (2 * factor + 4) + 5] for n in range(3))
    assert blue[2] > 2 * blue[0]
    assert red[0] > 2 * red[2]
    assert white.min() > 240
    assert picture[5, 2 * factor + 1].tolist() == [150, 150, 150]
    assert picture.shape[1] >= 440


def test_a_scale_runs_through_the_same_colours() -> None:
    bar = np.asarray(Image.open(io.BytesIO(weights.scale())))
    ends = np.asarray(Image.open(io.BytesIO(weights.mosaic(np.array([[[-1.0, 1.0]]]), 1.0))))
    np.testing.assert_array_equal(bar[0, [0, -1]], ends[0, [0, ends.shape[0]]])
