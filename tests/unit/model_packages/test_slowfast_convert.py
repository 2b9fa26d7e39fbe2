"""What is served of a trained network: INT8 where it agrees, with as few parts left exact as that takes."""

from collections import Counter

import numpy as np
import pytest

from model_packages.engine import is_int8

torch = pytest.importorskip("torch")
pytest.importorskip("nncf")
openvino = pytest.importorskip("openvino")
ops = pytest.importorskip("openvino.opset13")

from model_packages.slowfast import convert  # noqa: E402
from model_packages.slowfast.network import Shape, SlowFast  # noqa: E402

SHAPE = Shape(
    classes=5, width=8, thin=4, frames=8, depths=(1, 1, 1, 1), stem_times=(1, 1), fusion_kernel=5, window=None
)


@pytest.fixture(scope="module")
def graph():
    torch.manual_seed(2)
    return convert.graph_of(SlowFast(SHAPE))


@pytest.fixture(scope="module")
def clips():
    rng = np.random.default_rng(4)
    return list((np.cumsum(rng.normal(0, 9, (4, 8, 32, 64, 3)), axis=-2) % 256).astype(np.uint8))


def in_int8(graph) -> Counter:
    """How many nodes of each part take whole numbers."""
    return Counter(
        convert.part_of(node, graph)
        for node in graph.get_ordered_ops()
        if convert.part_of(node, graph)
        and node.input(0).get_source_output().get_node().get_type_name() == "FakeQuantize"
    )


def test_parts_of_a_slowfast_are_told_apart_by_their_shapes(graph) -> None:
    parts = Counter(convert.part_of(node, graph) for node in graph.get_ordered_ops())
    # Four stages of one block of three convolutions and a shortcut, in each pathway.
    assert parts["slow"] == parts["fast"] == 16
    assert (parts["stem"], parts["across"], parts["head"]) == (2, 4, 1)


def test_parts_that_are_to_stay_exact_are_not_quantised(graph, clips) -> None:
    assert set(in_int8(convert.in_whole_numbers(graph, clips))) >= {"slow", "fast", "across"}
    made = convert.in_whole_numbers(graph, clips, ("stem", "across", "head", "fast"))
    assert is_int8(made)
    assert set(in_int8(made)) == {"slow"}


def test_the_first_form_that_agrees_is_served_and_the_graph_itself_where_none_does(
    graph, clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opposite(given, seen, exact):
        """A form that names the unlikeliest label, until the fast pathway stays exact."""
        assert len(seen) == 2, "ranges come from every second clip"
        made = given.clone()
        if "fast" in exact:
            made.set_friendly_name("agrees")
            return made
        scores = made.get_results()[0].input_value(0)
        return openvino.Model([ops.negative(scores)], made.get_parameters(), "opposite")

    monkeypatch.setattr(convert, "in_whole_numbers", opposite)
    assert convert.quantised(graph, clips).get_friendly_name() == "agrees"
    monkeypatch.setattr(convert, "_EXACT_PARTS", ((), ("stem",)))
    assert convert.quantised(graph, clips) is graph
