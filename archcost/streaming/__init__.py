"""Files of architectures of any length, predicted in constant memory, by one process or many.

Input is read in partitions of `PARTITION` rows; both engines predict the same partitions, so that
they give the same numbers. Output has one row per architecture and model: partition after partition
in the order of the input, in each of them model after model, and of each model the architectures in
the order of the input.
"""

from archcost.streaming.cluster import LEFT_OUT, predict_on_cluster
from archcost.streaming.partitions import PARTITION, Job, Summary
from archcost.streaming.single import left_out_path, predict_file
from archcost.streaming.tables import COLUMNS

__all__ = [
    "COLUMNS",
    "LEFT_OUT",
    "PARTITION",
    "Job",
    "Summary",
    "left_out_path",
    "predict_file",
    "predict_on_cluster",
]
