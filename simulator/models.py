"""The models the simulator plays (bambu-lan A3.2, A9, B2.3, B6)."""

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


_X1_GROUP = frozenset({"BL-P001", "BL-P002", "C11", "C12", "C13"})
_X1 = (256.0, 256.0, 250.0)
_USB = ("cache", "timelapse", "ipcam")

MODELS: dict[str, Model] = {
    m.name: m
    for m in (
        Model(
            name="X1C",
            code="BL-P001",
            serial_prefix="00M",
            family="x1",
            volume=_X1,
            nozzle_max=300,
            bed_max=120,
            chamber_sensor=True,
            camera="rtsp",
            aux_fan=True,
            chamber_fan=True,
            firmware="01.10.00.00",
            hw_module=("rv1126", "BL-P001", "AP05"),
            diffs=False,
            chamber_key=False,
            nozzle_type="hardened_steel",
            compatible=_X1_GROUP,
        ),
        Model(
            name="X1E",
            code="C13",
            serial_prefix="03W",
            family="x1",
            volume=_X1,
            nozzle_max=320,
            bed_max=110,
            chamber_max=60,
            chamber_sensor=True,
            camera="rtsp",
            aux_fan=True,
            chamber_fan=True,
            firmware="01.02.00.00",
            hw_module=("ap", "C13", "AP02"),
            diffs=False,
            msg_key=False,
            nozzle_type="hardened_steel",
            compatible=_X1_GROUP,
        ),
        Model(
            name="P1P",
            code="C11",
            serial_prefix="01S",
            family="p1",
            volume=_X1,
            nozzle_max=300,
            bed_max=100,
            firmware="01.08.02.00",
            hw_module=("esp32", "C11", "AP04"),
            idle_interval_s=15.0,
            max_clients=4,
            compatible=_X1_GROUP,
        ),
        Model(
            name="P1S",
            code="C12",
            serial_prefix="01P",
            family="p1",
            volume=_X1,
            nozzle_max=300,
            bed_max=100,
            aux_fan=True,
            chamber_fan=True,
            firmware="01.08.02.00",
            hw_module=("esp32", "C12", "AP04"),
            idle_interval_s=15.0,
            max_clients=4,
            compatible=_X1_GROUP,
        ),
        Model(
            name="P2S",
            code="N7",
            serial_prefix="22E",
            family="np",
            volume=(256.0, 256.0, 256.0),
            nozzle_max=300,
            bed_max=110,
            chamber_sensor=True,
            camera="rtsp",
            aux_fan=True,
            chamber_fan=True,
            ams_kind="AMS 2 Pro",
            firmware="01.02.00.00",
            hw_module=("rv1126", "N7", "AP01"),
            chamber_key=False,
            storage_dirs=_USB,
            idle_interval_s=5.0,
        ),
        Model(
            name="A1",
            code="N2S",
            serial_prefix="039",
            family="a1",
            volume=(256.0, 256.0, 256.0),
            nozzle_max=300,
            bed_max=100,
            ams_kind="AMS lite",
            kinematics="i3",
            firmware="01.06.00.00",
            hw_module=("esp32", "N2S", "AP05"),
            idle_interval_s=15.0,
            max_clients=4,
            ftps_session_reuse=False,
        ),
        Model(
            name="A1 mini",
            code="N1",
            serial_prefix="030",
            family="a1",
            volume=(180.0, 180.0, 180.0),
            nozzle_max=300,
            bed_max=80,
            ams_kind="AMS lite",
            kinematics="i3",
            firmware="01.06.00.00",
            hw_module=("esp32", "N1", "AP05"),
            idle_interval_s=15.0,
            max_clients=4,
            ftps_session_reuse=False,
        ),
        Model(
            name="H2D",
            code="O1D",
            serial_prefix="094",
            family="np",
            volume=(350.0, 320.0, 325.0),
            nozzle_max=350,
            bed_max=120,
            chamber_max=65,
            chamber_sensor=True,
            nozzles=2,
            camera="rtsp",
            aux_fan=True,
            chamber_fan=True,
            ams_kind="AMS 2 Pro",
            firmware="01.02.00.00",
            hw_module=("rv1126", "O1D", "AP02"),
            msg_key=False,
            storage_dirs=_USB,
            nozzle_type="hardened_steel",
            idle_interval_s=5.0,
            compatible=frozenset({"O1E"}),
        ),
    )
}


PLAIN_MODELS: dict[str, Model] = {
    m.name: m
    for m in (
        Model(
            name="MK3S",
            code="MK3S",
            maker="Prusa",
            volume=(250.0, 210.0, 210.0),
            nozzle_max=305,
            bed_max=125,
            kinematics="i3",
            firmware="3.14.1-8237",
            nozzle_type="brass",
            storage_dirs=(),
        ),
        Model(
            name="MK4",
            code="MK4",
            maker="Prusa",
            volume=(250.0, 210.0, 220.0),
            nozzle_max=300,
            bed_max=120,
            kinematics="i3",
            firmware="6.1.3+8046",
            nozzle_type="brass",
            storage_dirs=(),
        ),
        Model(
            name="MINI",
            code="MINI",
            maker="Prusa",
            volume=(180.0, 180.0, 180.0),
            nozzle_max=290,
            bed_max=100,
            kinematics="i3",
            firmware="6.1.3+8046",
            nozzle_type="brass",
            storage_dirs=(),
        ),
        Model(
            name="XL",
            code="XL",
            maker="Prusa",
            volume=(360.0, 360.0, 360.0),
            nozzle_max=300,
            bed_max=120,
            nozzles=5,
            firmware="6.1.3+8046",
            nozzle_type="brass",
            storage_dirs=(),
        ),
        Model(
            name="Ender 3",
            code="ENDER3",
            maker="Creality",
            slicer="cura",
            volume=(220.0, 220.0, 250.0),
            nozzle_max=260,
            bed_max=110,
            kinematics="i3",
            firmware="Marlin 2.1.2.4",
            nozzle_type="brass",
            storage_dirs=(),
        ),
        Model(
            name="Voron 2.4",
            code="Voron 2.4 350",
            maker="Voron Design",
            slicer="orca",
            volume=(350.0, 350.0, 340.0),
            nozzle_max=300,
            bed_max=120,
            chamber_sensor=True,
            chamber_fan=True,
            firmware="v0.12.0-404",
            nozzle_type="hardened_steel",
            storage_dirs=(),
        ),
        Model(
            name="Voron 0.2",
            code="Voron 0.1",
            maker="Voron Design",
            slicer="orca",
            volume=(120.0, 120.0, 120.0),
            nozzle_max=300,
            bed_max=120,
            firmware="v0.12.0-404",
            nozzle_type="brass",
            storage_dirs=(),
        ),
    )
}
"""Other makes, by their builders' published volumes and their firmwares' usual limits."""


def model_named(name: str) -> Model:
    """The model called ``name`` ("P1S", "Voron 2.4"). Raises ValueError for others."""
    try:
        return MODELS[name] if name in MODELS else PLAIN_MODELS[name]
    except KeyError:
        known = ", ".join((*MODELS, *PLAIN_MODELS))
        raise ValueError(f"The simulator has no model {name!r}; it knows {known}") from None
