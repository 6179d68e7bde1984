"""What differs between the models of printers that the simulator plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["p1", "a1", "x1", "np", "plain"]  # plain: another make than Bambu Lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What differs between models. Lengths in mm, temperatures in °C."""

    name: str
    code: str  # printer_model_id in sliced files, DevModel in SSDP; printer_model of other makes
    serial_prefix: str = ""
    family: Family = "plain"
    maker: str = "Bambu Lab"
    slicer: Literal["prusa", "orca", "cura"] = "prusa"  # what people slice for it with
    volume: tuple[float, float, float]
    nozzle_max: int
    bed_max: int
    chamber_max: int = 0  # > 0: the chamber has a heater
    chamber_sensor: bool = False
    nozzles: int = 1
    camera: Literal["jpeg", "rtsp"] = "jpeg"
    aux_fan: bool = False
    chamber_fan: bool = False
    ams_kind: Literal["AMS", "AMS lite", "AMS 2 Pro"] = "AMS"
    kinematics: Literal["corexy", "i3"] = "corexy"
    firmware: str = "01.00.00.00"
    hw_module: tuple[str, str, str] = ("esp32", "", "AP04")  # name, project_name, hw_ver
    diffs: bool = True  # False: every report is a full frame
    msg_key: bool = True  # False: full frames carry no "msg" (bambu-lan B6, H2D and old X1)
    chamber_key: bool = True  # False: no legacy chamber_temper (newer firmware)
    idle_interval_s: float = 1.0
    max_clients: int = 8
    ftps_session_reuse: bool = True
    storage_dirs: tuple[str, ...] = ("cache", "timelapse", "model", "image", "logger")
    nozzle_type: str = "stainless_steel"
    compatible: frozenset[str] = frozenset()

    @property
    def product_name(self) -> str:
        """As get_version gives it ("Bambu Lab P1S")."""
        return f"{self.maker} {self.long_name}"

    @property
    def long_name(self) -> str:
        """The maker's name for the model."""
        return {"X1C": "X1 Carbon"}.get(self.name, self.name)

    @property
    def accepts(self) -> frozenset[str]:
        """Model codes whose G-code this printer runs without harm."""
        return self.compatible | {self.code}

    @property
    def np(self) -> bool:
        """Reports the newer key set (device, fun, stat, cfg)."""
        return self.family in ("x1", "np")
