"""Where the real servers are installed, and where each running one keeps its data."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFUSED = ("/dev", "/sys", "/proc", "/tmp")


def home() -> Path:
    """The cache folder: FARM_REAL_HOME, or .real-servers in the repository."""
    chosen = os.environ.get("FARM_REAL_HOME", "")
    return (Path(chosen).expanduser() if chosen else ROOT / ".real-servers").resolve()


def run_folder() -> Path:
    """Below it every running server has a folder of its own. PrusaLink refuses some places."""
    for folder in (home(), Path.home() / ".cache" / "farm-real-servers"):
        if not any(folder.is_relative_to(refused) for refused in REFUSED):
            return folder / "run"
    raise RuntimeError(
        "PrusaLink keeps no files below /tmp. Set FARM_REAL_HOME to a folder elsewhere."
    )
