import json

import pytest

from digitlab.progress import BatchMetrics, EpochMetrics, Untrained, from_wire, to_wire

REPORTS = [
    Untrained(2.3, 0.1),
    BatchMetrics(epoch=2, step=5, steps=10, loss=0.5, accuracy=0.9, images_per_second=1000.0),
    EpochMetrics(1, True, 0.5, 0.9, 0.4, 0.91, 0.3, 0.92, 1.5, 800),
    EpochMetrics(2, False, 0.5, 0.9, None, None, None, None, 0.5, 80),
]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: type(report).__name__)
def test_a_report_travels_as_plain_values(report) -> None:
    sent = json.loads(json.dumps(to_wire(report)))
    assert from_wire(sent) == report
    assert all(isinstance(v, str | int | float | bool | None) for v in sent.values())
    assert from_wire(sent) == report  # reading it did not change it


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: type(report).__name__)
def test_a_report_travels_as_msgpack(report) -> None:
    msgpack = pytest.importorskip("msgpack")
    assert from_wire(msgpack.unpackb(msgpack.packb(to_wire(report)))) == report


def test_what_is_no_report_is_not_read() -> None:
    with pytest.raises(KeyError):
        from_wire({"kind": "Outcome"})
    with pytest.raises(TypeError):
        from_wire({"kind": "Untrained", "loss": 1.0})


@pytest.mark.parametrize(
    ("epoch", "step", "position"), [(1, 0, 0.0), (1, 5, 0.5), (1, 10, 1.0), (3, 1, 2.1)]
)
def test_the_position_is_in_epochs(epoch, step, position) -> None:
    metrics = BatchMetrics(epoch, step, 10, 0.5, 0.9, 1.0)
    assert metrics.position == pytest.approx(position)


@pytest.mark.parametrize(
    ("complete", "trained", "place"),
    [(True, 800, 3.0), (False, 200, 2.25), (False, 0, 2.0), (False, 900, 3.0)],
)
def test_an_epoch_cut_short_stands_where_it_was_cut(complete, trained, place) -> None:
    epoch = EpochMetrics(3, complete, 0.5, 0.9, None, None, None, None, 0.5, trained)
    assert epoch.position(800) == place
    assert epoch.position(0) == 3.0, "a set of no images has no parts"
