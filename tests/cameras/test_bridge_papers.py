"""What the bridge's page and its units promise is what the program reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cameras.bridge_process import ROOT

PAGE = (ROOT / "docs" / "camera-bridge.md").read_text("utf-8")
UNITS = ("camera-bridge.service", "rpicam-mjpeg.service")


def read_names() -> set[str]:
    source = (ROOT / "cameras" / "bridge" / "settings.py").read_text("utf-8")
    return set(re.findall(r'environ(?:\.get\(|, )"([A-Z_]+)"', source))


def test_every_variable_is_on_the_page_and_no_other_one() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| `[A-Z]", line)]
    told = {name for row in rows for name in re.findall(r"`([A-Z_]{4,})`", row.split(" | ")[0])}
    assert told == read_names() - {"HOME", "XDG_STATE_HOME"}


def test_the_usage_names_them_too() -> None:
    from cameras.bridge.__main__ import _USAGE

    assert set(re.findall(r"[A-Z_]{4,}", _USAGE)) == read_names() - {"HOME", "XDG_STATE_HOME"}


def test_no_unit_holds_a_token() -> None:
    for unit in UNITS:
        text = (ROOT / "deploy" / unit).read_text("utf-8")
        assert "PC_TOKEN" not in text and "\nEnvironment=" not in text


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_the_unit(tmp_path: Path, unit: str) -> None:
    """With a program that is on this machine in place of the one on the Pi."""
    text = (ROOT / "deploy" / unit).read_text("utf-8")
    (tmp_path / unit).write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text))
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / unit)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")
