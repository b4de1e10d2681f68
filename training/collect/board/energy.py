"""Energy from what the machine has: counters of the processor or the GPU, rails of a board.

Every meter gives the joules between two moments. A counter tells them directly; of power rails,
samples of watts are added up by a thread. Where none is there, `find_meter` says why, for each.

* ``rapl``: the processor packages' counters under /sys/class/powercap (Linux, Intel and AMD; read
  by root only on most systems since CVE-2020-8694). They wrap around.
* ``nvml``: the total-energy counter of NVIDIA GPUs (Volta and later), through the driver's library.
* ``ina3221``: the rails of a Jetson board under /sys/bus/i2c or hwmon; the board's whole input.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable

from archcost.training.collect.board.environment import read_text
from archcost.training.collect.board.protocol import Meter

_SAMPLE_S = 0.005
_INPUT_RAILS = ("VDD_IN", "POM_5V_IN", "VDD_TOTAL", "SYS_5V_IN")


class MissingMeter(OSError):
    """A meter that is not here, with the reason."""


class RAPL:
    """Counters of the processor packages, in microjoules."""

    def __init__(self, root: str = "/") -> None:
        """Find the packages' counters below a root folder.

        Raises:
            MissingMeter: there are none, or they may not be read.
        """
        folder = os.path.join(root, "sys/class/powercap")
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        zones = [os.path.join(folder, name) for name in names if name.count(":") == 1]
        # "psys" would count the packages a second time.
        self._zones = [
            zone for zone in zones if (read_text(zone + "/name") or "").startswith("package")
        ]
        if not self._zones:
            raise MissingMeter(f"no package counters under {folder}")
        for zone in self._zones:
            if read_text(zone + "/energy_uj") is None:
                raise MissingMeter(f"{zone}/energy_uj cannot be read; run as root")
        self._before: list[int] = []

    def _read(self) -> list[int]:
        return [_whole(zone + "/energy_uj") for zone in self._zones]

    def start(self) -> None:
        """The first moment."""
        self._before = self._read()

    def stop(self) -> float:
        """Joules since `start`; counters that have wrapped around once are put right."""
        total = 0
        for zone, before, after in zip(self._zones, self._before, self._read()):
            wrapped = after < before
            total += after - before + (_whole(zone + "/max_energy_range_uj") if wrapped else 0)
        return total * 1e-6


class NVML:
    """The total-energy counter of the first NVIDIA GPU, in millijoules."""

    def __init__(
        self, library: str = "libnvidia-ml.so.1", load: Callable[..., object] = ctypes.CDLL
    ):
        """Load the driver's library.

        Raises:
            MissingMeter: no driver, no GPU, or one without the counter.
        """
        try:
            self._library: ctypes.CDLL = load(library)  # type: ignore[assignment]
        except OSError:
            raise MissingMeter("no NVIDIA driver library here") from None
        self._handle = ctypes.c_void_p()
        self._check(self._library.nvmlInit_v2(), "starting the NVIDIA driver library")
        found = self._library.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self._handle))
        self._check(found, "finding the GPU")
        self._before = self._read()

    @staticmethod
    def _check(status: int, what: str) -> None:
        if status:
            raise MissingMeter(f"{what} failed with NVML status {status}")

    def _read(self) -> int:
        value = ctypes.c_ulonglong()
        status = self._library.nvmlDeviceGetTotalEnergyConsumption(
            self._handle, ctypes.byref(value)
        )
        self._check(status, "reading the GPU's energy counter")
        return value.value

    def start(self) -> None:
        """The first moment."""
        self._before = self._read()

    def stop(self) -> float:
        """Joules since `start`."""
        return (self._read() - self._before) * 1e-3


class INA3221:
    """The input rail of a Jetson board: watts are sampled and added up."""

    def __init__(self, root: str = "/", sample_s: float = _SAMPLE_S) -> None:
        """Find the rail of the board's input below a root folder.

        Raises:
            MissingMeter: there is none.
        """
        self._read = _input_rail(root)
        self._sample_s = sample_s
        self._samples: list[tuple[float, float]] = []
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def _sample(self) -> None:
        while not self._ended.wait(self._sample_s):
            self._samples.append((time.perf_counter(), self._read()))

    def start(self) -> None:
        """The first moment."""
        self._samples = [(time.perf_counter(), self._read())]
        self._ended.clear()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Joules since `start`."""
        assert self._thread is not None  # started
        self._ended.set()
        self._thread.join()
        self._samples.append((time.perf_counter(), self._read()))
        return integrate(self._samples)


def integrate(samples: list[tuple[float, float]]) -> float:
    """Joules of samples (seconds, watts) in order of time, by trapezoids."""
    return sum(
        (later - sooner) * (first + second) / 2
        for (sooner, first), (later, second) in zip(samples[:-1], samples[1:])
    )


def _whole(path: str) -> int:
    text = read_text(path)
    if text is None:
        raise OSError(f"{path} cannot be read")
    return int(text)


def _input_rail(root: str) -> Callable[[], float]:
    """What reads the watts of the board's input, from either form that the driver has had."""
    for folder, _, names in os.walk(os.path.join(root, "sys/bus/i2c/drivers/ina3221x")):
        for name in names:
            label = read_text(os.path.join(folder, name))
            if name.startswith("rail_name_") and label in _INPUT_RAILS:
                channel = name[len("rail_name_") :]
                path = os.path.join(folder, f"in_power{channel}_input")
                return lambda: _whole(path) * 1e-3
    hwmon = os.path.join(root, "sys/class/hwmon")
    for chip in sorted(os.listdir(hwmon)) if os.path.isdir(hwmon) else []:
        folder = os.path.join(hwmon, chip)
        if read_text(folder + "/name") != "ina3221":
            continue
        for number in range(1, 4):
            if read_text(f"{folder}/in{number}_label") in _INPUT_RAILS:
                volts, amperes = f"{folder}/in{number}_input", f"{folder}/curr{number}_input"
                return lambda: _whole(volts) * _whole(amperes) * 1e-6
    raise MissingMeter(f"no INA3221 with an input rail under {os.path.join(root, 'sys')}")


METERS: dict[str, Callable[[], Meter]] = {"rapl": RAPL, "nvml": NVML, "ina3221": INA3221}
"""Name to what opens the meter here; raises `MissingMeter`."""


def open_meter(name: str) -> Meter:
    """The meter of this name. Raises MissingMeter: it is not here."""
    return METERS[name]()


def find_meter(names: tuple[str, ...]) -> tuple[str | None, dict[str, str]]:
    """The first of these meters that is here, and why those before it are not."""
    reasons: dict[str, str] = {}
    for name in names:
        try:
            open_meter(name)
        except OSError as error:
            reasons[name] = str(error)
        else:
            return name, reasons
    return None, reasons


def idle_watts(meter: Meter, seconds: float = 2.0) -> float:
    """Mean power while nothing of ours runs."""
    begin = time.perf_counter()
    meter.start()
    time.sleep(seconds)
    joules = meter.stop()
    return joules / (time.perf_counter() - begin)
