"""What is written in the printer.cfg of each model: its objects and their limits."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.models import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class KlipperConfig:
    """Lengths in mm, temperatures in °C. ``chamber``: "heater", "sensor" or ""."""

    volume: tuple[float, float, float]
    nozzle_max: float
    bed_max: float
    chamber: str = ""
    chamber_max: float = 70.0
    toolhead_sensor: bool = False
    exhaust: bool = False
    light: bool = False
    runout_sensor: bool = False
    min_extrude_c: float = 170.0
    max_extrude_mm: float = 500.0

    @property
    def sensors(self) -> tuple[str, ...]:
        """Objects with a temperature, in Klippy's order."""
        chamber = {
            "heater": ("heater_generic chamber",),
            "sensor": ("temperature_sensor chamber",),
        }.get(self.chamber, ())
        toolhead = ("temperature_sensor toolhead",) if self.toolhead_sensor else ()
        return ("heater_bed", *chamber, *toolhead, "extruder")

    @property
    def heaters(self) -> tuple[str, ...]:
        """Those of the sensors that heat."""
        return tuple(n for n in self.sensors if not n.startswith("temperature_sensor"))

    @property
    def objects(self) -> tuple[str, ...]:
        """All objects, in the order of /printer/objects/list."""
        first = ("gcode", "webhooks", "configfile", "mcu", "heaters", "heater_bed", "fan")
        own = [
            "pause_resume",
            *(("filament_switch_sensor runout",) if self.runout_sensor else ()),
            *self.sensors[1:-1],
            *(("fan_generic exhaust",) if self.exhaust else ()),
            *(("output_pin caselight",) if self.light else ()),
        ]
        last = (
            "gcode_move",
            "print_stats",
            "virtual_sdcard",
            "telemetry",
            "display_status",
            "exclude_object",
            "gcode_macro CANCEL_PRINT",
            "stepper_enable",
            "motion_report",
            "query_endstops",
            "idle_timeout",
            "system_stats",
            "manual_probe",
            "toolhead",
            "extruder",
        )
        return (*first, *own, *last)


def config_of(model: Model) -> KlipperConfig:
    """The printer.cfg of a model: a Voron 2.4 has everything, an Ender 3 next to nothing."""
    voron = model.name.startswith("Voron")
    big = model.name == "Voron 2.4"
    return KlipperConfig(
        volume=model.volume,
        nozzle_max=float(model.nozzle_max),
        bed_max=float(model.bed_max),
        chamber="heater" if big else "sensor" if voron else "",
        toolhead_sensor=big,
        exhaust=voron,
        light=voron,
        runout_sensor=model.name != "Voron 0.2",
    )
