"""Energy meters against imitated files and a library with known answers."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import Any

import pytest

from archcost.training.collect.board.energy import (
    INA3221,
    METERS,
    NVML,
    RAPL,
    MissingMeter,
    find_meter,
    idle_watts,
    integrate,
)
from archcost.training.collect.board.protocol import Timed, visit


def rapl_tree(root: Path) -> Path:
    """Two packages, a core domain within the first, and the platform: 60 and 40 J so far."""
    base = root / "sys/class/powercap"
    for name, label, joules in (
        ("intel-rapl:0", "package-0", 60),
        ("intel-rapl:0:0", "core", 30),
        ("intel-rapl:1", "package-1", 40),
        ("intel-rapl:2", "psys", 500),
    ):
        (base / name).mkdir(parents=True)
        (base / name / "name").write_text(label + "\n")
        (base / name / "energy_uj").write_text(f"{joules * 10**6}\n")
        (base / name / "max_energy_range_uj").write_text(f"{100 * 10**6}\n")
    return base


def test_rapl_adds_packages_and_survives_wrapping(tmp_path: Path) -> None:
    base = rapl_tree(tmp_path)
    meter = RAPL(str(tmp_path))
    meter.start()
    (base / "intel-rapl:0/energy_uj").write_text("62500000")
    (base / "intel-rapl:1/energy_uj").write_text("1000000")  # 40 J to 100 J, and 1 J more
    (base / "intel-rapl:2/energy_uj").write_text("900000000")
    assert meter.stop() == pytest.approx(2.5 + 61)


def test_rapl_absent_or_unreadable(tmp_path: Path) -> None:
    with pytest.raises(MissingMeter, match="no package counters"):
        RAPL(str(tmp_path))
    base = rapl_tree(tmp_path)
    (base / "intel-rapl:1/energy_uj").unlink()
    with pytest.raises(MissingMeter, match="root"):
        RAPL(str(tmp_path))


class Library:
    """Imitates the driver's library: 5 J at first, then 12.5 J."""

    def __init__(self, counter: int = 0) -> None:
        self.values = [5000, 5000, 12500]
        self.counter = counter

    def nvmlInit_v2(self) -> int:
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: int, handle: Any) -> int:
        return 0 if index == 0 else 2

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any, value: Any) -> int:
        ctypes.cast(value, ctypes.POINTER(ctypes.c_ulonglong))[0] = self.values.pop(0)
        return self.counter


def test_nvml_takes_the_difference() -> None:
    meter = NVML(load=lambda name: Library())
    meter.start()
    assert meter.stop() == pytest.approx(7.5)


def test_nvml_absent_or_too_old() -> None:
    with pytest.raises(MissingMeter, match="no NVIDIA driver"):
        NVML("libnosuchlibrary.so")
    with pytest.raises(MissingMeter, match="status 3"):
        NVML(load=lambda name: Library(counter=3))


def test_ina3221_of_a_tx2(tmp_path: Path) -> None:
    folder = tmp_path / "sys/bus/i2c/drivers/ina3221x/0-0041/iio:device1"
    folder.mkdir(parents=True)
    for channel, (label, milliwatts) in enumerate((("VDD_SYS_GPU", 900), ("VDD_IN", 4000))):
        (folder / f"rail_name_{channel}").write_text(label)
        (folder / f"in_power{channel}_input").write_text(str(milliwatts))
    check_watts(INA3221(str(tmp_path)), 4.0)


def test_ina3221_of_an_orin(tmp_path: Path) -> None:
    folder = tmp_path / "sys/class/hwmon/hwmon3"
    folder.mkdir(parents=True)
    (tmp_path / "sys/class/hwmon/hwmon0").mkdir()
    (folder / "name").write_text("ina3221\n")
    for channel, (label, millivolts, milliamperes) in enumerate(
        (("VDD_IN", 5000, 1200), ("VDD_CPU_GPU_CV", 5000, 100)), start=1
    ):
        (folder / f"in{channel}_label").write_text(label)
        (folder / f"in{channel}_input").write_text(str(millivolts))
        (folder / f"curr{channel}_input").write_text(str(milliamperes))
    check_watts(INA3221(str(tmp_path)), 6.0)


def test_ina3221_absent(tmp_path: Path) -> None:
    with pytest.raises(MissingMeter, match="INA3221"):
        INA3221(str(tmp_path))


def check_watts(meter: INA3221, watts: float) -> None:
    """The meter begins during `start` and ends during `stop`, however long they take."""
    called = time.perf_counter()
    meter.start()
    begin = time.perf_counter()
    time.sleep(0.1)
    end = time.perf_counter()
    joules = meter.stop()
    least, most = watts * (end - begin), watts * (time.perf_counter() - called)
    assert least * (1 - 1e-9) <= joules <= most * (1 + 1e-9)


def test_trapezoids() -> None:
    assert integrate([(0, 2), (1, 4), (3, 4)]) == pytest.approx(3 + 8)
    assert integrate([(0, 2)]) == 0


def test_idle_watts() -> None:
    class Constant:
        def start(self) -> None:
            self.begin = time.perf_counter()

        def stop(self) -> float:
            return 3.0 * (time.perf_counter() - self.begin)

    assert idle_watts(Constant(), 0.05) == pytest.approx(3.0, rel=0.05)


def test_absent_meters_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> Any:
        raise MissingMeter("not on this machine")

    monkeypatch.setitem(METERS, "rapl", absent)
    monkeypatch.setitem(METERS, "nvml", lambda: NVML(load=lambda name: Library()))
    assert find_meter(("rapl", "nvml")) == ("nvml", {"rapl": "not on this machine"})
    assert find_meter(("rapl",)) == (None, {"rapl": "not on this machine"})


def test_a_visit_divides_by_its_runs(tmp_path: Path) -> None:
    class Session(Timed):
        def times(self, runs: int) -> list[float]:
            self.last = runs
            return [1.0] * runs

    class Meter:
        def __init__(self, session: Session) -> None:
            self.session = session

        def start(self) -> None:
            pass

        def stop(self) -> float:
            return 0.25 * self.session.last

    session = Session()
    record = visit(session, {"warm_up_s": (0, 0), "energy_s": 0.2}, Meter(session))
    assert record["energy_runs"] == 200
    assert record["joules"] == pytest.approx(0.25)

    class Broken(Meter):
        def stop(self) -> float:
            raise OSError("counter gone")

    record = visit(session, {"warm_up_s": (0, 0)}, Broken(session))
    assert record["energy_reason"] == "counter gone"
    assert "joules" not in record
