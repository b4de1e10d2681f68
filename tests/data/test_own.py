"""The project's own tables: what they hold, and that they say how they were measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from archcost.data import DEVICES, OWN, own_tables
from archcost.data.own import MEASURED
from archcost.errors import UnknownNameError


def test_own_tables_are_read() -> None:
    sizes = {"nasbench201": 1500, "fbnet": 400, "custom": 200}
    for name in ("epyc_onnxruntime", "epyc_torch"):
        assert {table.space: len(table) for table in own_tables(device=name)} == sizes
    for table in own_tables():
        assert table.source == OWN
        for (device, metric), costs in table.targets.items():
            assert (DEVICES[device].source, metric) == (OWN, "latency")
            assert np.isfinite(costs).all()
            assert (costs > 0).all()
    (one,) = own_tables("fbnet", "epyc_torch")
    assert (one.space, list(one.targets)) == ("fbnet", [("epyc_torch", "latency")])
    assert len(own_tables("NAS-Bench-201")) == len(own_tables("nasbench201")) == 2
    with pytest.raises(UnknownNameError, match="nasbench201"):
        own_tables("nasbench")
    with pytest.raises(UnknownNameError, match="epyc_torch"):
        own_tables(device="epyc")


def test_own_tables_say_how_they_were_measured() -> None:
    for path in MEASURED.glob("*.parquet"):
        how = pd.read_parquet(path).attrs["archcost"]
        assert how["protocol_version"] == 2
        assert how["repeatability"] > 0.9
        assert how["environments"][0]["runtime_version"] in DEVICES[how["plan"]["device"]].runtime
