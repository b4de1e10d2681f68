"""Where published measurements come from, under which licence, and how to cite them."""

from __future__ import annotations

from dataclasses import dataclass

from archcost.errors import unknown_name


@dataclass(frozen=True)
class Source:
    """One publication whose measurements archcost knows how to read.

    Attributes:
        id: the short name that devices, tables and cards refer to.
        title: name and venue.
        licence: SPDX identifier of the licence of the data.
        url: the public repository, or the folder in this one.
        citation: authors, title, venue and year in one line.
    """

    id: str
    title: str
    licence: str
    url: str
    citation: str


_SOURCES = (
    Source(
        id="hw-nas-bench",
        title="HW-NAS-Bench (ICLR 2021)",
        licence="MIT",
        url="https://github.com/RICE-EIC/HW-NAS-Bench",
        citation=(
            "C. Li, Z. Yu, Y. Fu, Y. Zhang, Y. Zhao, H. You, Q. Yu, Y. Wang, Y. Lin: HW-NAS-Bench: "
            "Hardware-Aware Neural Architecture Search Benchmark. ICLR 2021."
        ),
    ),
    Source(
        id="help",
        title="HELP (NeurIPS 2021)",
        licence="MIT",
        url="https://github.com/HayeonLee/HELP",
        citation=(
            "H. Lee, S. Lee, S. Chong, S. J. Hwang: HELP: Hardware-Adaptive Efficient Latency "
            "Prediction for NAS via Meta-Learning. NeurIPS 2021."
        ),
    ),
    Source(
        id="eagle",
        title="eagle / BRP-NAS (NeurIPS 2020)",
        licence="Apache-2.0",
        url="https://github.com/SamsungLabs/eagle",
        citation=(
            "L. Dudziak, T. Chau, M. S. Abdelfattah, R. Lee, H. Kim, N. D. Lane: BRP-NAS: "
            "Prediction-based NAS using GCNs. NeurIPS 2020."
        ),
    ),
    Source(
        id="archcost",
        title="archcost's own measurements",
        licence="MIT",
        url="data/measured",
        citation="archcost: tables measured with archcost collect run, in data/measured.",
    ),
)

SOURCES: dict[str, Source] = {source.id: source for source in _SOURCES}
"""Source id to source."""


def source(name: str) -> Source:
    """The source of this id.

    Raises:
        UnknownNameError: no such source; the message names the nearest.
    """
    try:
        return SOURCES[name]
    except KeyError:
        raise unknown_name("source", name, SOURCES) from None
