"""The adapter's options. Maximum temperatures are not in OctoPrint's API, so they are settings."""

from __future__ import annotations

from dataclasses import dataclass

from core.config import PrinterConfig
from core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """°C the farm may ask for."""

    nozzle: int = 290
    bed: int = 110
    chamber: int = 70


def _whole(config: PrinterConfig, key: str, fallback: int, low: int, high: int) -> int:
    value = config.options.get(key, fallback)
    if type(value) is not int or not low <= value <= high:
        raise ConfigError(
            f'The option "{key}" of {config.name} must be a whole number of °C from {low} to '
            f"{high}, not {value!r}."
        )
    return value


def limits_of(config: PrinterConfig) -> Limits:
    """``max_nozzle_c``, ``max_bed_c``, ``max_chamber_c``. Raises ConfigError."""
    standard = Limits()
    return Limits(
        nozzle=_whole(config, "max_nozzle_c", standard.nozzle, 100, 550),
        bed=_whole(config, "max_bed_c", standard.bed, 30, 200),
        chamber=_whole(config, "max_chamber_c", standard.chamber, 20, 150),
    )
