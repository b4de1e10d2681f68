"""The training of graph networks: PyTorch Geometric's layers, Lightning's loop.

Imported only to train; see `archcost.predictors.gnn` for the network and its use.
"""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset
from torch_geometric.nn import DenseGraphConv

if TYPE_CHECKING:
    from archcost.predictors.gnn import Graphs

_RATE = 6e-3
_MOST_PASSES = 300
_BATCHES = (32, 256)
# A prior on the weights counts once, whatever the number of architectures: weight decay falls with
# it. So does dropout, which keeps a few hundred architectures from being learned by heart. Both
# chosen on validation cells of HW-NAS-Bench with 124, 1,366 and 9,300 cells to learn from.
_DECAY_OF_ONE = 100.0
_DROPOUT_OF_ONE = 300.0
_MOST_DROPOUT = 0.2
# Logarithms in units of their spread: below this the loss is quadratic, above it absolute.
_HUBER = 0.05
# Columns that hardly vary are left in their own unit.
_FLAT = 1e-3


class CostNetwork(nn.Module):
    """Nodes and rows of one skeleton in, standardised logarithms of all costs out."""

    def __init__(
        self,
        columns: tuple[int, int],
        wiring: Tensor,
        devices: int,
        hidden: int,
        layers: int,
        width: int,
        embedding: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        nodes, rows = columns
        self.wiring: Tensor
        self.register_buffer("wiring", wiring)
        self.nodes = nn.Linear(nodes, hidden)
        self.along = nn.ModuleList(DenseGraphConv(hidden, hidden) for _ in range(layers))
        self.against = nn.ModuleList(DenseGraphConv(hidden, hidden) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(layers))
        self.sum = nn.Linear(hidden, width)
        self.rows = nn.Linear(rows, width)
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)
        self.embedding = nn.Parameter(0.3 * torch.randn(devices, embedding))
        for name in ("scale1", "shift1", "scale2", "shift2", "out", "linear"):
            self.add_module(name, nn.Linear(embedding, width))
        values = dict(self.named_parameters())
        with torch.no_grad():
            for name in ("scale1", "scale2"):
                values[f"{name}.bias"].add_(1)
            for name in ("out", "linear"):
                values[f"{name}.weight"].mul_(0.1)
                values[f"{name}.bias"].mul_(0.1)

    def forward(self, nodes: Tensor, present: Tensor, rows: Tensor) -> Tensor:
        """(n, k, c), (n, k), (n, f) to (n, devices)."""
        mask = present[:, :, None]
        state = torch.relu(self.nodes(nodes)) * mask
        # Absent nodes hold zeros, so the wiring of all stands for the edges of each.
        flow, back = self.wiring.T[None], self.wiring[None]
        for along, against, norm in zip(self.along, self.against, self.norms, strict=True):
            message = along(state, flow) + against(state, back)
            state = state + torch.relu(norm(message)) * mask
        summary = (torch.relu(self.sum(state)) * mask).sum(dim=1) + self.rows(rows)

        def of_devices(name: str) -> Tensor:
            found: Tensor = self.get_submodule(name)(self.embedding)
            return found

        first = self.first(summary)[:, None]
        first = torch.relu(first * of_devices("scale1") + of_devices("shift1"))
        second = self.second(self.dropout(first))
        second = torch.relu(second * of_devices("scale2") + of_devices("shift2"))
        found = ((first + second) * of_devices("out")).sum(dim=2)
        return found + summary @ of_devices("linear").T

    def arrays(self) -> dict[str, Tensor]:
        """What `archcost.predictors.gnn.GraphNetwork` reads; weights as (in, out)."""
        values = dict(self.named_parameters())
        found = {"embedding": self.embedding.data}

        def both(name: str, layer: int) -> Tensor:
            return values[f"along.{layer}.{name}"] + values[f"against.{layer}.{name}"]

        for name, module in self.named_children():
            if isinstance(module, nn.Linear):
                found[f"{name}.weight"] = values[f"{name}.weight"].T
                found[f"{name}.bias"] = values[f"{name}.bias"]
        for i in range(len(self.norms)):
            found |= {
                f"layer{i}.along": values[f"along.{i}.lin_rel.weight"].T,
                f"layer{i}.against": values[f"against.{i}.lin_rel.weight"].T,
                # Both directions bring a term for the node itself: one matrix does.
                f"layer{i}.own": both("lin_root.weight", i).T,
                f"layer{i}.bias": both("lin_rel.bias", i),
                f"layer{i}.scale": values[f"norms.{i}.weight"],
                f"layer{i}.shift": values[f"norms.{i}.bias"],
            }
        return found


class _Training(lightning.LightningModule):
    """Robust loss over the measured costs, one-cycle schedule."""

    def __init__(self, network: CostNetwork, steps: int, decay: float) -> None:
        super().__init__()
        self.network = network
        self.steps = steps
        self.decay = decay

    def training_step(self, batch: list[Tensor]) -> Tensor:
        *inputs, wanted = batch
        known = ~torch.isnan(wanted)
        losses = nn.functional.smooth_l1_loss(
            self.network(*inputs)[known], wanted[known], beta=_HUBER, reduction="sum"
        )
        return losses / known.sum().clamp(min=1)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=_RATE, weight_decay=self.decay)
        # Of ten steps a tenth is a phase of length 0, by which the scheduler divides.
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, _RATE, total_steps=max(self.steps, 20), pct_start=0.1
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def train_network(
    graphs: Graphs,
    log_costs: npt.NDArray[np.float64],
    *,
    hidden: int,
    layers: int,
    width: int,
    embedding: int,
    steps: int,
    seed: int,
) -> dict[str, npt.NDArray[np.float32]]:
    """Train on n architectures and their logarithmic costs (n, d), NaN where unknown.

    Returns:
        The arrays of a `archcost.predictors.gnn.GraphNetwork`: inputs and outputs unscaled.
    """
    centre, spread = np.nanmedian(log_costs, axis=0), np.nanstd(log_costs, axis=0) + _FLAT
    flat = graphs.nodes.reshape(-1, graphs.nodes.shape[2])
    scales = [_standard(flat), _standard(graphs.rows)]
    nodes = (graphs.nodes - scales[0][0]) / scales[0][1]
    rows = (graphs.rows - scales[1][0]) / scales[1][1]
    wanted = (log_costs - centre) / spread
    tensors = [
        torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
        for array in (nodes, graphs.present, rows, wanted)
    ]
    with _own_settings():
        torch.manual_seed(seed)
        network = CostNetwork(
            (nodes.shape[2], rows.shape[1]),
            torch.from_numpy(graphs.wiring),
            wanted.shape[1],
            hidden,
            layers,
            width,
            embedding,
            min(_MOST_DROPOUT, _DROPOUT_OF_ONE / len(nodes)),
        )
        _run(network, TensorDataset(*tensors), steps)
    arrays = {name: value.detach().cpu().numpy() for name, value in network.arrays().items()}
    for name, (mean, scale) in zip(("nodes", "rows"), scales, strict=True):
        weight = arrays[f"{name}.weight"] / scale[:, None]
        arrays[f"{name}.weight"] = weight
        arrays[f"{name}.bias"] = arrays[f"{name}.bias"] - mean @ weight
    arrays |= {"centre": centre, "spread": spread}
    return {name: np.array(value, dtype=np.float32) for name, value in arrays.items()}


@contextmanager
def _own_settings() -> Iterator[None]:
    """Generators, threads and the loop's log as training wants them, and then as they were."""
    logger, threads = logging.getLogger("lightning.pytorch"), torch.get_num_threads()
    level = logger.level
    # Seeding is for the GPUs too.
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        logger.setLevel(logging.ERROR)
        # The matrices are small: threads gain little, and where others use the cores too, waiting
        # for each other takes them a hundred times as long.
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            logger.setLevel(level)


def _standard(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Mean and scale of each column."""
    spread = values.std(axis=0)
    return values.mean(axis=0), np.where(spread < _FLAT, 1, spread)


def _run(network: CostNetwork, data: TensorDataset, steps: int) -> None:
    size = int(np.clip(len(data) // 10, *_BATCHES))
    batches = BatchSampler(RandomSampler(data), size, drop_last=False)
    passes = min(_MOST_PASSES, -(-steps // len(batches)))
    # Rows are picked a batch at a time: collating single ones takes longer than training on them.
    loader = DataLoader(data, sampler=batches, batch_size=None)
    module = _Training(network, passes * len(batches), _DECAY_OF_ONE / len(data))
    handler = signal.getsignal(signal.SIGINT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            max_epochs=passes,
            accelerator="auto",
            devices=1,
            gradient_clip_val=5.0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        try:
            trainer.fit(module, loader)
        except SystemExit as stop:
            # Lightning makes an exit of Ctrl-C and is deaf to it from then on; what it means is
            # for the caller to say.
            if isinstance(stop.__context__, KeyboardInterrupt):
                signal.signal(signal.SIGINT, handler)
                raise KeyboardInterrupt from None
            raise
