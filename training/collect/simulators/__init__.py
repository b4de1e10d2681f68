"""Analytic models of two chips, driven by the layers of a network: results are simulated.

Both were inferred from the operators of HW-NAS-Bench's look-up table (Li et al., ICLR 2021), whose
simulators were not published; `compare` shows how far they agree with it.
"""

from archcost.training.collect.simulators.compare import Agreement, compare
from archcost.training.collect.simulators.fpga import FPGA
from archcost.training.collect.simulators.network import (
    CHIPS,
    QUIRKS,
    Simulated,
    find_chip,
    find_quirks,
    simulate,
)
from archcost.training.collect.simulators.row_stationary import RowStationary
from archcost.training.collect.simulators.sweep import Sweep, sweep

__all__ = [
    "CHIPS",
    "FPGA",
    "QUIRKS",
    "Agreement",
    "RowStationary",
    "Simulated",
    "Sweep",
    "compare",
    "find_chip",
    "find_quirks",
    "simulate",
    "sweep",
]
