"""The models the simulator plays (bambu-lan A3.2, A9, B2.3, B6)."""

from __future__ import annotations

from simulator.model import Family, Model
from simulator.plain_models import PLAIN_MODELS

__all__ = ["MODELS", "PLAIN_MODELS", "Family", "Model", "model_named"]

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


def model_named(name: str) -> Model:
    """The model called ``name`` ("P1S", "Voron 2.4"). Raises ValueError for others."""
    try:
        return MODELS[name] if name in MODELS else PLAIN_MODELS[name]
    except KeyError:
        known = ", ".join((*MODELS, *PLAIN_MODELS))
        raise ValueError(f"The simulator has no model {name!r}; it knows {known}") from None
