"""Eyeriss: a row-stationary array, every layer mapped onto it as fast as it can be.

Of each layer all mappings whose factors divide its sizes exactly are tried, as in the public
Timeloop/Accelergy model of Eyeriss (Chen et al., ISSCC 2016; Parashar et al., ISPASS 2019); the
fastest is taken, and of several the one of least energy. Batch 1.

C input channels, M output channels, P = Q output size, R = S kernel, s stride. Loops are split

    C = Cy Cw Cg Cd     M = M0 Mx My Mg Md     Q = Qx Qd

over the array (x: across, y: down), a processing element's scratchpads (w, 0), the buffer (g) and
DRAM (d); P stays whole in the buffer and the kernel's S is unrolled down the array:

    array        Qx Mx <= 14,  S My Cy <= 12          compute = MACs / (Qx Mx My Cy S)
    scratchpads  M0 <= 16,  Cw R <= 12,  M0 Cw R <= 192
    buffer       C/Cd Hin wq + M0 Mx My Mg P Qx <= 65536 words
                 Hin = (P-1) s + R,  wq = (Qx-1) s + S
    reads        C rows Q S M/(M0 Mx My) + (Cd-1) out,  out = M P Q
                 rows = R + (P-1) min(s, R) if Cg = 1 (rows stay in the array), else P R
    writes       infill + out (1 + Cd)
    infill       C Hin (wq + (Qd-1) min(wq, Qx s)) if Cd = Md = 1 (columns are kept),
                 else C Hin wq Qd, times Md where Cd > 1
    cycles       max(compute, reads/16, writes/16)

This gives the latency of 224 of the 225 operators of HW-NAS-Bench's look-up table to the cycle; the
other one (16 to 24 channels 1x1 with stride 2 from 112 to 56) is 62,496 cycles' worth here and
74,928 there, where the table's own search seems to have missed the better mapping.

Energy adds what is moved: words between buffer and array, words from DRAM, outputs to DRAM, and the
work of the processing elements. Weights do not pass the buffer; they are fetched from DRAM again
whenever the loops around them come back: P Qd times if Cg > 1, else Qd times if Mg or Cd > 1. The
four constants were fitted to the table's blocks; they stand near the published 45 nm figures of
Accelergy. The median error is 1.1 %, but one operator in twenty is more than 20 % dearer in the
table: seven layers cost there what a mapping costs that is as fast but fetches their weights again
and again (`archcost.training.collect.simulators.calibration`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archcost.aliases import Ints
from archcost.errors import UnsupportedError
from archcost.training.collect.simulators.hardware import Hardware
from archcost.training.collect.simulators.workloads import Workload


@dataclass(frozen=True, slots=True)
class RowStationary(Hardware):
    """The hardware; the defaults are Eyeriss as HW-NAS-Bench prices it.

    Attributes:
        columns, rows: processing elements across and down the array.
        input_words, weight_words, sum_words: scratchpads of a processing element.
        buffer_words: shared buffer.
        words_per_cycle: between buffer and array, in each direction.
        clock_mhz: cycles a microsecond.
        pe_pj: energy of a multiply-accumulate with all its scratchpad accesses.
        buffer_pj: of a word read from the buffer or written to it.
        dram_pj: of an input or weight word from DRAM.
        output_pj: of an output word to DRAM.
    """

    columns: int = 14
    rows: int = 12
    input_words: int = 12
    weight_words: int = 192
    sum_words: int = 16
    buffer_words: int = 65536
    words_per_cycle: int = 16
    clock_mhz: float = 250.0
    pe_pj: float = 5.789
    buffer_pj: float = 10.913
    dram_pj: float = 201.25
    output_pj: float = 169.43


@dataclass(frozen=True, slots=True)
class Mapped:
    """The best mapping's cost for all copies of a workload: cycles and picojoules."""

    cycles: int
    energy_pj: float


@lru_cache(maxsize=65536)
def best_mapping(chip: RowStationary, work: Workload) -> Mapped:
    """The fastest mapping of a workload, of equals the one of least energy.

    Raises:
        UnsupportedError: the buffer is too small for any mapping.
    """
    work = _reshaped(chip, work)
    best: tuple[int, float] | None = None
    inputs, outputs = _input_splits(chip, work), _output_splits(chip, work)
    for across in _divisors(work.size):
        found = _best_of(chip, work, inputs, outputs, across)
        if found is not None and (best is None or found < best):
            best = found
    if best is None:
        raise UnsupportedError(
            f"{work}: fits into no mapping with a buffer of {chip.buffer_words} words; give more"
        )
    return Mapped(best[0] * work.copies, best[1] * work.copies)


def _reshaped(chip: RowStationary, work: Workload) -> Workload:
    """A kernel that is taller than the array or longer than a scratchpad, as one of 1x1.

    Its window becomes input channels, which is what a mapping can do without the row-stationary
    reuse. No operator of the published spaces needs it.
    """
    if work.kernel <= min(chip.rows, chip.input_words, chip.weight_words):
        return work
    return Workload(work.c_in * work.kernel**2, work.c_out, work.size, copies=work.copies)


def _divisors(number: int) -> list[int]:
    return [d for d in range(1, number + 1) if number % d == 0]


def _input_splits(chip: RowStationary, work: Workload) -> Ints:
    """(4, a): Cy, Cw, Cg, Cd of every split that array and input scratchpad allow."""
    return np.array(
        [
            (down, pad, held, work.c_in // down // pad // held)
            for down in _divisors(work.c_in)
            if down * work.kernel <= chip.rows
            for pad in _divisors(work.c_in // down)
            if pad * work.kernel <= chip.input_words
            for held in _divisors(work.c_in // down // pad)
        ],
        dtype=np.int64,
    ).T


def _output_splits(chip: RowStationary, work: Workload) -> Ints:
    """(5, b): Mx, My, M0, Mg, Md of every split that array and sum scratchpad allow."""
    return np.array(
        [
            (right, down, pad, held, work.c_out // right // down // pad // held)
            for right in _divisors(work.c_out)
            if right <= chip.columns
            for down in _divisors(work.c_out // right)
            if down * work.kernel <= chip.rows
            for pad in _divisors(work.c_out // right // down)
            if pad <= chip.sum_words
            for held in _divisors(work.c_out // right // down // pad)
        ],
        dtype=np.int64,
    ).T


def _best_of(
    chip: RowStationary, work: Workload, inputs: Ints, outputs: Ints, across: int
) -> tuple[int, float] | None:
    """(cycles, energy in pJ) of one copy with this Qx, over all splits of the channels at once."""
    cy, cw, cg, cd = inputs[:, :, None]
    mx, my, m0, mg, md = outputs[:, None, :]
    size, kernel, stride = work.size, work.kernel, work.stride
    reach = (kernel - 1) * work.dilation + 1
    height, width = (size - 1) * stride + reach, (across - 1) * stride + reach
    array = m0 * mx * my
    fits = (
        (across * mx <= chip.columns)
        & (kernel * my * cy <= chip.rows)
        & (m0 * cw * kernel <= chip.weight_words)
        & (work.c_in // cd * height * width + array * mg * size * across <= chip.buffer_words)
    )
    if not fits.any():
        return None
    a, b = np.nonzero(fits)
    cy, cw, cg, cd = inputs[:, a]
    mx, my, m0, mg, md = outputs[:, b]
    array = m0 * mx * my
    out, steps = work.c_out * size**2, size // across
    # A dilated kernel skips rows: the next position shares none of them.
    fresh = min(stride, kernel) if work.dilation == 1 else kernel
    rows = np.where(cg == 1, kernel + (size - 1) * fresh, size * kernel)
    reads = work.c_in * rows * size * kernel * (work.c_out // array) + (cd - 1) * out
    kept = work.c_in * height * (width + (steps - 1) * min(width, across * stride))
    again = work.c_in * height * width * steps
    infill = np.where(cd == 1, np.where(md == 1, kept, again), again * md)
    writes = infill + out * (1 + cd)
    compute = work.macs // (across * mx * my * cy * kernel)
    rate = chip.words_per_cycle
    cycles = np.maximum(compute, -(-np.maximum(reads, writes) // rate))
    fetches = np.where(cg > 1, size * steps, np.where((mg > 1) | (cd > 1), steps, 1))
    weights = work.c_in * work.c_out * kernel**2 * fetches
    energy = (
        chip.pe_pj * work.macs
        + chip.buffer_pj * (reads + writes)
        + chip.dram_pj * (infill + weights)
        + chip.output_pj * out
    )
    fastest = cycles == cycles.min()
    return int(cycles.min()), float(energy[fastest].min())
