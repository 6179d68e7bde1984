"""What a virtual printer is told at birth."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from simulator.models import model_named

Kind = Literal["bambu", "octoprint", "moonraker", "prusalink"]
KINDS: tuple[Kind, ...] = ("bambu", "octoprint", "moonraker", "prusalink")
DEFAULT_MODELS: dict[str, str] = {
    "bambu": "P1S",
    "octoprint": "Ender 3",
    "moonraker": "Voron 2.4",
    "prusalink": "MK4",
}
DIGEST_USER = "maker"  # what PrusaLink is delivered with
_CODE_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_KEY_CHARACTERS = {"octoprint": 43, "moonraker": 32, "prusalink": 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterSpec:
    """One virtual printer. ``serial`` has 15 characters and the model's real prefix (A9).

    ``access_code`` is for a Bambu printer, ``api_key`` for the others, ``user`` and ``password``
    for PrusaLink's digest. ``tls`` serves HTTPS. ``flavour`` of PrusaLink: "mk3" is the server
    beside an MK3, "firmware" the one inside an MK4, MINI or XL.
    """

    id: str
    name: str
    model: str
    serial: str
    access_code: str = field(default="", repr=False)
    scenario: str = "idle"
    seed: int = 0
    kind: Kind = "bambu"
    api_key: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    flavour: str = ""


def make_spec(
    id: str,
    name: str,
    model: str,
    index: int,
    scenario: str = "idle",
    *,
    kind: str = "bambu",
    tls: bool = False,
    flavour: str = "",
) -> PrinterSpec:
    """A spec with a serial of the right shape and stable credentials.

    ``index`` 0–9999999 becomes the tail of the serial and the seed of the jitter.
    Raises ValueError for a kind or a model the simulator does not know.
    """
    known = next((one for one in KINDS if one == kind), None)
    if known is None:
        raise ValueError(f"There is no kind of printer {kind!r}; there are {', '.join(KINDS)}")
    chosen = model_named(model)
    if (chosen.family == "plain") == (known == "bambu"):
        raise ValueError(f"A {model} is no printer for {known}")
    spelled = _spelled(f"{id}/{index}", 43)
    if known == "bambu":
        serial = f"{chosen.serial_prefix}00SIM{index:07d}"
        return PrinterSpec(
            id=id,
            name=name,
            model=model,
            serial=serial,
            access_code=spelled[:8],
            scenario=scenario,
            seed=index,
        )
    digest = known == "prusalink"
    return PrinterSpec(
        id=id,
        name=name,
        model=model,
        serial=f"CZPX{index:04d}X004XC{index:05d}"[:19] if digest else f"SIM{index:012d}",
        scenario=scenario,
        seed=index,
        kind=known,
        api_key=spelled[: _KEY_CHARACTERS[known]],
        user=DIGEST_USER if digest else "",
        password=_spelled(f"{id}/password/{index}", 12) if digest else "",
        tls=tls,
        flavour=(flavour or ("mk3" if model == "MK3S" else "firmware")) if digest else "",
    )


def _spelled(seed: str, length: int) -> str:
    """A stable key of so many characters."""
    digest = hashlib.shake_256(seed.encode()).digest(length)
    return "".join(_CODE_ALPHABET[byte % len(_CODE_ALPHABET)] for byte in digest)
