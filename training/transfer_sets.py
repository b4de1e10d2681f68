"""The sets of source and unseen devices on which the literature compares transfer of latency.

Drawn up by HELP (ND; NeurIPS 2021), MultiPredict (N1-NA, FD-FA; 2023) and NASFLAT (MLSys 2024),
whose results are given beside. N4 lacks its Jetson Nano fp32 source, which is not to be had.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeviceSet:
    """Devices to learn from and devices to predict.

    Attributes:
        name: as in the literature.
        space: of the networks.
        sources: ids of the devices to learn from.
        unseen: ids of those to predict.
        published: number of samples to the best published mean Spearman correlation.
    """

    name: str
    space: str
    sources: tuple[str, ...]
    unseen: tuple[str, ...]
    published: dict[int, float]


def _set(name: str, sources: str, unseen: str, published: dict[int, float]) -> DeviceSet:
    space = "nasbench201" if name.startswith("N") else "fbnet"
    return DeviceSet(name, space, (*sources.split(),), (*unseen.split(),), published)


_SETS = (
    _set(
        "ND",
        "1080ti_1 1080ti_32 1080ti_256 silver_4114 silver_4210r samsung_a50 pixel3 "
        "essential_ph_1 samsung_s7",
        "titan_rtx_256 gold_6226 fpga pixel2 raspi4 eyeriss",
        {10: 0.948, 20: 0.959},
    ),
    _set(
        "N1",
        "embedded_tpu_edgetpu_int8 eyeriss mobile_gpu_snapdragon_675_adreno_612_int8 "
        "mobile_gpu_snapdragon_855_adreno_640_int8 pixel3",
        "1080ti_1 titan_rtx_32 titanxp_1 2080ti_32 titan_rtx_1",
        {20: 0.967},
    ),
    _set(
        "N2",
        "1080ti_1 1080ti_32 titanx_32 titanxp_1 titanxp_32",
        "embedded_gpu_jetson_nano_fp16 embedded_tpu_edgetpu_int8 "
        "mobile_dsp_snapdragon_675_hexagon_685_int8 "
        "mobile_dsp_snapdragon_855_hexagon_690_int8 pixel3",
        {20: 0.857},
    ),
    _set(
        "N3",
        "desktop_gpu_gtx_1080ti_fp32 embedded_gpu_jetson_nano_fp16 eyeriss "
        "mobile_dsp_snapdragon_675_hexagon_685_int8 "
        "mobile_gpu_snapdragon_855_adreno_640_int8",
        "1080ti_1 2080ti_1 titanxp_1 2080ti_32 titanxp_32",
        {20: 0.962},
    ),
    _set(
        "N4",
        "desktop_cpu_core_i7_7820x_fp32 embedded_tpu_edgetpu_int8 eyeriss "
        "mobile_cpu_snapdragon_855_kryo_485_int8 mobile_dsp_snapdragon_675_hexagon_685_int8 "
        "mobile_dsp_snapdragon_855_hexagon_690_int8 "
        "mobile_gpu_snapdragon_675_adreno_612_int8 "
        "mobile_gpu_snapdragon_855_adreno_640_int8 pixel2",
        "1080ti_1 2080ti_1 titan_rtx_1",
        {20: 0.959},
    ),
    _set(
        "NA",
        "titan_rtx_1 titan_rtx_32 titanxp_1 2080ti_1 titanx_1 1080ti_1 titanx_32 titanxp_32 "
        "2080ti_32 1080ti_32 gold_6226 samsung_s7 silver_4114 gold_6240 silver_4210r "
        "samsung_a50 pixel2",
        "eyeriss desktop_gpu_gtx_1080ti_fp32 embedded_tpu_edgetpu_int8",
        {20: 0.893},
    ),
    _set(
        "FD",
        "1080ti_1 1080ti_32 1080ti_64 silver_4114 silver_4210r samsung_a50 pixel3 "
        "essential_ph_1 samsung_s7",
        "fpga raspi4 eyeriss",
        {20: 0.961},
    ),
    _set(
        "F1",
        "2080ti_1 essential_ph_1 silver_4114 titan_rtx_1 titan_rtx_32",
        "eyeriss fpga raspi4 samsung_a50 samsung_s7",
        {20: 0.809},
    ),
    _set(
        "F2",
        "essential_ph_1 gold_6226 gold_6240 pixel3 raspi4",
        "1080ti_1 1080ti_32 2080ti_32 titan_rtx_1 titanxp_1",
        {20: 0.871},
    ),
    _set(
        "F3",
        "essential_ph_1 pixel2 pixel3 raspi4 samsung_s7",
        "1080ti_1 1080ti_32 2080ti_1 titan_rtx_1 titan_rtx_32",
        {20: 0.814},
    ),
    _set(
        "F4",
        "1080ti_64 2080ti_1 eyeriss gold_6226 gold_6240 raspi4 samsung_s7 silver_4210r "
        "titan_rtx_1 titan_rtx_32",
        "1080ti_1 pixel2 essential_ph_1",
        {20: 0.734},
    ),
    _set(
        "FA",
        "1080ti_1 1080ti_32 1080ti_64 2080ti_1 2080ti_32 2080ti_64 titan_rtx_1 titan_rtx_32 "
        "titan_rtx_64 titanx_1 titanx_32 titanx_64 titanxp_1 titanxp_32 titanxp_64",
        "gold_6226 essential_ph_1 samsung_s7 pixel2",
        {20: 0.577},
    ),
)

SETS: dict[str, DeviceSet] = {one.name: one for one in _SETS}
"""Name to set: six of NAS-Bench-201 on CIFAR-10, six of FBNet on CIFAR-100."""
