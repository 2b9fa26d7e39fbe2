"""Judging real recordings, labelled by others, stays as good as it was measured to be."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def benchmark_of(shared_dir, monkeypatch):
    """The benchmark's own scoring over the recipes of dev, with the product's judge."""
    monkeypatch.syspath_prepend(str(ROOT))
    folder = shared_dir / "benchmarks" / "captaincook4d"
    spec = importlib.util.spec_from_file_location("captaincook4d_evaluate", folder / "evaluate.py")
    evaluate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evaluate)
    from benchmarks.captaincook4d import make_judge

    def scored(**options):
        tallies = evaluate.tally(folder / "dev", make_judge, **options)
        return evaluate.summary(list(tallies.values()))

    return scored


@pytest.mark.shared
def test_with_the_graph_given(benchmark_of):
    found = benchmark_of()
    assert found["order"]["f1"] >= 0.925
    assert found["missing"]["f1"] >= 0.99
    assert found["correct_performances_flagged"] <= 0.04
    assert found["recording_auc"] >= 0.91
    assert found["timing_auc"] >= 0.94


@pytest.mark.shared
def test_with_experts_alone(benchmark_of):
    found = benchmark_of(experts_only=True)
    assert found["order"]["f1"] >= 0.775
    assert found["correct_performances_flagged"] <= 0.20


@pytest.mark.shared
def test_with_a_fallible_detector(benchmark_of):
    found = benchmark_of(noise="mixed", rate=0.05, seeds=1)
    assert found["order"]["f1"] >= 0.87
    assert found["missing"]["f1"] >= 0.80
