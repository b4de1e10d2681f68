"""Measured costs: where they come from, how files of them are read, and how to fetch them.

Here belongs what turns a file into numbers with a device, a metric and a unit: the registries of
sources and devices, readers of tables, of HW-NAS-Bench's pickle and of its look-up table, and the
means to write files whole. Architectures are handed on as the file has them; reading those is the
work of `archcost.encodings`. The download is in `archcost.data.fetch`, which is imported only by
who needs it: the network modules behind it take longer to load than all the rest here.
"""

from archcost.data.devices import DEVICES, Device, device
from archcost.data.files import git_blob_id, sha256_of, write_whole, written
from archcost.data.hwnasbench import (
    HWNASBench,
    LookupTable,
    as_hwnasbench,
    read_hwnasbench,
    read_lookup,
)
from archcost.data.measurements import as_measured, check_order
from archcost.data.names import DATASETS, TargetColumn, dataset_name, parse_target
from archcost.data.own import OWN, own_tables
from archcost.data.sources import SOURCES, Source, source
from archcost.data.tables import MeasuredTable, read_table
from archcost.data.unpickle import load_plain_pickle

__all__ = [
    "DATASETS",
    "DEVICES",
    "OWN",
    "SOURCES",
    "Device",
    "HWNASBench",
    "LookupTable",
    "MeasuredTable",
    "Source",
    "TargetColumn",
    "as_hwnasbench",
    "as_measured",
    "check_order",
    "dataset_name",
    "device",
    "git_blob_id",
    "load_plain_pickle",
    "own_tables",
    "parse_target",
    "read_hwnasbench",
    "read_lookup",
    "read_table",
    "sha256_of",
    "source",
    "write_whole",
    "written",
]
