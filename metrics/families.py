"""Families of figures, made short. The names are a contract: dashboards and rules use them.

A label is never a file's name, a job's id or the text of an error: each new one would be a new
series for ever (alerts 5.2). Base units only: seconds, bytes, grams, degrees Celsius, ratios 0–1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

Rows = Iterable[tuple[Sequence[str], float]]
"""(values of the labels, figure)."""


def gauge(name: str, text: str, labels: Sequence[str] = (), rows: Rows = ()) -> GaugeMetricFamily:
    """What may go up and down."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, figure in rows:
        family.add_metric(values, figure)
    return family


def counter(
    name: str, text: str, labels: Sequence[str] = (), rows: Rows = ()
) -> CounterMetricFamily:
    """What only grows, until a restart; ``name`` without its "_total"."""
    family = CounterMetricFamily(name, text, labels=labels)
    for values, figure in rows:
        family.add_metric(values, figure)
    return family


def one(name: str, text: str, figure: float) -> Metric:
    """A gauge of a single figure."""
    return gauge(name, text, (), [((), figure)])
