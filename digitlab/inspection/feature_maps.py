"""Every layer's input and output for one picture, as feature maps."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.layers import Kind, Layer
from digitlab.network import Floats, Network, as_pixels

PASS_ON: tuple[Kind, ...] = ("flatten", "dropout")  # layers that change no value once trained


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """One layer's input (``given``) and output for one picture.

    Both float32 in the layer's own shapes: (H, W, channels) or (units,).
    """

    layer: Layer
    given: Floats
    output: Floats

    @property
    def spatial(self) -> bool:
        """Whether its output is maps, and not single neurons."""
        return self.output.ndim == 3

    @functools.cached_property
    def maps(self) -> Floats:
        """Feature maps (channels, H, W), or a dense layer's neurons (units,)."""
        return np.ascontiguousarray(np.moveaxis(self.output, -1, 0))

    @property
    def count(self) -> int:
        """Number of maps, or of neurons."""
        return len(self.maps)

    @property
    def silent(self) -> int:
        """How many maps are zero everywhere, or neurons zero."""
        return int((self._largest_sizes == 0).sum())

    @property
    def strongest(self) -> int:
        """The map, or neuron, with the value farthest from zero."""
        return int(np.nan_to_num(self._largest_sizes, posinf=-1, nan=-1).argmax())

    @property
    def peak(self) -> tuple[int, ...]:
        """Where that value is: (row, column) in its map, () for a neuron."""
        sizes = np.nan_to_num(np.abs(self.maps[self.strongest]), posinf=-1, nan=-1)
        return tuple(int(i) for i in np.unravel_index(int(sizes.argmax()), sizes.shape))

    @property
    def extreme(self) -> float:
        """That value itself."""
        return float(self.output[(*self.peak, self.strongest)])

    @functools.cached_property
    def _largest_sizes(self) -> Floats:
        return np.asarray(np.abs(self.maps.reshape(self.count, -1)).max(axis=1))


def layer_by_layer(network: Network, picture: npt.NDArray[Any]) -> tuple[LayerMaps, ...]:
    """The input and output of every layer of ``network`` for ``picture`` (28, 28), in order.

    Layers of a kind in ``PASS_ON`` are among them, though they change nothing.
    """
    with np.errstate(all="ignore"):  # a network that diverged overflows, which is shown
        made = [output[0] for output in network.activations(picture[np.newaxis])]
    given = [as_pixels(picture[np.newaxis])[0], *made[:-1]]
    return tuple(map(LayerMaps, network.layers, given, made))
