"""An FPGA of the ZC706 class running FBNet's blocks: a closed form in cycles.

A block's three convolutions run in two units, one for 1x1 and one for depthwise convolutions, that
work side by side; an image is cut into square tiles of t = 7 pixels where 7 divides its size, else
4, n = ceil(H/t)^2 of them. For one image

    pointwise(ci, co, g) = (co/16) n [(ci/g) (t^2 + 8) + 12 t^2]
    depthwise(c, k)      = (c/8)   n [k^2 (t^2 + 4) + 6 t^2]
    block                = max(pointwise expand + pointwise project, depthwise)

at 200 MHz, and 7 W whatever it does. Inferred from HW-NAS-Bench's look-up table (Li et al., ICLR
2021), whose 192 blocks it gives exactly with the three quirks of `network.QUIRKS`:

* `output_size`: all three convolutions count at the size of the block's output. By itself the
  first one works on the block's input, four times as many pixels before a stride of 2.
* `padded_184`: 184 channels count as 192.
* `free_ends`: stem, `skip`, head, pooling and classifier cost nothing.

Without the last, 1x1 layers outside blocks and the classifier are priced as `pointwise`, pooling as
`depthwise` and the stem as `pointwise` with a window of k^2 inputs a channel: an extrapolation that
no published number checks. NAS-Bench-201's published coefficients follow another design (.5152 ms
for its 1x1 convolutions, where this form gives 2.38), so cells are refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from archcost.training.collect.simulators.hardware import Hardware
from archcost.training.collect.simulators.workloads import Workload


@dataclass(frozen=True, slots=True)
class FPGA(Hardware):
    """The hardware; the defaults are the board that HW-NAS-Bench prices.

    Attributes:
        clock_mhz: cycles a microsecond.
        watts: power while it runs.
        pointwise_channels, depthwise_channels: output channels that each unit makes at a time.
    """

    clock_mhz: float = 200.0
    watts: float = 7.0
    pointwise_channels: int = 16
    depthwise_channels: int = 8


def pointwise_cycles(chip: FPGA, work: Workload, size: int) -> float:
    """Cycles of a dense convolution for an output of this size, all groups together."""
    tile, tiles = _tiling(size)
    inputs = work.c_in * work.kernel**2 * (tile**2 + 8) + 12 * tile**2
    return work.c_out * work.copies / chip.pointwise_channels * tiles * inputs


def depthwise_cycles(chip: FPGA, work: Workload, size: int) -> float:
    """Cycles of a depthwise convolution or a pooling (one copy a channel)."""
    tile, tiles = _tiling(size)
    window = work.kernel**2 * (tile**2 + 4) + 6 * tile**2
    return work.copies / chip.depthwise_channels * tiles * window


def _tiling(size: int) -> tuple[int, int]:
    """Edge of a tile in pixels, and number of tiles."""
    tile = 7 if size % 7 == 0 else 4
    return tile, (-(-size // tile)) ** 2
