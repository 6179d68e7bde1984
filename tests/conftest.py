"""Generated inputs are the same in every run, so that a red test stays red until it is mended;
and the longest files come first, so that none of them is alone at the end, a browser's last.

``HYPOTHESIS_PROFILE=explore python -m pytest tests/printers`` looks for new inputs.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "steady")
settings.load_profile(PROFILE)
if PROFILE == "steady":
    # Draw by the seed and nothing else. Hypothesis sprinkles in constants of whichever of our
    # modules happen to be imported by then: with every other choice of collected files, and with
    # every edit anywhere, a test drew other inputs.
    assert hasattr(HypothesisProvider, "_local_constants"), "this hypothesis calls it otherwise"
    HypothesisProvider._local_constants = Constants()

FIRST_PORT, PORTS = 20_000, 12_000
"""Where simulated printers listen (simulator/quiet_port.py): each worker has its own part."""
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    width = PORTS // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    first = FIRST_PORT + int(worker.removeprefix("gw")) * width
    os.environ["SIMULATOR_PORTS"] = f"{first}-{first + width - 1}"

LONGEST = tuple((Path(__file__).parent / "longest_files.txt").read_text().split())
"""Files of more than ten seconds, the longest first. Most of that time they wait for printers."""


def place(path: str) -> tuple[bool, int]:
    """Where a file comes. Those with a browser come last: it stays open, with an event loop in the
    main thread and processes of its own, and tests that look at either must not follow it.
    """
    rank = LONGEST.index(path) if path in LONGEST else len(LONGEST)
    return path.startswith("tests/e2e/"), rank


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Workers take files in the order in which they were collected (--no-loadscope-reorder)."""
    items.sort(key=lambda item: place(item.nodeid.split("::")[0]))
