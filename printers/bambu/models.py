"""What each model has and can do (bambu-lan A9, A11, A2). Facts that a report does not carry."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class FtpsProfile:
    """How a model's file server behaves (bambu-lan A11)."""

    session_reuse: bool = True  # the data connection must resume the control session
    tls12_only: bool = True  # session resumption is unreliable with 1.3
    protect: Literal["P", "C"] = "P"
    clear_fallback: bool = False  # some firmware breaks encrypted data; try PROT C then
    reply_226_timeout_s: float = 90.0  # patience for "transfer complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One printer model."""

    code: str  # as print files carry it: "C12"
    name: str  # as people call it: "P1S"
    aliases: tuple[str, ...] = ()
    serial_prefixes: tuple[str, ...] = ()  # first 3 characters of the serial
    volume_mm: tuple[float, float, float] | None = None
    nozzles: int = 1  # 1 or 2
    nozzle_max: int = 300  # °C
    bed_max: int = 100  # °C
    chamber_max: int | None = None  # °C; None = no chamber heater
    chamber_sensor: bool = False  # without one the reported 5 °C is bogus (A4.2)
    aux_fan: bool = False
    chamber_fan: bool = False
    upgrade_kit: bool = False  # may have got its fans later (home_flag bit 26)
    camera: Literal["jpeg", "rtsps"] = "rtsps"
    kinematics: Literal["corexy", "i3"] = "corexy"
    ams_kinds: tuple[str, ...] = ("AMS", "AMS 2 Pro", "AMS HT")
    pushes_diffs: bool = False
    tls12_only: bool = True
    url_form: str = "ftp"  # "ftp" = ftp://name, "file" = file:///sdcard/name (A8.1)
    ftps: FtpsProfile = field(default_factory=FtpsProfile)
    max_clients: int = 8  # MQTT sessions it serves at once
    door_sensor: bool = False
    pause_camera_during_upload: bool = False
    storage: str = "microSD card"  # what holds its files, for sentences


_P1 = FtpsProfile(reply_226_timeout_s=90.0)
_A1 = FtpsProfile(session_reuse=True, clear_fallback=True, reply_226_timeout_s=90.0)
_H2 = FtpsProfile(reply_226_timeout_s=180.0)
_USB = "USB stick"
_X1_VOLUME = (256.0, 256.0, 250.0)
_H2D_VOLUME = (350.0, 320.0, 325.0)
_NEW_AMS = ("AMS 2 Pro", "AMS HT")

MODELS: tuple[Model, ...] = (
    Model(code="BL-P001", name="X1 Carbon", aliases=("X1C", "X1-Carbon"), serial_prefixes=("00M",),
          volume_mm=_X1_VOLUME, bed_max=120, chamber_sensor=True, aux_fan=True, chamber_fan=True,
          door_sensor=True),
    Model(code="BL-P002", name="X1", serial_prefixes=("00W",), volume_mm=_X1_VOLUME, bed_max=120,
          chamber_sensor=True, aux_fan=True, chamber_fan=True, ams_kinds=("AMS",),
          door_sensor=True),
    Model(code="C13", name="X1E", serial_prefixes=("03W",), volume_mm=_X1_VOLUME, nozzle_max=320,
          bed_max=110, chamber_max=60, chamber_sensor=True, aux_fan=True, chamber_fan=True,
          ams_kinds=("AMS",), door_sensor=True),
    Model(code="C11", name="P1P", serial_prefixes=("01S",), volume_mm=_X1_VOLUME, upgrade_kit=True,
          camera="jpeg", ams_kinds=("AMS",), pushes_diffs=True, ftps=_P1, max_clients=4,
          pause_camera_during_upload=True),
    Model(code="C12", name="P1S", serial_prefixes=("01P",), volume_mm=_X1_VOLUME, aux_fan=True,
          chamber_fan=True, camera="jpeg", ams_kinds=("AMS",), pushes_diffs=True, ftps=_P1,
          max_clients=4, pause_camera_during_upload=True),
    Model(code="N7", name="P2S", serial_prefixes=("22E",), volume_mm=(256.0, 256.0, 256.0),
          bed_max=110, chamber_sensor=True, aux_fan=True, chamber_fan=True,
          ams_kinds=("AMS 2 Pro", "AMS HT", "AMS"), pushes_diffs=True, storage=_USB,
          door_sensor=True),
    Model(code="N1", name="A1 mini", aliases=("A1M",), serial_prefixes=("030",),
          volume_mm=(180.0, 180.0, 180.0), bed_max=80, camera="jpeg", kinematics="i3",
          ams_kinds=("AMS lite",), pushes_diffs=True, ftps=_A1, max_clients=4),
    Model(code="N2S", name="A1", serial_prefixes=("039",), volume_mm=(256.0, 256.0, 256.0),
          camera="jpeg", kinematics="i3", ams_kinds=("AMS lite",), pushes_diffs=True, ftps=_A1,
          max_clients=4),
    Model(code="N9", name="A2L", serial_prefixes=("26A",), volume_mm=(330.0, 320.0, 325.0),
          bed_max=80, camera="jpeg", kinematics="i3", ams_kinds=("AMS lite",), pushes_diffs=True,
          ftps=_A1, max_clients=4, storage="SD card"),
    Model(code="O1S", name="H2S", serial_prefixes=("093",), volume_mm=(340.0, 320.0, 340.0),
          nozzle_max=350, bed_max=120, chamber_max=65, chamber_sensor=True, aux_fan=True,
          chamber_fan=True, ams_kinds=_NEW_AMS, pushes_diffs=True, ftps=_H2, storage=_USB,
          door_sensor=True),
    Model(code="O1D", name="H2D", serial_prefixes=("094",), volume_mm=_H2D_VOLUME, nozzles=2,
          nozzle_max=350, bed_max=120, chamber_max=65, chamber_sensor=True, aux_fan=True,
          chamber_fan=True, ams_kinds=_NEW_AMS, pushes_diffs=True, ftps=_H2, storage=_USB,
          door_sensor=True),
    Model(code="O1E", name="H2D Pro", volume_mm=_H2D_VOLUME, nozzles=2, nozzle_max=350,
          bed_max=120, chamber_max=65, chamber_sensor=True, aux_fan=True, chamber_fan=True,
          ams_kinds=_NEW_AMS, pushes_diffs=True, ftps=_H2, storage=_USB, door_sensor=True),
    Model(code="O1C2", name="H2C", aliases=("O1C",), serial_prefixes=("31B",),
          volume_mm=(330.0, 320.0, 325.0), nozzles=2, nozzle_max=350, bed_max=120, chamber_max=65,
          chamber_sensor=True, aux_fan=True, chamber_fan=True, ams_kinds=_NEW_AMS,
          pushes_diffs=True, ftps=_H2, storage=_USB, door_sensor=True),
    Model(code="N6", name="X2D", serial_prefixes=("20P",), volume_mm=(256.0, 256.0, 261.0),
          nozzles=2, bed_max=120, chamber_max=65, chamber_sensor=True, aux_fan=True,
          chamber_fan=True, ams_kinds=_NEW_AMS, pushes_diffs=True, ftps=_H2, storage=_USB,
          door_sensor=True),
)  # fmt: skip

UNKNOWN = Model(code="", name="", bed_max=80, pushes_diffs=True, max_clients=4, storage="storage")
"""A model we have no row for: the lowest limits of all, nothing assumed to be there."""


def _key(text: str) -> str:
    word = re.sub(r"[^a-z0-9]", "", text.lower())
    return word.removeprefix("bambulab").removeprefix("bambu")


def _names() -> dict[str, Model]:
    return {
        _key(text): model for model in MODELS for text in (model.name, model.code, *model.aliases)
    }


_BY_NAME = _names()
_BY_SERIAL = {prefix: model for model in MODELS for prefix in model.serial_prefixes}


@lru_cache(maxsize=64)
def by_name(text: str) -> Model | None:
    """The model of that name or code: "x1c", "X1 Carbon", "Bambu Lab P1S", "BL-P001", "A1MINI"."""
    return _BY_NAME.get(_key(text)) if text else None


def by_serial(serial: str) -> Model | None:
    """The model whose serial numbers begin like this one."""
    return _BY_SERIAL.get(serial.strip().upper()[:3])
