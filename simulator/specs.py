"""What a virtual printer is told at birth."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from simulator.models import model_named

_CODE_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterSpec:
    """One virtual printer. ``serial`` has 15 characters and the model's real prefix (A9)."""

    id: str
    name: str
    model: str
    serial: str
    access_code: str = field(repr=False)
    scenario: str = "idle"
    seed: int = 0


def make_spec(id: str, name: str, model: str, index: int, scenario: str = "idle") -> PrinterSpec:
    """A spec with a serial of the right shape and a stable 8-character access code.

    ``index`` 0–9999999 becomes the tail of the serial and the seed of the jitter.
    Raises ValueError for a model the simulator does not know.
    """
    prefix = model_named(model).serial_prefix
    digest = hashlib.sha256(f"{id}/{index}".encode()).digest()
    code = "".join(_CODE_ALPHABET[byte % len(_CODE_ALPHABET)] for byte in digest[:8])
    return PrinterSpec(
        id=id,
        name=name,
        model=model,
        serial=f"{prefix}00SIM{index:07d}",
        access_code=code,
        scenario=scenario,
        seed=index,
    )
