"""What the Pi is set up with: the script and the unit, as far as a PC can judge them."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

RIG = Path(__file__).parents[2] / "rig"


def test_the_script_is_clean() -> None:
    subprocess.run(["bash", "-n", str(RIG / "setup.sh")], check=True)
    program = shutil.which("shellcheck")
    if program is None:
        pytest.skip("shellcheck is not installed")
    subprocess.run([program, str(RIG / "setup.sh")], check=True)


def test_it_gives_nobody_the_right_to_become_root() -> None:
    lines = [
        line for line in (RIG / "setup.sh").read_text().splitlines() if not line.startswith("#")
    ]
    text = "\n".join(lines)
    assert "NOPASSWD" not in text and "sudoers" not in text
    assert not re.search(r"password\s*=|-p\s+\S*admin", text)


def test_nothing_is_asked_of_pip_that_would_break_picamera2() -> None:
    lines = (RIG / "requirements.txt").read_text().splitlines()
    wanted = {re.split(r"[~=<> #]", line)[0].lower() for line in lines if line[:1].isalpha()}
    assert wanted == {"websocket-client", "gpiozero", "adafruit-circuitpython-dht"}


def test_the_unit_and_the_script_mean_the_same_places() -> None:
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(RIG / "farm-rig.service")
    service, script = unit["Service"], (RIG / "setup.sh").read_text()
    assert service["ExecStart"].startswith("/opt/farm-rig/venv/bin/python -m rig")
    assert "target=/opt/farm-rig config=/etc/farm-rig state=/var/lib/farm-rig" in script
    assert service["User"] == "farm-rig" and service["StateDirectory"] == "farm-rig"
    for wanted in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictSUIDSGID"):
        assert service[wanted] == "true"
    assert service["ProtectSystem"] == "strict"
    assert service["RestartPreventExitStatus"] == "2", "as rig/__main__.py ends"


def test_the_script_installs_every_file_of_the_program() -> None:
    folders = {path.parent.relative_to(RIG).as_posix() for path in RIG.rglob("*.py")}
    assert folders == {"."}, "a new folder needs a line in setup.sh"
