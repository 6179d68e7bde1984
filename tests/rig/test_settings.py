"""config.json: every mistake at once, with its path."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rig.delays import Delays
from rig.errors import SettingsError
from rig.reading import load, parse, read_delays
from rig.settings import Settings

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-sixteen-or-more"


def problems(raw: Any, base: Path = Path()) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(raw, base)
    return caught.value.problems


def test_defaults_are_those_of_the_rig_as_built() -> None:
    settings = parse({})
    pins = settings.pins
    assert (pins.button, pins.red, pins.yellow, pins.green, pins.dht22) == (22, 17, 23, 27, 24)
    assert (settings.camera.width, settings.camera.height) == (1920, 1080)
    assert settings.click_gap == 0.3 and settings.camera.kind == "picamera2"


def test_every_mistake_is_told_at_once() -> None:
    raw = {
        "server": "farm.local", "rig": "a b", "token": "short", "status_delay": 0, "tls": "sha256:",
        "sever": 1, "pins": {"button": 40, "lamp": 3}, "camera": {"kind": "file", "fps": "5"},
        "video": [], "sensor": {"kind": "dht11"}, "keep_days": 1.5, "pull": {"raspi_port": 0},
        "retry_first": 20, "retry_last": 2,
    }  # fmt: skip
    told = problems(raw)
    for path in (
        "server:", "rig:", "status_delay:", "tls:", "sever: there is no such", "pins.button:",
        "pins.lamp:", "camera.fps:", "camera.path:", "video:", "sensor.kind:", "keep_days:",
        "pull.raspi_port:", "retry_last:",
    ):  # fmt: skip
        assert any(problem.startswith(path) for problem in told), (path, told)


@pytest.mark.parametrize("raw", [[], "x", None, 3])
def test_what_is_no_object(raw: Any) -> None:
    assert problems(raw)[0].startswith("config.json: must be an object")


def test_two_uses_of_one_pin() -> None:
    assert problems({"pins": {"red": 22}}) == ["pins: two of them are the same."]


def test_a_server_needs_rig_and_token() -> None:
    told = problems({"server": "http://127.0.0.1:8000"})
    assert [problem.split(":")[0] for problem in told] == ["rig", "token"]


def test_the_token_in_its_own_file_never_shows(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    raw = {"server": "http://127.0.0.1:1", "rig": "r", "token_file": "token"}
    settings = parse(raw, tmp_path)
    assert settings.token.reveal() == TOKEN
    assert TOKEN not in repr(settings) and TOKEN not in f"{settings.token}"
    assert problems({**raw, "token": TOKEN}, tmp_path)[0].startswith("token: is given twice")
    assert problems({**raw, "token_file": "none"}, tmp_path)[0].startswith("token_file:")


def test_folders_start_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"photos": "p", "timelapses": "/t"}))
    settings = load(tmp_path / "config.json")
    assert settings.photos == tmp_path / "p" and settings.timelapses == Path("/t")


def test_unreadable_files_are_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(SettingsError, match="is no JSON"):
        load(tmp_path / "bad.json")


def test_the_farm_changes_delays_and_the_loops_wake() -> None:
    delays, woken = Delays(Settings()), []
    delays.changed.append(lambda: woken.append(1))
    delays.take({"status_delay": 5, "image_delay": 99999, "temphum_delay": "x", "pins": {}})
    assert delays.all() == {"status_delay": 5.0, "temphum_delay": 30.0, "image_delay": 1.0}
    delays.take({"status_delay": 5})
    assert len(woken) == 1, "what is so already wakes nobody"
    assert read_delays({"status_delay": True}) == {}


def test_the_example_and_the_program_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rig", "--check", "--config"]
    example = json.loads((ROOT / "rig/config.example.json").read_text())
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "config.json").write_text(json.dumps({**example, "token_file": "token"}))
    good = subprocess.run([*command, str(tmp_path / "config.json")], cwd=ROOT, check=False)
    assert good.returncode == 0
    (tmp_path / "config.json").write_text('{"pins": {"red": 99}, "click_gap": 9}')
    bad = subprocess.run(
        [*command, str(tmp_path / "config.json")],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert bad.returncode == 2
    assert "pins.red" in bad.stderr and "click_gap" in bad.stderr
