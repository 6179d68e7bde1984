"""Discovery payloads by Home Assistant's rules: the hand-written ones always, its own validators
where HOME_ASSISTANT_PYTHON names a Python that has its wheel (docs/mqtt.md says how)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from alerts.model import Event, Kind
from mqtt_out.bands import Json
from mqtt_out.discovery import Discovery, platforms, with_gone
from mqtt_out.entities import ALWAYS, FROM_THE_START, TRIGGERS, event_types
from mqtt_out.events import body
from mqtt_out.state import state_of
from mqtt_out.topics import ORDERS, Topics
from printers.status import PrinterState, PrinterStatus
from tests.mqtt_out import samples
from tests.mqtt_out.home_assistant_rules import violations

TOPICS = Topics("farm", "homeassistant")
SCRIPT = Path(__file__).with_name("home_assistant_validators.py")
EVENT = Event(kind=Kind.FINISHED, at=1_800_000_000.0, text="Alder has finished.", run="j-7")


def state(status: PrinterStatus) -> Json:
    config = samples.config(status.printer_id)
    return state_of(
        samples.snapshot(status), config, samples.NoFacts(), time.monotonic(), time.time()
    )


def case(status: PrinterStatus, topics: Topics = TOPICS, **settings: bool) -> Json:
    discovery = Discovery(topics, version="1.2", **{"commands": True, "pictures": True, **settings})
    told = state(status)
    keys = {key for key, value in told.items() if value is not None} | FROM_THE_START
    payload = discovery.printer(told, status.kind, status.machine.firmware, keys)
    topic = topics.config(status.printer_id)
    return {"topic": topic, "payload": payload, "state": told, "event": body(EVENT)}


def farm_case(topics: Topics = TOPICS) -> Json:
    payload = Discovery(topics, version="1.2", commands=True, pictures=True).farm()
    told = dict.fromkeys(payload["cmps"], None)
    return {"topic": topics.config(), "payload": payload, "state": told, "event": body(EVENT)}


CASES = [
    case(samples.rich()),
    case(samples.rich("mk3.9 ".strip(), PrinterState.PAUSED)),
    case(samples.plain()),
    case(samples.plain("X-1_c", PrinterState.OFFLINE), commands=False, pictures=False),
    case(samples.rich("b.1"), Topics("site-a/hall.2", "homeassistant")),
    farm_case(),
]


@pytest.mark.parametrize("one", CASES, ids=lambda one: one["topic"])
def test_home_assistant_takes_every_payload(one: Json) -> None:
    assert violations(one["topic"], one["payload"]) == []


@pytest.mark.parametrize("one", CASES, ids=lambda one: one["topic"])
def test_every_template_reads_a_key_that_the_state_has(one: Json) -> None:
    """Home Assistant warns of every other one, with every message."""
    for key, part in one["payload"]["cmps"].items():
        if part["p"] == "device_automation":
            continue
        texts = [part.get("val_tpl", ""), part.get("json_attr_tpl", "")]
        texts += [entry.get("val_tpl", "") for entry in part.get("avty", ())]
        for name in re.findall(r"value_json\.(\w+)", " ".join(texts)):
            assert name in one["state"], f"{key} reads {name}"


def test_the_rules_see_what_home_assistant_would_drop() -> None:
    """The check itself: each of these was refused or ignored by the real validators (alerts 4)."""
    good = case(samples.rich())["payload"]

    def broken(**more: Any) -> list[str]:
        return violations(TOPICS.config("alder"), {**good, **more})

    def part(key: str, **more: Any) -> list[str]:
        return broken(cmps={**good["cmps"], key: {**good["cmps"][key], **more}})

    assert violations("homeassistant/device/a.b/config", good)
    assert broken(extra=1) and broken(dev={"name": "x"}) and broken(o={})
    assert broken(dev={**good["dev"], "serial": "x"})
    assert part("bed_temp", unit_of_meas="degC") and part("bed_temp", uniq_id="")
    assert part("print_status", unit_of_meas="x") and part("print_status", ops=[])
    assert part("camera", t="") and part("picture", url_t="x") and part("stop", cmd_t="")
    assert part("event", evt_typ=[]) and part("event_print_failed", stype="", atype="")
    assert part("bed_temp", def_ent_id="sensor.A-b")


def test_names_are_those_that_automations_for_these_printers_use() -> None:
    """alerts 4.1: ha-bambulab's, and ours on top."""
    parts = case(samples.rich())["payload"]["cmps"]
    for key in (
        "print_status", "print_progress", "stage", "remaining_time", "start_time", "end_time",
        "current_layer", "total_layers", "subtask_name", "gcode_file", "nozzle_temp",
        "target_nozzle_temp", "bed_temp", "target_bed_temp", "chamber_temp", "cooling_fan_speed",
        "aux_fan_speed", "chamber_fan_speed", "speed_profile", "wifi_signal", "active_tray",
        "nozzle_diameter", "external_spool", "online", "hms", "print_error", "door_open",
        "awaiting_plate_clear", "next_job", "attention", "defect", "defect_score",
        "ams_1_humidity", "ams_1_temp", "ams_1_tray_1", "ams_1_drying",
    ):  # fmt: skip
        assert key in parts, key
        assert parts[key]["def_ent_id"].split(".")[1] == f"alder_{key}"
    assert set(ORDERS) <= parts.keys() and set(TRIGGERS) <= parts.keys()


def test_a_printer_has_no_entity_for_what_it_never_tells() -> None:
    parts = case(samples.plain())["payload"]["cmps"]
    assert {"bed_temp", "print_status", "hms"} <= parts.keys()
    assert not {"chamber_temp", "wifi_signal", "ams_1_humidity", "door_open", "defect"} & set(parts)


def test_what_is_true_without_the_printer_is_told_without_it() -> None:
    parts = case(samples.rich())["payload"]["cmps"]
    for key in ALWAYS:
        assert parts[key]["avty"] == [{"t": "farm/status"}], key
    assert "avty" not in parts["bed_temp"]


def test_every_event_has_a_declared_type() -> None:
    """Home Assistant warns of any other one and drops it."""
    declared = case(samples.rich())["payload"]["cmps"]["event"]["evt_typ"]
    for kind in Kind:
        assert body(Event(kind=kind, at=1.0, text="x"))["event_type"] in declared
    over = body(Event(kind=Kind.FAULT, at=1.0, text="x", ends=True))["event_type"]
    assert over == "fault_over" and over in declared
    assert set(TRIGGERS.values()) <= set(event_types())


def test_two_printers_never_share_an_id() -> None:
    ids = ["a.b", "a_b", "a-b", "A_b", "a.B"]
    assert len({TOPICS.config(one) for one in ids}) == len(ids)
    assert TOPICS.config("farm") != TOPICS.config()


def test_what_a_device_had_is_taken_away_by_name() -> None:
    with_buttons = case(samples.plain())["payload"]
    without = case(samples.plain(), commands=False)["payload"]
    both = with_gone(without, platforms(with_buttons))
    assert both["cmps"]["stop"] == {"p": "button"}
    assert "cmd_t" not in json.dumps(both)
    assert violations(TOPICS.config("oak"), both) == []
    assert platforms(both) == platforms(without)


def test_home_assistants_own_validators_take_every_payload() -> None:
    python = os.environ.get("HOME_ASSISTANT_PYTHON", "")
    if not python:
        pytest.skip("HOME_ASSISTANT_PYTHON is not set (docs/mqtt.md); the hand-written rules ran")
    done = subprocess.run(
        [python, str(SCRIPT)], input=json.dumps(CASES), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["problems"] == [], told
    assert told["devices"] == len(CASES)
    assert told["components"] == sum(len(one["payload"]["cmps"]) for one in CASES)
