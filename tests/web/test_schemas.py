"""Bodies exactly as api.md names them; everything else is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import BadRequest, FarmError, Unusable
from printers import commands as c
from web.fields import Fields
from web.schemas import form_fields, read_command, read_start

GOOD: list[tuple[str, dict[str, Any], c.Command]] = [
    ("pause", {}, c.Pause()),
    ("resume", {}, c.Resume()),
    ("stop", {}, c.Stop()),
    ("home", {}, c.Home()),
    ("home", {"axes": ["x", "y", "z"]}, c.Home(axes=("x", "y", "z"))),
    ("jog", {"x": 10, "z": -0.5, "speed_mm_min": 900}, c.Jog(x=10, z=-0.5, speed_mm_min=900)),
    ("temperature", {"heater": "bed", "target": 60}, c.SetTemperature(heater="bed", target=60)),
    ("cooldown", {}, c.CoolDown()),
    ("fan", {"fan": "aux", "percent": 40}, c.SetFan(fan="aux", percent=40)),
    ("light", {"on": False}, c.SetLight(on=False)),
    ("speed", {"level": 3}, c.SetSpeed(level=3)),
    ("speed", {"percent": 120}, c.SetSpeed(percent=120)),
    ("extrude", {"mm": -5}, c.Extrude(mm=-5)),
    ("load", {"slot": "A1"}, c.LoadFilament(slot="A1")),
    ("unload", {}, c.UnloadFilament()),
    ("unload", {"slot": "Ext"}, c.UnloadFilament(slot="Ext")),
    ("tray", {"slot": "B2"}, c.SelectTray(slot="B2")),
    ("gcode", {"line": " G28 "}, c.SendGcode(line="G28")),
    ("clear-fault", {}, c.ClearFault()),
    ("skip-objects", {"ids": [3, 3, 9]}, c.SkipObjects(ids=(3, 9))),
    ("skip-objects", {"ids": [3, 9.0]}, c.SkipObjects(ids=(3, 9))),
    ("calibrate", {"kinds": ["bed_level"]}, c.Calibrate(kinds=("bed_level",))),
    ("emergency-stop", {}, c.EmergencyStop()),
    ("reconnect", {}, c.Reconnect()),
    ("trust", {"sha256": "AB:" * 31 + "AB"}, c.TrustCertificate(sha256="ab" * 32)),
]


@pytest.mark.parametrize(("action", "body", "command"), GOOD)
def test_bodies_become_commands(action: str, body: dict[str, Any], command: c.Command) -> None:
    assert read_command(action, Fields(body)) == command


@pytest.mark.parametrize(("action", "body", "command"), GOOD)
def test_unknown_fields_are_named(action: str, body: dict[str, Any], command: c.Command) -> None:
    with pytest.raises(BadRequest, match="'oops'"):
        read_command(action, Fields({**body, "oops": 1}))


@pytest.mark.parametrize(
    ("action", "body", "kind"),
    [
        ("jog", {}, BadRequest),
        ("jog", {"x": "1"}, BadRequest),
        ("jog", {"x": True}, BadRequest),
        ("jog", {"x": 1e9}, Unusable),
        ("home", {"axes": ["e"]}, Unusable),
        ("home", {"axes": "xyz"}, BadRequest),
        ("home", {"axes": [["x"]]}, BadRequest),
        ("temperature", {"heater": "bed"}, BadRequest),
        ("temperature", {"heater": "o" * 65, "target": 1}, Unusable),
        ("temperature", {"heater": "bed", "target": 60.5}, BadRequest),
        ("temperature", {"heater": "bed", "target": -1}, Unusable),
        ("temperature", {"heater": "bed", "target": 9999}, Unusable),
        ("fan", {"fan": "part", "percent": 101}, Unusable),
        ("light", {"on": 1}, BadRequest),
        ("light", {}, BadRequest),
        ("speed", {}, BadRequest),
        ("speed", {"level": 2, "percent": 100}, BadRequest),
        ("speed", {"level": 5}, Unusable),
        ("extrude", {"mm": 0}, BadRequest),
        ("gcode", {"line": "G28\nM104 S300"}, BadRequest),
        ("gcode", {"line": "G28\x85M104"}, BadRequest),
        ("gcode", {"line": "G" * 201}, Unusable),
        ("skip-objects", {"ids": []}, BadRequest),
        ("skip-objects", {"ids": [True]}, BadRequest),
        ("skip-objects", {"ids": [1.5]}, BadRequest),
        ("skip-objects", {"ids": [-1]}, Unusable),
        ("calibrate", {"kinds": ["soul"]}, Unusable),
        ("trust", {"sha256": "12"}, Unusable),
    ],
)
def test_bad_values_are_refused(action: str, body: dict[str, Any], kind: type[FarmError]) -> None:
    with pytest.raises(kind):
        read_command(action, Fields(body))


def test_there_is_no_start_command() -> None:
    assert read_command("start", Fields({"remote_name": "x", "token": 1})) is None


def test_start_from_json() -> None:
    wanted = read_start(
        Fields(
            {
                "file_id": "abc",
                "plate": 2,
                "ams_mapping": [0, -1],
                "options": {"timelapse": True},
                "confirm": ["unknown_model"],
            }
        )
    )
    assert (wanted.file_id, wanted.plate, wanted.ams_mapping) == ("abc", 2, (0, -1))
    assert wanted.options == {"timelapse": True}
    assert set(wanted.confirm) == {"unknown_model"}
    assert read_start(Fields({"file_id": "abc", "ams_mapping": None})).ams_mapping is None
    for bad in ({"plate": 0}, {"options": {"warp": True}}, {"ams_mapping": [-2]}, {"confirm": [1]}):
        with pytest.raises((BadRequest, Unusable)):
            read_start(Fields({"file_id": "abc", **bad}))


def test_start_from_a_form() -> None:
    form = {"plate": "3", "ams_mapping": "[1,-1]", "timelapse": "true", "confirm": "true"}
    wanted = read_start(form_fields(form), "f1")
    assert (wanted.plate, wanted.ams_mapping, dict(wanted.options)) == (
        3,
        (1, -1),
        {"timelapse": True},
    )
    assert set(wanted.confirm) == {"all"}
    assert set(read_start(form_fields({"confirm": "a, b"}), "f").confirm) == {"a", "b"}
    assert set(read_start(form_fields({"confirm": '["a"]'}), "f").confirm) == {"a"}
    assert not read_start(form_fields({"confirm": "false"}), "f").confirm
    for bad in ({"plate": "x"}, {"use_ams": "maybe"}, {"oops": "1"}, {"confirm": "[1"}):
        with pytest.raises(BadRequest):
            read_start(form_fields(bad), "f1")


@pytest.mark.parametrize("body", ["[1]", "null", '"x"', "{", "1e999", "[" * 3000, "NaN", "\x00"])
def test_odd_json_is_400(farm: Any, body: str) -> None:
    answer = farm.app.test_client().post(
        "/api/printers/alder/light", data=body, content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "bad_request"


def test_a_long_body_is_413(farm: Any) -> None:
    answer = farm.app.test_client().post(
        "/api/printers/alder/light", data=b" " * 70_000, content_type="application/json"
    )
    assert answer.status_code == 413
