"""Draw the pictures of the README and of the first page: ``python docs/pictures.py``.

From shipped models and this project's own measurements only. `devices.png`: how much the device
matters, the rank correlation of predicted latencies between devices. `ten.png`: one machine set
aside, ten of its cells measured, 500 others predicted from those and from the other devices.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr

import archcost
from archcost.checkpoints.transfer import shipped_cloud, source_devices
from archcost.data import own_tables
from archcost.predictors import metrics
from archcost.training.suggest import choose

OUT = Path(__file__).with_name("_static")
DEVICES = {
    "raspi4": "Raspberry Pi 4",
    "pixel3": "Pixel 3",
    "edgetpu": "Edge TPU",
    "edgegpu": "Jetson TX2",
    "embedded_gpu_jetson_nano_fp16": "Jetson Nano",
    "eyeriss": "Eyeriss",
    "fpga": "FPGA",
    "epyc_onnxruntime": "EPYC core",
    "gold_6226": "Xeon Gold",
    "samsung_a50": "Galaxy A50",
    "mobile_cpu_snapdragon_855_kryo_485_int8": "SD 855 CPU",
    "mobile_gpu_snapdragon_855_adreno_640_int8": "SD 855 GPU",
    "mobile_dsp_snapdragon_855_hexagon_690_int8": "SD 855 DSP",
    "1080ti_1": "1080 Ti, 1 image",
    "titan_rtx_1": "Titan RTX, 1",
    "titan_rtx_256": "Titan RTX, 256",
}
"""Devices shown, of each family some, with short names."""
NEW = "epyc_onnxruntime"
SHOTS = 10
INK, FAINT, ACCENT, BAND = "#1b1f24", "#6a737d", "#D55E00", "#7fb3d9"
Floats = np.ndarray


def correlations() -> Floats:
    """Spearman between all devices shown, over all cells of NAS-Bench-201."""
    cells = archcost.parse(range(15625))
    costs = [archcost.load(name).predict(cells).value for name in DEVICES]
    return np.asarray(spearmanr(np.stack(costs, axis=1)).statistic)


def draw_correlations(axes: Axes, found: Floats) -> None:
    """The matrix, like devices side by side."""
    distance = squareform(np.clip(1 - found, 0, None), checks=False)
    order = leaves_list(optimal_leaf_ordering(linkage(distance, "average"), distance))
    names = [list(DEVICES.values())[i] for i in order]
    shown = found[np.ix_(order, order)]
    axes.imshow(shown, cmap="cividis", vmin=0.4, vmax=1)
    for row, column in np.ndindex(*shown.shape):
        value = shown[row, column]
        text = "1" if row == column else f"{value:.2f}".lstrip("0")
        colour = "white" if value < 0.7 else INK
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0, labelsize=8.5)
    axes.spines[:].set_visible(False)
    _title(
        axes,
        "Fast on one device is not fast on another",
        "rank correlation of the latencies of all 15,625 cells of NAS-Bench-201",
    )


def draw_new_device(axes: Axes) -> None:
    """Predicted against measured, with intervals."""
    (table,) = own_tables("nasbench201")
    truth = table.targets[NEW, "latency"]
    cells = archcost.parse(table.architectures, space="nasbench201")
    sources = [name for name in source_devices("nasbench201").names if name != NEW]
    shuffled = np.random.default_rng(0).permutation(len(cells))
    pool, held_out = shuffled[:1000], shuffled[1000:]
    ids = cells.groups[0].ids
    order = choose(
        source_devices("nasbench201", sources),
        shipped_cloud("nasbench201", sources),
        ids[pool],
        SHOTS,
        (ids[:0], np.zeros(0)),
    )
    chosen = pool[[position for position, _ in order]]
    model = archcost.adapt(cells.take(chosen), truth[chosen], sources=sources)
    found, here = model.predict(cells.take(held_out), coverage=0.9), truth[held_out]
    axes.vlines(here, found.lower, found.upper, color=BAND, lw=1, alpha=0.45, label="90 % interval")
    axes.plot(here, found.value, ".", ms=4.5, color="#0b4f8a", label="a cell never measured for it")
    axes.plot(
        truth[chosen],
        truth[chosen],
        "D",
        ms=6,
        mfc="white",
        mec=ACCENT,
        mew=1.6,
        label="the ten that were",
    )
    ends = np.array([0.2, 4.5])
    axes.plot(ends, ends, color=FAINT, lw=0.8, zorder=0)
    ticks = [0.2, 0.5, 1, 2, 4]
    for axis, name in ((axes.xaxis, "measured"), (axes.yaxis, "predicted")):
        axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": ends})
        axis.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        axis.set_ticks([], minor=True)
        axis.set_label_text(f"{name} latency (ms)", color=INK)
    axes.set_box_aspect(1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="upper left", handletextpad=0.4)
    rank = metrics.spearman(found.value, here)
    error = float(np.median(np.abs(found.value / here - 1)))
    _title(
        axes,
        "Ten measurements make a new device",
        f"500 other cells: rank correlation {rank:.2f}, median error {error:.1%}",
    )


def _title(axes: Axes, title: str, subtitle: str) -> None:
    axes.text(0, 1.075, title, transform=axes.transAxes, fontsize=14, fontweight="bold", color=INK)
    axes.text(0, 1.025, subtitle, transform=axes.transAxes, fontsize=9.5, color=FAINT)


def save(figure: Figure, name: str) -> None:
    """As a small PNG: 256 colours are enough for these pictures."""
    path = OUT / name
    figure.savefig(path, dpi=130)
    with Image.open(path) as picture:
        reduced = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
    reduced.save(path, optimize=True)
    print(path, path.stat().st_size)


def main() -> None:
    """Draw and save."""
    plt.rcParams.update({"font.size": 10, "text.color": INK, "axes.edgecolor": FAINT})
    figure, axes = plt.subplots(figsize=(6.6, 6.6))
    figure.subplots_adjust(left=0.18, right=0.985, top=0.9, bottom=0.13)
    draw_correlations(axes, correlations())
    save(figure, "devices.png")
    figure, axes = plt.subplots(figsize=(6.6, 6.6))
    figure.subplots_adjust(left=0.1, right=0.985, top=0.9, bottom=0.09)
    draw_new_device(axes)
    save(figure, "ten.png")


if __name__ == "__main__":
    main()
