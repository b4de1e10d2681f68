"""The project's own tables: what they hold, and that they say how they were measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from archcost.data import DEVICES, OWN, own_tables
from archcost.data.own import MEASURED
from archcost.errors import UnknownNameError


def test_own_tables_are_read() -> None:
    sizes = {table.space: len(table) for table in own_tables()}
    assert sizes == {"nasbench201": 1500, "fbnet": 400, "custom": 200}
    for table in own_tables():
        assert table.source == OWN
        for (device, metric), costs in table.targets.items():
            assert (DEVICES[device].source, metric) == (OWN, "latency")
            assert np.isfinite(costs).all()
            assert (costs > 0).all()
    assert [table.space for table in own_tables("fbnet")] == ["fbnet"]
    with pytest.raises(UnknownNameError, match="nasbench201"):
        own_tables("nasbench")


def test_own_tables_say_how_they_were_measured() -> None:
    for path in MEASURED.glob("*.parquet"):
        how = pd.read_parquet(path).attrs["archcost"]
        assert how["protocol_version"] >= 1
        assert how["repeatability"] > 0.9
        assert how["environments"][0]["runtime_version"] in DEVICES["epyc_onnxruntime"].runtime
