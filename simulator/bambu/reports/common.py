"""The keys every model sends (first line of the inventory in bambu-lan B6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.bambu.reports.flags import home_flag
from simulator.bambu.reports.spools import ams
from simulator.state import SPEEDS

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_LOOPBACK = 0x0100007F  # 127.0.0.1, little-endian, as net.info carries addresses


def idle_stage(machine: BambuMachine) -> int:
    """-1 on X1 and newer, 255 on P1 and A1."""
    return -1 if machine.model.np else 255


def stage(machine: BambuMachine) -> int:
    """stg_cur: the job's stage, or what the AMS is doing."""
    if machine.job.stage is not None:
        return machine.job.stage
    change = machine.ams.change
    if change is not None:
        return 22 if change.unload_left > 0 else 24
    return 0 if machine.job.gcode_state == "RUNNING" else idle_stage(machine)


def temperature(value: float) -> float:
    """As the sensors give it: steps of 1/32 °C."""
    return round(value * 32) / 32


def nozzle_now(machine: BambuMachine, index: int = 0) -> float:
    """With a little noise when hot."""
    nozzle = machine.heat.nozzles[index]
    return nozzle.actual + (machine.jitter if nozzle.actual > 60 else 0.0)


def _sixteenths(percent: float) -> str:
    return str(round(percent * 15 / 100))


def fan_gear(machine: BambuMachine) -> int:
    """chamber << 16 | aux << 8 | part, each 0–255."""
    part, aux, chamber = (round(machine.fans[n] * 2.55) for n in (1, 2, 3))
    return chamber << 16 | aux << 8 | part


def has_filament(machine: BambuMachine) -> bool:
    """The sensor in the head."""
    air = machine.run is not None and machine.run.air
    return machine.filament_sensor and not air and machine.ams.loaded is not None


def job_part(machine: BambuMachine) -> dict[str, Any]:
    """Everything about the job."""
    job = machine.job
    return {
        "gcode_state": job.gcode_state,
        "gcode_file": _gcode_file(machine),
        "gcode_file_prepare_percent": str(job.prepare_percent),
        "subtask_name": job.subtask_name,
        **job.ids,
        "print_type": job.print_type,
        "mc_percent": job.percent,
        "mc_remaining_time": job.minutes,
        "mc_print_stage": "2" if job.busy else "1",
        "mc_print_sub_stage": 0,
        "layer_num": job.layer,
        "total_layer_num": job.layers,
        "stg": list(job.stages),
        "stg_cur": stage(machine),
        "spd_lvl": job.speed_level,
        "spd_mag": SPEEDS[job.speed_level],
        "s_obj": list(job.skipped),
        "print_error": machine.health.print_error,
        "hms": machine.health.hms,
        "queue_est": 0,
        "queue_number": 0,
        "queue_sts": 0,
        "queue_total": 0,
    }


def _gcode_file(machine: BambuMachine) -> str:
    job = machine.job
    if not job.file:
        return ""
    if machine.model.np:
        return f"/data/Metadata/plate_{job.plate}.gcode"
    return job.file


def heat_part(machine: BambuMachine) -> dict[str, Any]:
    """Temperatures and fans in the old keys, which every sample still carries."""
    heat = machine.heat
    active = min(machine.ams.extruder, len(heat.nozzles) - 1)
    hot = any(n.actual > 50 or n.target > 0 for n in heat.nozzles)
    return {
        "nozzle_temper": temperature(nozzle_now(machine, active)),
        "nozzle_target_temper": heat.nozzles[active].target,
        "bed_temper": temperature(heat.bed.actual),
        "bed_target_temper": heat.bed.target,
        "cooling_fan_speed": _sixteenths(machine.fans[1]),
        "big_fan1_speed": _sixteenths(machine.fans[2]),
        "big_fan2_speed": _sixteenths(machine.fans[3]),
        "heatbreak_fan_speed": "15" if hot else "0",
        "fan_gear": fan_gear(machine),
    }


def machine_part(machine: BambuMachine, *, hide_sd: bool) -> dict[str, Any]:
    """The rest of what every model sends."""
    options = machine.options
    rssi = machine.knobs.wifi_rssi or round(machine.wifi)
    return {
        "command": "push_status",
        "ams": ams(machine),
        "ams_status": machine.ams.status,
        "ams_rfid_status": 2 if machine.ams.reading else 0,
        "cali_version": 0,
        "force_upgrade": False,
        "home_flag": home_flag(machine, hide_sd=hide_sd),
        "hw_switch_state": int(has_filament(machine)),
        "lights_report": [{"node": n, "mode": m} for n, m in _lights(machine)],
        "net": {"conf": 0, "info": [{"ip": _LOOPBACK, "mask": 0x00FFFFFF}]},
        "nozzle_diameter": f"{options.nozzle_diameter:g}",
        "nozzle_type": options.nozzle_type,
        "sdcard": not machine.knobs.sd_missing,
        "wifi_signal": f"{rssi}dBm",
    }


def _lights(machine: BambuMachine) -> list[tuple[str, str]]:
    if machine.model.np:
        return list(machine.lights.items())
    return [("chamber_light", machine.lights["chamber_light"])]
