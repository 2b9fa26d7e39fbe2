"""A host's counts as Prometheus text."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from model_packages.serving.metrics import BUCKETS_S, Histogram, Metrics


@given(st.lists(st.one_of(st.sampled_from(BUCKETS_S), st.floats(0, 100))))
def test_a_histogram_counts_each_value_in_every_bucket_that_it_fits(values: list[float]) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    text = "\n".join(histogram.lines("took", "Seconds.")) + "\n"
    (family,) = text_string_to_metric_families(text)
    found = {s.labels["le"]: s.value for s in family.samples if s.name == "took_bucket"}
    assert found == {
        **{str(bound): sum(value <= bound for value in values) for bound in BUCKETS_S},
        "+Inf": len(values),
    }
    totals = {s.name: s.value for s in family.samples if s.name != "took_bucket"}
    assert totals["took_count"] == len(values)
    assert math.isclose(totals["took_sum"], sum(values), rel_tol=1e-6, abs_tol=1e-9)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], include_characters='"\\\n')))
def test_any_name_of_a_model_survives_as_a_label(name: str) -> None:
    text = Metrics().text(ready=True, queue_length=2, running=1, model={"name": name})
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["bharatchef_host_model_info"].samples[0].labels == {"name": name}
    assert families["bharatchef_host_queue_length"].samples[0].value == 2
    assert "bharatchef_host_model_load_seconds" not in families
