"""What X1 (new firmware), P2S and H2 add: device, fun, stat, cfg, xcam … (bambu-lan B6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.ams import EXTERNAL, NONE
from simulator.bambu.reports import flags
from simulator.bambu.reports.common import nozzle_now, stage, temperature
from simulator.bambu.reports.spools import external, snow, vir_slot

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_UPGRADE = {
    "ahb_new_version_number": "",
    "ams_new_version_number": "",
    "consistency_request": False,
    "dis_state": 0,
    "err_code": 0,
    "ext_new_version_number": "",
    "force_upgrade": False,
    "idx": 0,
    "idx2": 0,
    "lower_limit": "00.00.00.00",
    "message": "0%, 0B/s",
    "module": "",
    "new_version_state": 2,
    "ota_new_version_number": "",
    "progress": "0",
    "sequence_id": 0,
    "sn": "",
    "status": "IDLE",
}
_UPLOAD = {
    "file_size": 0,
    "finish_size": 0,
    "message": "Good",
    "oss_url": "",
    "progress": 0,
    "sequence_id": "0903",
    "speed": 0,
    "status": "idle",
    "task_id": "",
    "time_remaining": 0,
    "trouble_id": "",
}
_STATE_NUMBERS = {"IDLE": 0, "PREPARE": 1, "RUNNING": 2, "PAUSE": 3, "FINISH": 4, "FAILED": 5}


def packed(actual: float, target: float) -> int:
    """target << 16 | current, whole °C (A4.2)."""
    return round(target) << 16 | max(0, round(actual))


def _chamber(machine: BambuMachine) -> float:
    return 5.0 if machine.knobs.chamber_stuck_at_5 else machine.heat.chamber.actual


def newer_part(machine: BambuMachine) -> dict[str, Any]:
    """All keys beyond the common ones; X1C, X1E, P2S and H2D differ in a few."""
    job, health, model = machine.job, machine.health, machine.model
    keys: dict[str, Any] = {
        **_job_numbers(machine),
        "aux": flags.aux(machine),
        "cfg": flags.cfg(machine),
        "fun": flags.fun(machine),
        "stat": flags.stat(machine),
        "ver": "20000",
        "aux_part_fan": model.aux_fan,
        "care": [{"id": "lr", "info": "19"}, {"id": "cr", "info": "28"}],
        "device": _device(machine),
        "fail_reason": str(health.fail_reason),
        "mc_print_error_code": str(health.mc_code),
        "info": {"temp": packed(_chamber(machine), machine.heat.chamber.target)},
        "ipcam": _ipcam(machine),
        "job": {"cur_stage": {"idx": 0, "state": _STATE_NUMBERS.get(job.gcode_state, 0)}},
        "mapping": [snow(i) if i >= 0 else 0xFFFF for i in job.mapping],
        "online": {"ahb": False, "ext": False, "version": 7},
        "t_utc": machine.wall_time * 1000,
        "upgrade_state": _UPGRADE,
        "upload": _UPLOAD,
        "vir_slot": vir_slot(machine),
        "xcam": _xcam(machine),
        "xcam_status": "0",
    }
    if model.chamber_key:
        keys["chamber_temper"] = temperature(_chamber(machine))
    if model.family == "np":
        keys["3D"] = {"layer_num": job.layer, "total_layer_num": job.layers}
    if model.name == "P2S":
        keys |= {"fun2": "0", "lan_task_id": "0", "stg_cd": 0}
    if model.nozzles == 2:
        keys |= {"2D": {"bs": {}}, "ctt": round(machine.heat.chamber.target), "maintain": 0}
        keys["vt_tray"] = external(machine, EXTERNAL, "255")
    elif model.family == "x1":
        keys["vt_tray"] = external(machine, EXTERNAL, "254")
    return keys


def _job_numbers(machine: BambuMachine) -> dict[str, Any]:
    job = machine.job
    return {
        "ap_err": 0,
        "batch_id": 0,
        "canvas_id": 0,
        "design_id": "",
        "err": str(machine.health.print_error),
        "file": job.file,
        "gcode_start_time": str(job.started_at),
        "job_attr": 0,
        "job_id": job.ids["task_id"],
        "mc_action": 0,
        "mc_err": 0,
        "mc_print_line_number": str(job.line),
        "mc_stage": stage(machine),
        "model_id": "",
        "percent": job.percent,
        "plate_cnt": 1,
        "plate_id": job.plate,
        "plate_idx": job.plate,
        "prepare_per": job.prepare_percent,
        "print_gcode_action": 0,
        "print_real_action": 0,
        "queue": 0,
        "remain_time": job.minutes,
        "state": _STATE_NUMBERS.get(job.gcode_state, 0),
    }


def _extruders(machine: BambuMachine) -> dict[str, Any]:
    ams, nozzles = machine.ams, machine.heat.nozzles
    count, active = len(nozzles), min(ams.extruder, len(nozzles) - 1)
    info = []
    for i, nozzle in enumerate(nozzles):
        mine = i == active
        now = ams.now if mine else NONE
        loaded = 0b0110 if now != NONE else 0
        info.append(
            {
                "id": i,
                "temp": packed(nozzle_now(machine, i), nozzle.target),
                "snow": snow(now),
                "spre": snow(ams.pre if mine else NONE),
                "star": snow(ams.tar if mine else NONE),
                "hnow": i,
                "hpre": i,
                "htar": i,
                "info": 0b1000 | loaded,
                "stat": ams.status if mine else 0,
                "filam_bak": [],
            }
        )
    return {"state": count | active << 4 | active << 8, "info": info}


def _device(machine: BambuMachine) -> dict[str, Any]:
    heat, model = machine.heat, machine.model
    bed = packed(heat.bed.actual, heat.bed.target)
    device: dict[str, Any] = {
        "type": 1,
        "bed": {"info": {"temp": bed}, "state": int(heat.bed.target > 0)},
        "bed_temp": bed,
        "cam": {"laser": {"cond": 0, "state": 0}},
        "ctc": {"info": {"temp": packed(_chamber(machine), heat.chamber.target)}, "state": 0},
        "ext_tool": {"mount": 0, "type": ""},
        "extruder": _extruders(machine),
        "fan": 0,
        "laser": {"power": 0},
        "nozzle": {"exist": (1 << model.nozzles) - 1, "state": 0, "info": _nozzles(machine)},
        "plate": {"base": 0, "cali2d_id": "", "cur_id": "", "mat": 1, "tar_id": ""},
    }
    if model.family == "np":
        device["airduct"] = _airduct(machine)
    if model.nozzles == 2:
        device["cham_temp"] = packed(_chamber(machine), heat.chamber.target)
    return device


def _nozzles(machine: BambuMachine) -> list[dict[str, Any]]:
    kind = {"hardened_steel": "HS01", "stainless_steel": "HS00"}
    type_ = kind.get(machine.options.nozzle_type, machine.options.nozzle_type)
    return [
        {"id": i, "diameter": machine.options.nozzle_diameter, "type": type_, "wear": 0, "tm": 0}
        for i in range(machine.model.nozzles)
    ]


def _airduct(machine: BambuMachine) -> dict[str, Any]:
    ends = 100 << 16
    parts = [
        {"id": part, "func": n, "state": round(machine.fans[n]), "range": ends}
        for n, part in ((1, 16), (2, 32), (3, 48))
    ]
    return {
        "modeCur": machine.options.airduct_mode,
        "modeFunc": 0,
        "subMode": -1,
        "modeList": [{"modeId": 0, "ctrl": [16, 32, 48]}, {"modeId": 1, "ctrl": [16]}],
        "parts": parts,
    }


def _ipcam(machine: BambuMachine) -> dict[str, Any]:
    options = machine.options
    live = "rtsps://127.0.0.1:322/streaming/live/1"
    keys: dict[str, Any] = {
        "agora_service": "disable",
        "brtc_service": "disable",
        "bs_state": 0,
        "ipcam_dev": "1",
        "ipcam_record": "enable" if options.recording else "disable",
        "laser_preview_res": 0,
        "mode_bits": 2,
        "resolution": options.resolution,
        "rtsp_url": live if machine.liveview else "disable",
        "timelapse": "enable" if options.timelapse else "disable",
        "tl_store_hpd_type": 2,
        "tl_store_path_type": 2,
        "tutk_server": "disable",
    }
    if machine.model.name == "P2S":
        keys["cap_pic_enable"] = False
    return keys


def _xcam(machine: BambuMachine) -> dict[str, Any]:
    options = machine.options
    return {
        **options.xcam,
        "halt_print_sensitivity": options.print_halt_sensitivity,
        "cfg": 0,
    }
