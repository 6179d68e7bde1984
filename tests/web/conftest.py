"""A whole farm behind the web room: real registry, fleet, gate, jobs, library; a fake printer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.camera_config import RigConfig
from core.config import ServerConfig, SlicerConfig
from core.secret import Secret
from printers.adapters import ADAPTERS
from simulator.plates import PlateSpec, build_gcode_3mf
from tests.waiting import wait_for
from tests.web.browser import PASSWORD, Page, basic
from tests.web.fakes import CANARY, FakePrinter, make_status, printing
from tests.web.whole_farm import Farm, build_farm, close_farm


@pytest.fixture
def make_farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Farm]]:
    """make_farm(names=("alder", "birch"), **server config) -> Farm, closed at the end."""
    monkeypatch.setitem(ADAPTERS, "fake", FakePrinter)
    farms: list[Farm] = []

    def make(
        names: tuple[str, ...] = ("alder", "birch"),
        *,
        queue: bytes = b"",
        slicer: SlicerConfig | None = None,
        rigs: tuple[RigConfig, ...] = (),
        sections: Mapping[str, Any] | None = None,
        **server: Any,
    ) -> Farm:
        folder = tmp_path / str(len(farms))
        folder.mkdir()
        if queue:
            (folder / "queue.json").write_bytes(queue)
        settings = ServerConfig(**server)
        parts = (slicer or SlicerConfig(), rigs)
        farms.append(build_farm(folder, settings, names, *parts, **(sections or {})))
        return farms[-1]

    yield make
    for farm in farms:
        close_farm(farm)


@pytest.fixture
def farm(make_farm: Callable[..., Farm]) -> Farm:
    return make_farm()


@pytest.fixture
def locked_farm(make_farm: Callable[..., Farm]) -> Farm:
    """A farm with a password."""
    return make_farm(user="owner", password=Secret(PASSWORD))


@pytest.fixture(scope="session")
def sliced() -> bytes:
    """A file of one plate for a P1S, called gear."""
    return build_gcode_3mf(plates=[PlateSpec()], model="P1S", name="gear")


@pytest.fixture
def kit() -> SimpleNamespace:
    """Builders, and a way to wait for what they do."""
    return SimpleNamespace(
        canary=CANARY, password=PASSWORD, make_status=make_status, printing=printing,
        wait_for=wait_for, basic=basic, page=Page,
    )  # fmt: skip
