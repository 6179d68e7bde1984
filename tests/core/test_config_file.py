"""The configuration: every mistake at once, a bad printer never stops the farm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.config import FarmConfig
from core.config_file import printer_settings, read_config
from core.errors import ConfigError

ROOT = Path(__file__).parents[2]
GOOD = {
    "id": "a", "printer_ip": "127.0.0.1", "serial": "01p00a000000001", "access_code": "12345678"
}  # fmt: skip


def read(raw: Any) -> FarmConfig:
    return read_config(json.dumps(raw).encode(), "config.json", Path("jobs"))


def test_the_example_is_a_farm_of_simulated_printers_with_every_option() -> None:
    content = (ROOT / "config.example.json").read_bytes()
    config = read_config(content, "config.example.json", Path("jobs"))
    assert len(config.printers) >= 8
    assert len({p.model for p in config.printers}) >= 6
    assert all(p.simulate and not p.problems and not p.host for p in config.printers)
    assert b"192." not in content


def test_an_entry_without_type_is_a_bambu_with_the_default_ports() -> None:
    [printer] = read({"printers": [GOOD]}).printers
    assert printer.problems == ()
    assert (printer.type, printer.name, printer.serial) == ("bambu", "a", "01P00A000000001")
    ports = (printer.mqtt_port, printer.ftps_port, printer.camera_port, printer.rtsp_port)
    assert ports == (8883, 990, 6000, 322)
    assert repr(printer.access_code) == "***" and printer.access_code.reveal() == "12345678"


def test_all_mistakes_of_the_farm_are_listed_with_path_and_suggestion() -> None:
    with pytest.raises(ConfigError) as failure:
        read({"sever": {}, "server": {"port": "80", "hots": 1}, "dispatch": {"interval_s": True}})
    problems = failure.value.details["problems"]
    assert problems == [
        'unknown setting "sever". Did you mean "server"?',
        "server.port: must be a number from 0 to 65535.",
        'server: unknown setting "hots". Did you mean "host"?',
        "dispatch.interval_s: must be a number from 0.2 to 3600.",
    ]


def test_files_are_sent_ahead_only_where_it_is_switched_on() -> None:
    assert read({"dispatch": {}}).dispatch.prestage == ()
    found = read({"dispatch": {"prestage": ["octoprint", " MK4 "]}}).dispatch.prestage
    assert found == ("octoprint", "MK4")
    with pytest.raises(ConfigError) as failure:
        read({"dispatch": {"prestage": "octoprint"}})
    assert 'dispatch.prestage: must be a list of texts, like ["a", "b"].' in str(failure.value)


@pytest.mark.parametrize(
    ("heating", "problem"),
    [
        ({}, ""),
        ({"max": 3}, ""),
        ({"max": 3, "circuits": {"bench 1": 2000}}, ""),
        ([], "must be an object in braces."),
        ({"most": 3}, 'has no setting "most"; known are max, circuits.'),
        ({"circuit": {}}, 'has no setting "circuit"; known are max, circuits.'),
        ({"max": 0}, "must be a whole number from 1 to 1000."),
        ({"circuits": {"bench 1": 10}}, "must be a number from 50 to 100000."),
        ({"circuits": {" ": 2000}}, '"circuits" must be like {"bench 1": 2000}, in watts.'),
        ({"circuits": ["bench 1"]}, '"circuits" must be like {"bench 1": 2000}, in watts.'),
    ],
)
def test_what_may_heat_at_once(heating: Any, problem: str) -> None:
    if not problem:
        found = read({"dispatch": {"heating": heating}}).dispatch.heating
        assert (found.most, dict(found.circuits)) == (
            heating.get("max"), heating.get("circuits", {}),
        )  # fmt: skip
        assert found.limits is bool(heating)
        return
    with pytest.raises(ConfigError) as failure:
        read({"dispatch": {"heating": heating}})
    assert failure.value.details["problems"] == [f"dispatch.heating: {problem}"]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"circuit": "bench 1"}, ""),
        ({"circuit": "bench 1", "heating_w": 2000}, ""),
        ({"heating_w": 9000}, ""),
        ({"circuit": "bnch 1"}, 'has no circuit "bnch 1". Did you mean "bench 1"?'),
        ({"circuit": "bench 1", "heating_w": 2001}, "more than its whole circuit has, 2000 W"),
    ],
)
def test_a_printer_on_its_circuit(entry: Any, problem: str) -> None:
    heating = {"circuits": {"bench 1": 2000}}
    config = read({"dispatch": {"heating": heating}, "printers": [{**GOOD, **entry}]})
    problems = config.printers[0].problems
    assert bool(problems) is bool(problem)
    assert all(problem in one for one in problems)


def test_no_setting_starts_prints_on_beds_that_nobody_has_cleared() -> None:
    config = read({"dispatch": {"require_bed_clear": False}})
    [note] = config.notes
    assert "require_bed_clear: false has no effect" in note
    assert read({"dispatch": {"require_bed_clear": True}}).notes == ()


def test_a_bad_printer_is_misconfigured_and_the_others_stay() -> None:
    bad = {"id": "b", "type": "bambo", "acess_code": "1", "access_code": 12345678, "mqtt_port": 0}
    config = read({"printers": [GOOD, bad, {**GOOD, "id": "c", "serial": "01P00A000000002"}]})
    assert [bool(p.problems) for p in config.printers] == [False, True, False]
    listed = "\n".join(config.printers[1].problems)
    assert 'no such type "bambo". Did you mean "bambu"?' in listed
    assert 'unknown setting "acess_code". Did you mean "access_code"?' in listed
    assert "must be in quotes" in listed
    assert "printers[1].mqtt_port: must be a whole number from 1 to 65535." in listed


def test_missing_fields_and_double_ids_are_named() -> None:
    config = read({"printers": [GOOD, GOOD, {"id": "x"}, {"id": "../etc"}, 5]})
    ids = [p.id for p in config.printers]
    assert len(set(ids)) == 5
    assert any("used twice" in p for p in config.printers[1].problems)
    assert {p.rsplit(".", 2)[1].split(":")[0] for p in config.printers[2].problems} == {
        "printer_ip", "serial", "access_code",
    }  # fmt: skip
    assert config.printers[3].problems and config.printers[4].problems


def test_the_owners_older_file_loads_as_it_is() -> None:
    old = {
        "poll_interval_sec": 2,
        "dispatch_interval_sec": 7,
        "slicer": {"enabled": False, "command_args": [], "max_wait_sec": 600},
        "printers": [
            {
                **GOOD, "name": "X1C", "camera_enabled": True, "camera_protocol": "rtsps",
                "camera_port": 322, "camera_path": "/streaming/live/1", "camera_user": "bblp",
                "camera_url": "",
            }
        ],
    }  # fmt: skip
    config = read(old)
    assert config.dispatch.interval_s == 7
    assert config.printers[0].problems == ()
    assert config.printers[0].options["camera_protocol"] == "rtsps"
    assert any("poll_interval_sec is ignored" in note for note in config.notes)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a": NaN}', b"\xff", b"[" * 5000])
def test_broken_files_are_one_clear_error(content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"config\.json"):
        read_config(content, "config.json", Path("jobs"))


def test_printer_addresses_may_be_loopback_or_anything_the_owner_writes() -> None:
    for host in ("127.0.0.1", "localhost", "printer.example", "::1"):
        [printer] = read({"printers": [{**GOOD, "printer_ip": host}]}).printers
        assert printer.host == host and not printer.problems


def test_every_printer_setting_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert [name for name in printer_settings() if f"`{name}`" not in text] == []


def test_one_printer_listed_twice_is_named() -> None:
    octoprint = {"id": "o", "type": "octoprint", "url": "http://octopi.local", "api_key": "k"}
    config = read(
        {
            "printers": [
                octoprint,
                {**octoprint, "id": "p", "url": "octopi.local/"},
                {**octoprint, "id": "q", "url": "http://octopi.local:5001"},
                {**GOOD, "id": "a1"},
                {**GOOD, "id": "a2"},
                {"id": "s1", "type": "octoprint", "simulate": True},
                {"id": "s2", "type": "octoprint", "simulate": True},
            ]
        }
    )
    problems = {printer.id: printer.problems for printer in config.printers}
    assert [printer_id for printer_id, found in problems.items() if found] == ["p", "a2"]
    assert problems["p"] == ('printers[1]: is the same printer as "o", at the same address.',)
