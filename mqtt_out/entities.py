"""What Home Assistant shows of a printer: one row per entity, keyed as in the state JSON.

Abbreviated keys and the traps of each platform: alerts 4 (a sensor with options has no unit, a
temperature is in °C, a timestamp has no unit, an unknown key on the device's level loses it whole).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from alerts.model import TRAITS, Kind
from mqtt_out.topics import ORDERS, Topics, slug
from mqtt_out.words import PRINT_STATES
from printers.display import STATES

Json = dict[str, Any]
Row = tuple[str, str, Json]
"""Key of the state JSON, name for people, what else the component says."""

_C: Json = {"dev_cla": "temperature", "unit_of_meas": "°C", "stat_cla": "measurement"}
_PERCENT: Json = {"unit_of_meas": "%", "stat_cla": "measurement"}
_ENUM: Json = {"dev_cla": "enum"}
_DIAGNOSTIC: Json = {"ent_cat": "diagnostic"}

SENSORS: tuple[Row, ...] = (
    ("print_status", "Print status", {**_ENUM, "ops": list(PRINT_STATES), "ic": "mdi:printer-3d"}),
    ("state", "State", {**_ENUM, "ops": list(STATES), "ic": "mdi:state-machine"}),
    ("print_progress", "Print progress", {**_PERCENT, "ic": "mdi:progress-clock"}),
    ("stage", "Stage", {"ic": "mdi:file-tree"}),
    ("attention", "Attention", {"ic": "mdi:account-alert"}),
    ("remaining_time", "Remaining time", {"dev_cla": "duration", "unit_of_meas": "min"}),
    ("start_time", "Start time", {"dev_cla": "timestamp"}),
    ("end_time", "End time", {"dev_cla": "timestamp"}),
    ("current_layer", "Current layer", {"ic": "mdi:layers"}),
    ("total_layers", "Total layers", {"ic": "mdi:layers-triple"}),
    ("subtask_name", "Task", {"ic": "mdi:file"}),
    ("gcode_file", "G-code file", {"ic": "mdi:file", "en": False}),
    ("next_job", "Next job", {"ic": "mdi:tray-full"}),
    ("fault_text", "Fault", {"ic": "mdi:alert-circle", **_DIAGNOSTIC}),
    ("nozzle_temp", "Nozzle temperature", _C),
    ("target_nozzle_temp", "Nozzle target", _C),
    ("nozzle2_temp", "Left nozzle temperature", _C),
    ("target_nozzle2_temp", "Left nozzle target", _C),
    ("bed_temp", "Bed temperature", _C),
    ("target_bed_temp", "Bed target", _C),
    ("chamber_temp", "Chamber temperature", _C),
    ("target_chamber_temp", "Chamber target", _C),
    ("cooling_fan_speed", "Cooling fan", {**_PERCENT, "ic": "mdi:fan"}),
    ("aux_fan_speed", "Aux fan", {**_PERCENT, "ic": "mdi:fan"}),
    ("chamber_fan_speed", "Chamber fan", {**_PERCENT, "ic": "mdi:fan"}),
    ("heatbreak_fan_speed", "Heatbreak fan", {**_PERCENT, "ic": "mdi:fan", "en": False}),
    ("speed_profile", "Speed profile", {"ic": "mdi:speedometer"}),
    ("speed_percent", "Speed", {**_PERCENT, "ic": "mdi:speedometer"}),
    ("nozzle_diameter", "Nozzle diameter", {"unit_of_meas": "mm", **_DIAGNOSTIC}),
    ("wifi_signal", "Wi-Fi signal", {
        "dev_cla": "signal_strength", "unit_of_meas": "dBm", "stat_cla": "measurement",
        **_DIAGNOSTIC,
    }),
    ("defect_score", "Defect score", {**_PERCENT, "ic": "mdi:image-search"}),
)  # fmt: skip
BINARY: tuple[Row, ...] = (
    ("online", "Online", {"dev_cla": "connectivity", **_DIAGNOSTIC}),
    ("awaiting_plate_clear", "Awaiting plate clear", {"ic": "mdi:tray-alert"}),
    ("needs_attention", "Needs attention", {"dev_cla": "problem"}),
    ("hms", "HMS", {"dev_cla": "problem"}),
    ("print_error", "Print error", {"dev_cla": "problem"}),
    ("maintenance", "Maintenance", {"ic": "mdi:wrench"}),
    ("door_open", "Door", {"dev_cla": "door"}),
    ("defect", "Defect", {"dev_cla": "problem"}),
)
FARM: tuple[Row, ...] = (
    ("printers", "Printers", {"ic": "mdi:printer-3d"}),
    ("online", "Printers online", {"stat_cla": "measurement"}),
    ("printing", "Printers at work", {"stat_cla": "measurement"}),
    ("ready", "Printers ready", {"stat_cla": "measurement"}),
    ("awaiting_plate_clear", "Beds to clear", {"stat_cla": "measurement"}),
    ("needs_attention", "Printers that need someone", {"stat_cla": "measurement"}),
    ("queue_length", "Queue length", {"stat_cla": "measurement", "ic": "mdi:tray-full"}),
    ("all_done_at", "All done at", {"dev_cla": "timestamp"}),
    ("trouble", "Trouble", {"ic": "mdi:alert", **_DIAGNOSTIC}),
)
ALWAYS = frozenset(
    {
        "print_status", "state", "online", "awaiting_plate_clear", "needs_attention", "attention",
        "maintenance", "next_job", "end_time", "start_time",
    }
)  # fmt: skip
"""Told also while the printer is away: these depend on the farm's own availability only."""

FROM_THE_START = ALWAYS | {
    "print_progress", "stage", "remaining_time", "current_layer", "total_layers", "subtask_name",
    "gcode_file", "fault_text", "hms", "print_error",
}  # fmt: skip
"""Keys that every printer has sooner or later; the others count once they had a value."""

_BUTTONS = {
    "pause": ("Pause", "mdi:pause"),
    "resume": ("Resume", "mdi:play"),
    "stop": ("Stop", "mdi:stop"),
    "mark_clear": ("Plate is clear", "mdi:tray-plus"),
}
TRIGGERS: Mapping[str, str] = {
    "event_print_started": Kind.STARTED,
    "event_print_finished": Kind.FINISHED,
    "event_print_canceled": Kind.CANCELLED,
    "event_print_failed": Kind.FAILED,
    "event_print_paused": Kind.PAUSED,
    "event_print_error": Kind.FAULT,
    "event_print_error_cleared": f"{Kind.FAULT}_over",
}
"""Device triggers as ha-bambulab calls them, and the event type each waits for."""


def event_types() -> list[str]:
    """Every ``event_type`` that can come: a kind, and "<kind>_over" where it can be over."""
    over = [f"{kind}_over" for kind, trait in TRAITS.items() if trait.incident]
    return [*(kind.value for kind in Kind), *over]


class Components:
    """The components of one device, as its discovery payload lists them."""

    def __init__(self, topics: Topics, printer_id: str) -> None:
        self._topics, self._id = topics, printer_id
        self._node = topics.node(printer_id)
        self._slug = slug(printer_id) if printer_id else slug(topics.prefix)
        self.by_key: dict[str, Json] = {}

    def add(self, key: str, platform: str, name: str, more: Json) -> None:
        self.by_key[key] = {
            "p": platform,
            "uniq_id": f"{self._node}_{key}",
            "def_ent_id": f"{platform}.{self._slug}_{key}",
            "name": name,
            **more,
        }

    def value(self, key: str, platform: str, name: str, more: Json) -> None:
        """An entity that shows one key of the state JSON."""
        template = f"{{{{ value_json.{key} }}}}"
        if platform == "binary_sensor":
            template = f"{{{{ {{true: 'ON', false: 'OFF'}}.get(value_json.{key}) }}}}"
        far = {"avty": [{"t": self._topics.status}]} if self._id and key in ALWAYS else {}
        self.add(key, platform, name, {"val_tpl": template, **far, **more})

    def trigger(self, kind: str, event_type: str) -> None:
        self.by_key[kind] = {
            "p": "device_automation",
            "atype": "trigger",
            "type": kind,
            "stype": "print",
            "t": self._topics.event(self._id),
            "val_tpl": "{{ value_json.event_type }}",
            "pl": event_type,
        }

    def button(self, name: str) -> None:
        """Grey in Home Assistant where the farm's gate would refuse."""
        title, icon = _BUTTONS[name]
        can = f"{{{{ 'online' if value_json.can.{name} else 'offline' }}}}"
        avty = [
            {"t": self._topics.status},
            {"t": self._topics.state(self._id), "val_tpl": can},
        ]
        topic = self._topics.order(self._id, name)
        self.add(name, "button", title, {"cmd_t": topic, "ic": icon, "avty": avty})


def of_printer(
    topics: Topics, printer_id: str, keys: Collection[str], *, commands: bool, pictures: bool
) -> dict[str, Json]:
    """``keys``: those its state has ever had; what it cannot tell has no entity."""
    made = Components(topics, printer_id)
    for platform, rows in (("sensor", SENSORS), ("binary_sensor", BINARY)):
        for key, name, more in rows:
            if key in keys:
                made.value(key, platform, name, more)
    for key, platform, name, more in _filament(keys):
        made.value(key, platform, name, more)
    if "active_tray" in keys:
        made.value("active_tray", "sensor", "Active tray", _tray_facts(topics, printer_id))
    _events(made, topics, printer_id)
    for kind, event_type in TRIGGERS.items():
        made.trigger(kind, event_type)
    if pictures:
        image = topics.image(printer_id)
        made.add("camera", "camera", "Camera", {"t": image})
        made.add("picture", "image", "Picture", _picture(topics, printer_id, image))
    for name in ORDERS if commands else ():
        made.button(name)
    return made.by_key


def of_farm(topics: Topics) -> dict[str, Json]:
    made = Components(topics, "")
    for key, name, more in FARM:
        made.value(key, "sensor", name, more)
    _events(made, topics, "")
    return made.by_key


def _events(made: Components, topics: Topics, printer_id: str) -> None:
    more: Json = {"stat_t": topics.event(printer_id), "evt_typ": event_types()}
    made.add("event", "event", "Event", more)


def _picture(topics: Topics, printer_id: str, image: str) -> Json:
    """Off by default: each picture is a row in the recorder, and the camera shows the same."""
    return {
        "img_t": image, "cont_type": "image/jpeg", "en": False,
        "json_attr_t": topics.state(printer_id),
        "json_attr_tpl": "{{ {'taken_at': value_json.picture_at} | tojson }}",
    }  # fmt: skip


def _tray_facts(topics: Topics, printer_id: str) -> Json:
    return {
        "ic": "mdi:printer-3d-nozzle", "json_attr_t": topics.state(printer_id),
        "json_attr_tpl":
            "{{ ((value_json.trays or {}).get(value_json.active_tray) or {}) | tojson }}",
    }  # fmt: skip


def _filament(keys: Collection[str]) -> Iterator[tuple[str, str, str, Json]]:
    """Key, platform, name, rest of what changers and external spools tell."""
    for key in sorted(keys):
        if not key.startswith(("ams_", "external_spool")):
            continue
        name = key.replace("ams_", "AMS ").replace("_", " ").replace("temp", "temperature")
        if key.endswith("_humidity"):
            yield key, "sensor", name, {**_PERCENT, "dev_cla": "humidity"}
        elif key.endswith("_humidity_level"):
            yield key, "sensor", name, {"ic": "mdi:water-percent"}
        elif key.endswith("_temp"):
            yield key, "sensor", name, _C
        elif key.endswith("_drying"):
            yield key, "binary_sensor", name, {}
        else:
            yield key, "sensor", name[:1].upper() + name[1:], {"ic": "mdi:printer-3d-nozzle"}
