"""Draw the pictures of the README and of the first page: ``python docs/pictures.py``.

From shipped models and this project's own measurements only. `devices.svg`: how much the device
matters, the rank correlation of predicted latencies between devices. `ten.svg`: one machine set
aside, ten of its cells measured, 500 others predicted from those and from the other devices.
"""

from __future__ import annotations

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
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
SIDE = 430
INK, FAINT, ACCENT, BAND, BLUE = "#1b1f24", "#5c6670", "#D55E00", "#7fb3d9", "#0b4f8a"


def devices_alike() -> alt.LayerChart:
    """Spearman between all devices shown, over all cells; like devices side by side."""
    cells = archcost.parse(range(15625))
    costs = [archcost.load(name).predict(cells).value for name in DEVICES]
    found = np.asarray(spearmanr(np.stack(costs, axis=1)).statistic)
    distance = squareform(np.clip(1 - found, 0, None), checks=False)
    order = leaves_list(optimal_leaf_ordering(linkage(distance, "average"), distance))
    names = [list(DEVICES.values())[i] for i in order]
    shown = pd.DataFrame(found[np.ix_(order, order)], index=names, columns=names)
    long = shown.melt(ignore_index=False, var_name="b", value_name="rho").reset_index(names="a")
    long["text"] = [f"{rho:.2f}".removeprefix("0") if rho < 0.9999 else "1" for rho in long["rho"]]
    x = alt.X("a:N", sort=names, title=None, axis=alt.Axis(labelAngle=-45))
    y = alt.Y("b:N", sort=names, title=None)
    dark = alt.value("white"), alt.value(INK)
    squares = (
        alt.Chart(long)
        .mark_rect()
        .encode(
            x,
            y,
            alt.Color(
                "rho:Q", legend=None, scale=alt.Scale(scheme="cividis", domain=[0.4, 1], clamp=True)
            ),
        )
    )
    numbers = squares.mark_text(fontSize=10).encode(
        text="text", color=alt.condition("datum.rho < 0.7", *dark)
    )
    return (squares + numbers).properties(
        title=_title(
            "Fast on one device is not fast on another",
            "rank correlation of the latencies of all 15,625 cells of NAS-Bench-201",
        )
    )


def new_device() -> alt.LayerChart:
    """Predicted against measured, with intervals."""
    (table,) = own_tables("nasbench201", NEW)
    truth = table.targets[NEW, "latency"]
    cells = archcost.parse(table.architectures, space="nasbench201")
    # Without the same machine under another runtime.
    sources = [name for name in source_devices("nasbench201").names if not name.startswith("epyc_")]
    shuffled = np.random.default_rng(0).permutation(len(cells))
    pool, held_out = shuffled[:1000], shuffled[1000:]
    ids = cells.groups[0].ids
    devices, cloud = source_devices("nasbench201", sources), shipped_cloud("nasbench201", sources)
    order = choose(devices, cloud, ids[pool], SHOTS, (ids[:0], np.zeros(0)))
    chosen = pool[[position for position, _ in order]]
    model = archcost.adapt(cells.take(chosen), truth[chosen], sources=sources)
    found, here = model.predict(cells.take(held_out), coverage=0.9), truth[held_out]
    rank = metrics.spearman(found.value, here)
    error = float(np.median(np.abs(found.value / here - 1)))
    ten = pd.DataFrame({"measured": truth[chosen], "value": truth[chosen]})
    return _against(found.to_frame().assign(measured=here), ten).properties(
        title=_title(
            "Ten measurements make a new device",
            f"500 other cells: rank correlation {rank:.2f}, median error {error:.1%}",
        )
    )


def _against(rest: pd.DataFrame, ten: pd.DataFrame) -> alt.LayerChart:
    ends = [0.2, 4.5]
    scale = alt.Scale(type="log", domain=ends, nice=False)
    axis = alt.Axis(values=[0.2, 0.5, 1, 2, 4], grid=False)
    x = alt.X("measured:Q", scale=scale, axis=axis, title="measured latency (ms)")
    y = alt.Y("value:Q", scale=scale, axis=axis, title="predicted latency (ms)")
    words = ["90 % interval", "a cell never measured for it", "one of the ten that were"]
    colour = alt.Color(
        "what:N",
        scale=alt.Scale(domain=words, range=[BAND, BLUE, ACCENT]),
        legend=alt.Legend(
            title=None, orient="none", legendX=12, legendY=8, labelLimit=300, symbolOpacity=1
        ),
    )
    diagonal = alt.Chart(pd.DataFrame({"measured": ends, "value": ends}))
    intervals, cells, shots = (
        alt.Chart(frame.assign(what=name))
        for frame, name in zip((rest, rest, ten), words, strict=True)
    )
    return alt.layer(
        diagonal.mark_line(color=FAINT, strokeWidth=0.8).encode(x, y),
        intervals.mark_rule(opacity=0.45, clip=True).encode(
            x, alt.Y("lower:Q", scale=scale), alt.Y2("upper:Q"), color=colour
        ),
        cells.mark_circle(size=16, opacity=1).encode(x, y, color=colour),
        shots.mark_point(shape="diamond", size=110, strokeWidth=2, fill="white", opacity=1).encode(
            x, y, color=colour
        ),
    )


def _title(title: str, subtitle: str) -> alt.TitleParams:
    return alt.TitleParams(title, subtitle=subtitle, anchor="start", offset=12)


def save(chart: alt.LayerChart, name: str) -> None:
    """As an SVG, sharp at any size."""
    path = OUT / name
    styled = (
        chart.properties(width=SIDE, height=SIDE, padding=12, background="white")
        .configure(font="Helvetica, Arial, sans-serif", aria=False)
        .configure_title(fontSize=17, subtitleFontSize=12, color=INK, subtitleColor=FAINT)
        .configure_axis(
            labelFontSize=11, titleFontSize=12, labelColor=INK, titleColor=INK, ticks=False
        )
        .configure_legend(labelFontSize=11, labelColor=INK)
        .configure_view(strokeWidth=0)
    )
    styled.save(path)
    print(path, path.stat().st_size)


def main() -> None:
    """Draw and save."""
    save(devices_alike(), "devices.svg")
    save(new_device(), "ten.svg")


if __name__ == "__main__":
    main()
