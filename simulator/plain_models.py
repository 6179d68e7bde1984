"""The models of other makes than Bambu Lab."""

from __future__ import annotations

from simulator.model import Model

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
