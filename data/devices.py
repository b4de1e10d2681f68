"""The devices of the published tables, and what a number measured on each of them means."""

from __future__ import annotations

from dataclasses import dataclass

from archcost.errors import unknown_name


@dataclass(frozen=True)
class Device:
    """One device as one source measured it.

    Attributes:
        id: lower-case name, the same as in the columns of tables.
        title: the hardware in words.
        runtime: what ran or simulated the network.
        batch_size: images per run that the cost is for; None where the source does not say.
        precision: number format of the network; None where the source does not say.
        note: what else must be known to read a number from this device.
        source: id of the source (see `archcost.data.SOURCES`).
        measured: whether costs come from runs of the device; else from a simulation or an
            estimate.
    """

    id: str
    title: str
    runtime: str
    batch_size: int | None
    precision: str | None
    note: str
    source: str
    measured: bool = True


_LOOKUP_SUM = " FBNet: a sum over a look-up table of blocks, not a run of the whole network."

# Settings from the paper's description and, for the edge GPU, the authors' published script
# (torch2trt without its fp16 mode, three seconds of warm-up).
_HW_NAS_BENCH = tuple(
    Device(
        name,
        title,
        runtime,
        1,
        precision,
        note + _LOOKUP_SUM * (name != "edgetpu"),
        source,
        measured=name not in ("eyeriss", "fpga"),
    )
    for source, name, title, runtime, precision, note in (
        (
            "hw-nas-bench",
            "edgegpu",
            "NVIDIA Jetson TX2 (edge GPU)",
            "TensorRT",
            "fp32",
            "Mean of 50 runs after warm-up; energy is mean board power times time.",
        ),
        (
            "hw-nas-bench",
            "raspi4",
            "Raspberry Pi 4",
            "TensorFlow Lite",
            None,
            "Measured; what cannot reach the output is removed before the run.",
        ),
        (
            "hw-nas-bench",
            "edgetpu",
            "Google Edge TPU",
            "Edge TPU compiler and TensorFlow Lite",
            "int8",
            "NAS-Bench-201 only. The compiler refuses about 30 % of the cells (published as -1).",
        ),
        (
            "hw-nas-bench",
            "pixel3",
            "Google Pixel 3 (phone)",
            "TensorFlow Lite",
            None,
            "Measured; what cannot reach the output is removed before the run.",
        ),
        (
            "hw-nas-bench",
            "eyeriss",
            "Eyeriss (ASIC)",
            "analytic simulation (Accelergy + Timeloop / DNN-Chip Predictor)",
            None,
            "Simulated, not measured: free of noise.",
        ),
        (
            "hw-nas-bench",
            "fpga",
            "FPGA, Xilinx ZC706 class",
            "HLS implementation and analytic estimate",
            None,
            "Estimated, not measured: free of noise. Energy is 7.0 times latency.",
        ),
    )
)

_GPUS = {
    "1080ti": "NVIDIA GTX 1080 Ti",
    "2080ti": "NVIDIA RTX 2080 Ti",
    "titan_rtx": "NVIDIA Titan RTX",
    "titanx": "NVIDIA Titan X",
    "titanxp": "NVIDIA Titan Xp",
}
_GPU_BATCHES = {
    1: "",
    32: "",
    64: " FBNet only.",
    256: " NAS-Bench-201 only.",
}
_HELP_GPUS = tuple(
    Device(
        id=f"{model}_{batch}",
        title=f"{title}, batch {batch}",
        runtime="PyTorch, eager",
        batch_size=batch,
        precision=None,
        note=f"Time of a whole batch. Runs every operator, also those cut off.{where}",
        source="help",
    )
    for model, title in _GPUS.items()
    for batch, where in _GPU_BATCHES.items()
)

_CPU_NOTE = "Measured; the source does not state the batch size."
_PHONE_NOTE = "Resolved to whole milliseconds: many ties. The source does not state the batch size."
_HELP_OTHERS = tuple(
    Device(name, title, "PyTorch", None, None, note, "help")
    for name, title, note in (
        ("gold_6226", "Intel Xeon Gold 6226", _CPU_NOTE),
        ("gold_6240", "Intel Xeon Gold 6240", _CPU_NOTE),
        ("silver_4114", "Intel Xeon Silver 4114", _CPU_NOTE),
        ("silver_4210r", "Intel Xeon Silver 4210R", _CPU_NOTE),
        ("essential_ph_1", "Essential PH-1 (phone)", _PHONE_NOTE),
        ("pixel2", "Google Pixel 2 (phone)", _PHONE_NOTE),
        ("samsung_a50", "Samsung Galaxy A50 (phone)", _PHONE_NOTE),
        ("samsung_s7", "Samsung Galaxy S7 (phone)", _PHONE_NOTE),
    )
)

_EAGLE_NOTE = "Measured; 2-5 % of the cells are missing. The source does not state the batch size."
_TWINS_NOTE = (
    " The Core i7 and the GTX 1080 Ti are nearly the same series as published: "
    "count them as one device."
)
_LARGE_NOTE = " The source does not describe its variant 'large'."
_EAGLE = tuple(
    Device(name, title, runtime, None, precision, _EAGLE_NOTE + note, "eagle")
    for name, title, runtime, precision, note in (
        (
            "desktop_cpu_core_i7_7820x_fp32",
            "Intel Core i7-7820X",
            "TensorFlow",
            "fp32",
            _TWINS_NOTE,
        ),
        ("desktop_gpu_gtx_1080ti_fp32", "NVIDIA GTX 1080 Ti", "TensorFlow", "fp32", _TWINS_NOTE),
        (
            "desktop_gpu_gtx_1080ti_large",
            "NVIDIA GTX 1080 Ti, large",
            "TensorFlow",
            None,
            _LARGE_NOTE,
        ),
        ("embedded_gpu_jetson_nano_fp16", "NVIDIA Jetson Nano", "not stated", "fp16", ""),
        ("embedded_tpu_edgetpu_large", "Google Edge TPU, large", "not stated", None, _LARGE_NOTE),
        ("embedded_tpu_edgetpu_int8", "Google Edge TPU", "not stated", "int8", ""),
        *(
            (f"mobile_{unit}_snapdragon_{soc}_{core}_int8", title, "not stated", "int8", "")
            for unit, soc, core, title in (
                ("cpu", 450, "cortex_a53", "Snapdragon 450, Cortex-A53 CPU"),
                ("cpu", 675, "kryo_460", "Snapdragon 675, Kryo 460 CPU"),
                ("cpu", 855, "kryo_485", "Snapdragon 855, Kryo 485 CPU"),
                ("dsp", 675, "hexagon_685", "Snapdragon 675, Hexagon 685 DSP"),
                ("dsp", 855, "hexagon_690", "Snapdragon 855, Hexagon 690 DSP"),
                ("gpu", 450, "adreno_506", "Snapdragon 450, Adreno 506 GPU"),
                ("gpu", 675, "adreno_612", "Snapdragon 675, Adreno 612 GPU"),
                ("gpu", 855, "adreno_640", "Snapdragon 855, Adreno 640 GPU"),
            )
        ),
    )
)

_OWN = (
    Device(
        "epyc_onnxruntime",
        "AMD EPYC, one core, ONNX Runtime",
        "ONNX Runtime 1.32.0",
        1,
        "fp32",
        "One thread bound to a core of a virtual machine, other jobs on the other; "
        "median over five to ten interleaved visits of the fastest run, drift taken out.",
        "archcost",
    ),
    Device(
        "epyc_torch",
        "AMD EPYC, one core, PyTorch",
        "PyTorch 2.13.0+cpu, eager",
        1,
        "fp32",
        "One thread bound to a core of a virtual machine, other jobs on the other; "
        "median over three to nine interleaved visits of the fastest run, drift taken out.",
        "archcost",
    ),
)

DEVICES: dict[str, Device] = {
    entry.id: entry for entry in (*_HW_NAS_BENCH, *_HELP_GPUS, *_HELP_OTHERS, *_EAGLE, *_OWN)
}
"""Device id to device: HW-NAS-Bench's six first, then HELP's, eagle's, and archcost's own.

HELP's tables also have columns called raspi4, pixel3, eyeriss and fpga. They are HW-NAS-Bench's
values (for FBNet: look-up sums), so they are HW-NAS-Bench's devices here.
"""


def device(name: str) -> Device:
    """The device of this id; upper case is accepted.

    Raises:
        UnknownNameError: no such device; the message names the nearest.
    """
    try:
        return DEVICES[name.lower()]
    except KeyError:
        raise unknown_name("device", name, DEVICES) from None
