import pytest

from digitlab.progress import BatchMetrics, EpochMetrics


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
