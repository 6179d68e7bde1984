"""Prometheus' own judge of /metrics and of rules (deploy/promtool.sh puts it into .tools/)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def promtool(*arguments: str, stdin: str = "", folder: Path = ROOT) -> str:
    """What it says; fails the test unless it is content. Skips where there is none."""
    own = ROOT / ".tools" / "promtool"
    program = str(own) if own.exists() else shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (deploy/promtool.sh)")
    done = subprocess.run(
        [program, *arguments], input=stdin, capture_output=True, text=True, cwd=folder, timeout=60
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def check_metrics(text: str) -> None:
    """``text``: a page of /metrics. Its lint names what a Prometheus would stumble over."""
    assert not promtool("check", "metrics", stdin=text)
