"""Counts what a host did and writes it as Prometheus text (exposition format 0.0.4); knows no server."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Histogram:
    """Seconds, counted by upper bound."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self._sum_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one value; it belongs to the first bound that is not below it."""
        self._counts[bisect_left(BUCKETS_S, seconds)] += 1
        self._sum_s += seconds

    def mean_s(self) -> float | None:
        """The mean of all values, seconds; ``None`` before the first."""
        count = sum(self._counts)
        return self._sum_s / count if count else None

    def lines(self, name: str, help_text: str) -> Iterable[str]:
        yield from _head(name, "histogram", help_text)
        total = 0
        for bound, count in zip((*(str(b) for b in BUCKETS_S), "+Inf"), self._counts, strict=True):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._sum_s:.9g}"
        yield f"{name}_count {total}"


class Metrics:
    """What one host did since it started; written from the event loop alone."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.errors: Counter[str] = Counter()
        self.request_s = Histogram()
        self.model_s = Histogram()
        self.load_s: float | None = None

    def text(self, *, ready: bool, queue_length: int, running: int, model: Mapping[str, str]) -> str:
        """All of it as Prometheus text.

        Args:
            ready: whether the model is loaded and warmed up.
            queue_length: requests that wait for the model.
            running: requests that the model is answering, 0 or 1.
            model: labels that name the model.
        """
        lines: list[str] = []
        name = "bharatchef_host_requests_total"
        lines += _head(name, "counter", "Requests answered, by route and HTTP status.")
        lines += [
            f"{name}{_labels({'route': route, 'status': str(status)})} {count}"
            for (route, status), count in sorted(self.requests.items())
        ]
        name = "bharatchef_host_errors_total"
        lines += _head(name, "counter", "Invocations that failed, by the kind of failure.")
        lines += [f"{name}{_labels({'kind': kind})} {count}" for kind, count in sorted(self.errors.items())]
        lines += self.request_s.lines(
            "bharatchef_host_request_seconds", "Invocations from first byte to answer, all that ended."
        )
        lines += self.model_s.lines(
            "bharatchef_host_model_seconds", "Time the package itself took to answer."
        )
        gauges: list[tuple[str, str, float]] = [
            ("queue_length", "Requests that wait for the model.", queue_length),
            ("running", "Requests that the model is answering.", running),
            ("ready", "1 where the model is loaded and warmed up.", int(ready)),
        ]
        if self.load_s is not None:
            gauges.append(("model_load_seconds", "Loading the model and warming it up.", self.load_s))
        for short, help_text, value in gauges:
            lines += _head(f"bharatchef_host_{short}", "gauge", help_text)
            lines.append(f"bharatchef_host_{short} {value:.9g}")
        lines += _head("bharatchef_host_model_info", "gauge", "Which model answers.")
        lines.append(f"bharatchef_host_model_info{_labels(model)} 1")
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, help_text: str) -> list[str]:
    return [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
