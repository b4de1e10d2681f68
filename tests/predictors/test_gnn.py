"""The network predicts in NumPy what it learned in torch; devices share it; `none` is no node."""

from __future__ import annotations

import signal

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.base import clone

from archcost.checkpoints import find_card, load_card
from archcost.encodings import encode, parse
from archcost.errors import CheckpointError, MeasurementError, UnsupportedError
from archcost.predictors import EnsemblePredictor, GBDTPredictor, GNNPredictor
from archcost.predictors.gnn import GraphNetwork, Graphs
from archcost.predictors.network import CostNetwork

CELLS = np.arange(0, 15625, 40)
SMALL = {"hidden": 16, "layers": 2, "width": 16, "embedding": 4, "steps": 150}


def costs() -> np.ndarray:
    counts = encode(CELLS, "counts").values.astype(float)
    weights = np.array([[0, 0, 0.25, 1.5, 0.5], [0, 0.1, 1, 2, 0]])
    return counts @ weights.T + 1


@pytest.fixture(scope="module")
def fitted() -> list[GNNPredictor]:
    return GNNPredictor(**SMALL).fit_many(CELLS, costs())


def test_one_network_learns_two_devices(fitted: list[GNNPredictor]) -> None:
    assert fitted[0].networks_ is fitted[1].networks_
    others = CELLS + 1
    truth = encode(others, "counts").values @ np.array([0, 0, 0.25, 1.5, 0.5])
    assert spearmanr(fitted[0].predict(others), truth).statistic > 0.95
    assert not np.allclose(fitted[0].predict(others), fitted[1].predict(others), rtol=0.05)


def test_the_same_seed_gives_the_same_network(fitted: list[GNNPredictor]) -> None:
    state = torch.random.get_rng_state()
    again = GNNPredictor(**SMALL).fit_many(CELLS, costs())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert np.array_equal(again[1].predict(CELLS), fitted[1].predict(CELLS))


def test_numpy_computes_what_torch_computes() -> None:
    graphs = Graphs.of(parse(CELLS))
    columns = (graphs.nodes.shape[2], graphs.rows.shape[1])
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = CostNetwork(columns, torch.from_numpy(graphs.wiring), 3, 8, 2, 12, 4, 0.5).eval()
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    with torch.no_grad():
        inputs = (graphs.nodes, graphs.present, graphs.rows)
        expected = network(*(torch.from_numpy(np.array(array)) for array in inputs)).numpy()
    arrays = {name: value.detach().numpy() for name, value in network.arrays().items()}
    read = GraphNetwork(arrays | {"centre": np.array([0, 1, 2]), "spread": np.array([1, 2, 1])})
    for device in range(3):
        found = read.log_costs(graphs, device)
        wanted = expected[:, device] * [1, 2, 1][device] + device
        assert np.allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_twins_cost_the_same(fitted: list[GNNPredictor]) -> None:
    # Nodes 1 and 2 exchanged; there is no operator between them.
    twins = np.array([[3, 1, 0, 2, 4, 3], [1, 3, 0, 2, 3, 4]])
    first, second = fitted[0].predict(twins)
    assert first == pytest.approx(second, rel=1e-5)


def test_batches_of_any_size(fitted: list[GNNPredictor]) -> None:
    whole = fitted[1].predict(CELLS)
    assert np.allclose([fitted[1].predict([cell])[0] for cell in CELLS[:7]], whole[:7], rtol=1e-5)
    assert fitted[1].predict([]).shape == (0,)


def test_a_chain_of_blocks() -> None:
    ids = np.random.default_rng(0).integers(0, 9, size=(60, 22))
    batch = parse(ids, space="fbnet")
    model = GNNPredictor(**SMALL).fit(batch, 1 + (ids != 8).sum(axis=1))
    assert np.isfinite(model.predict(batch)).all()


def test_state_round_trip(fitted: list[GNNPredictor]) -> None:
    state = fitted[1].state()
    again = GNNPredictor.from_state(state)
    assert np.array_equal(again.predict(CELLS), fitted[1].predict(CELLS))
    with pytest.raises(CheckpointError, match="device 7"):
        GNNPredictor.from_state(state | {"device": np.array([7])})
    with pytest.raises(CheckpointError, match="not a graph network"):
        GraphNetwork({"embedding": np.zeros((2, 3))})
    with pytest.raises(CheckpointError, match="makes"):
        fitted[1].networks_[0].log_costs(Graphs.of(parse([[8] * 22], space="fbnet")), 0)


def test_two_members_predict_their_geometric_mean(fitted: list[GNNPredictor]) -> None:
    both = GNNPredictor(members=2, **SMALL).fit_many(CELLS, costs())[0]
    second = GNNPredictor(seed=1, **SMALL).fit_many(CELLS, costs())[0]
    mean = np.sqrt(fitted[0].predict(CELLS) * second.predict(CELLS))
    assert np.allclose(both.predict(CELLS), mean, rtol=1e-5)
    again = GNNPredictor.from_state(both.state())
    params = again.get_params()
    assert params == both.get_params() | {name: params[name] for name in ("steps", "seed")}
    assert np.array_equal(again.predict(CELLS), both.predict(CELLS))


def test_missing_measurements_are_left_out() -> None:
    some = costs()
    some[::2, 1] = np.nan
    fitted = GNNPredictor(**SMALL).fit_many(CELLS, some)
    assert np.isfinite(fitted[1].predict(CELLS)).all()
    with pytest.raises(MeasurementError, match="no measurement"):
        GNNPredictor(**SMALL).fit_many(CELLS, some * [1, np.nan])
    with pytest.raises(MeasurementError, match="negative"):
        GNNPredictor(**SMALL).fit_many(CELLS, -some)
    with pytest.raises(MeasurementError, match="shape"):
        GNNPredictor(**SMALL).fit_many(CELLS, some[:, 0])


def test_ensemble(fitted: list[GNNPredictor]) -> None:
    trees = GBDTPredictor(n_estimators=5).fit(CELLS, costs()[:, 0])
    both = EnsemblePredictor.of([fitted[0], trees], [1, 3])
    expected = fitted[0].predict(CELLS) ** 0.25 * trees.predict(CELLS) ** 0.75
    assert np.allclose(both.predict(CELLS), expected)
    assert np.allclose(both.state()["weights"], [0.25, 0.75])
    assert both.get_params()["weights"] == [1, 3]
    copy = clone(
        EnsemblePredictor([GBDTPredictor(n_estimators=3), GBDTPredictor(seed=1)], np.ones(2))
    )
    assert np.isfinite(copy.fit(CELLS, costs()[:, 0]).predict(CELLS)).all()
    with pytest.raises(UnsupportedError, match="weights"):
        EnsemblePredictor.of([trees], [0.5, 0.5])


def test_ctrl_c_stays_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(CostNetwork, "forward", interrupted)
    before = signal.getsignal(signal.SIGINT), torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        GNNPredictor(**SMALL).fit_many(CELLS, costs())
    assert (signal.getsignal(signal.SIGINT), torch.get_num_threads()) == before


def test_devices_of_one_network_share_what_it_makes_of_a_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = [load_card(find_card(name)) for name in ("raspi4", "pixel3")]
    alone = [model.predict(parse(CELLS[:50])).value for model in models]
    batch = parse(CELLS[:50])
    asked: list[GraphNetwork] = []
    summary = GraphNetwork._summary
    monkeypatch.setattr(
        GraphNetwork, "_summary", lambda self, graphs: asked.append(self) or summary(self, graphs)
    )
    together = [model.predict(batch).value for model in models]
    assert len(asked) == len(set(asked)) > 0
    np.testing.assert_array_equal(together, alone)
