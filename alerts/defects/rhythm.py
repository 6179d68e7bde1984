"""How often a print is looked at. Pure."""

from __future__ import annotations

from alerts.defects.prints import Print
from core.alert_config import DefectConfig
from printers.status import PrinterStatus

OBICO_EVERY_S = 10.0
"""What its constants are made for (alerts 3.3)."""
FIRST_S = 600.0
"""Of a printer that tells no layers: so long its first ones last."""
RETRIES_S = (10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""After a look that gave no picture."""
NO_PAUSE_BELOW_LAYER, NO_PAUSE_S = 2, 300.0
"""The first lines of a print look like loose strands (alerts 3.4)."""


def gap_s(config: DefectConfig, status: PrinterStatus, one: Print, at: float, soon: bool) -> float:
    """Seconds from one look to the next; ``soon``: there is a suspicion. ``at``: epoch s."""
    if config.provider == "obico":
        return OBICO_EVERY_S
    if soon:
        return min(config.recheck_s, config.interval_s)
    if config.first_layers and in_first_layers(config, status, one, at):
        return min(config.first_interval_s, config.interval_s)
    return config.interval_s


def least_s(config: DefectConfig) -> float:
    """From any question to the next, whatever the printer says it prints: one that shows another
    print every second must not spend the day's questions of all."""
    if config.provider == "obico":
        return OBICO_EVERY_S
    return min(config.recheck_s, config.first_interval_s, config.interval_s)


def in_first_layers(config: DefectConfig, status: PrinterStatus, one: Print, at: float) -> bool:
    layer = status.job.layer if status.job else None
    if layer is not None:
        return layer < config.first_layers
    return at - one.printing_at < FIRST_S


def too_early_to_pause(status: PrinterStatus, one: Print, at: float) -> bool:
    layer = status.job.layer if status.job else None
    if layer is not None and layer < NO_PAUSE_BELOW_LAYER:
        return True
    return not one.printing_at or at - one.printing_at < NO_PAUSE_S


def retry_s(tries: int) -> float:
    return RETRIES_S[min(tries, len(RETRIES_S) - 1)]
