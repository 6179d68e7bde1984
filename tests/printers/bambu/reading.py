"""A report without a connection, as the parser reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from printers.bambu.models import Model, by_name
from printers.bambu.parse import Parsed, parse
from printers.status import PrinterState

Load = Callable[..., dict[str, Any]]
S = PrinterState


def model(name: str) -> Model:
    found = by_name(name)
    assert found is not None
    return found


def read(name: str, **report: Any) -> Parsed:
    return parse(report, model(name))


def heat(parsed: Parsed) -> dict[str, tuple[float, float | None]]:
    return {heater.name: (heater.current, heater.target) for heater in parsed.heaters}


def fans(parsed: Parsed) -> dict[str, int]:
    return {fan.name: fan.percent for fan in parsed.fans}
