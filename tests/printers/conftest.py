"""Reports as printers send them, for every test of this folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPORTS = Path(__file__).parents[1] / "data" / "bambu"


@pytest.fixture
def bambu_report() -> Callable[..., dict[str, Any]]:
    """The ``print`` object of tests/data/bambu/<name>.json, with ``changes`` laid over it."""

    def load(name: str, **changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = json.loads((REPORTS / f"{name}.json").read_text())["print"]
        body.update(changes)
        return body

    return load
