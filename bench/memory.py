"""What one more printer of each make costs in memory, and what its first one does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.mixes import entries
from bench.processes import Farm, Simulators
from bench.rows import Row

_FEW, _MANY = 5, 55
_SETTLE_S = 5.0
KINDS = ("bambu", "octoprint", "moonraker", "prusalink")


def _farm_mb(kind: str, count: int, free_port: Callable[[], int]) -> float:
    with (
        Simulators(entries(kind, count)) as simulators,
        Farm(simulators.printers, free_port()) as farm,
    ):
        return farm.usage_during(_SETTLE_S).rss_mb


def memory_rows(empty_mb: float, free_port: Callable[[], int]) -> Iterator[Row]:
    """From farms of a few and of many printers of one make."""
    for kind in KINDS:
        few, many = (_farm_mb(kind, count, free_port) for count in (_FEW, _MANY))
        each = (many - few) / (_MANY - _FEW)
        yield Row(f"{kind}: RSS of one more printer", each, "MB")
        yield Row(f"{kind}: once, with the first of them", few - empty_mb - _FEW * each, "MB")
