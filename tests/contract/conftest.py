"""Every test here is run against every server that an adapter claims: simulated, and real.

Plain ``make test`` runs the simulated ones; ``make test-real`` the real ones (mark ``real``).
``@pytest.mark.kinds("moonraker")`` keeps a test to some makes. What a server cannot be asked
for is skipped with the reason its rig gives.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.contract import real_rigs, sim_rigs
from tests.contract.rig import Rig
from tests.contract.seat import Seat, alive_threads

LONGEST_START_S = 20.0  # a start that waits for the printer's own answer is not cut short
RIGS: tuple[type[Rig], ...] = (
    sim_rigs.SimBambu,
    sim_rigs.SimOctoPrint,
    sim_rigs.SimMoonraker,
    sim_rigs.SimPrusaLinkMk3,
    sim_rigs.SimPrusaLinkFirmware,
    real_rigs.RealOctoPrint,
    real_rigs.RealMoonraker,
    real_rigs.RealPrusaLink,
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kinds(*names): the makes this test is about")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rig" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("kinds")
    wanted = [rig for rig in RIGS if mark is None or rig.kind in mark.args]
    metafunc.parametrize("rig", [_case(rig) for rig in wanted], indirect=True)


def _case(rig: type[Rig]) -> Any:
    return pytest.param(rig, id=rig.id, marks=[pytest.mark.real] if rig.is_real else [])


class OneServerAtATime(LoadScopeScheduling):  # type: ignore[misc]
    """A worker takes all tests of one file against one server, so few servers are started."""

    def _split_scope(self, nodeid: str) -> str:
        found = re.search(r"\[(real-[a-z]+)", nodeid)
        return f"{nodeid.partition('::')[0]}:{found[1]}" if found else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For make test-real only; None leaves the choice to the command line."""
    return OneServerAtATime(config, log) if config.getoption("markexpr") == "real" else None


@pytest.fixture(scope="session")
def _real_rigs() -> Iterator[dict[type[Rig], Rig]]:
    """The real servers of this worker: started once, tidied between tests."""
    running: dict[type[Rig], Rig] = {}
    yield running
    for rig in running.values():
        rig.close()


@pytest.fixture
def rig(request: pytest.FixtureRequest, _real_rigs: dict[type[Rig], Rig]) -> Iterator[Rig]:
    """The server under test, at rest."""
    make: type[Rig] = request.param
    test = request.function.__name__
    if make.is_real:
        running = _real_rigs.get(make)
        if running is None:
            running = make()
            with _closing_on_failure(running):
                running.start()
            _real_rigs[make] = running
        else:
            running.reset()
        _skip_impossible(running, test)
        yield running
        return
    fresh = make()
    _skip_impossible(fresh, test)
    with _closing_on_failure(fresh):
        fresh.start()
    try:
        yield fresh
    finally:
        fresh.close()


@contextlib.contextmanager
def _closing_on_failure(rig: Rig) -> Iterator[None]:
    try:
        yield
    except BaseException:
        rig.close()
        raise


def _skip_impossible(rig: Rig, test: str) -> None:
    if reason := rig.skip_reason(test):
        pytest.skip(f"{rig.id}: {reason}")


@pytest.fixture
def sit(rig: Rig, tmp_path: Path) -> Iterator[Callable[..., Seat]]:
    """sit(api_key=…): a farm around the rig, started; keywords change the configuration."""
    with contextlib.ExitStack() as stack:

        def make(**changes: Any) -> Seat:
            seat = Seat(rig, tmp_path / "farm", **changes)
            stack.callback(seat.stop)
            seat.start()
            return seat

        yield make
        rig.wire()
    end = time.monotonic() + LONGEST_START_S
    while alive_threads() and time.monotonic() < end:
        time.sleep(0.02)
    assert alive_threads() == []


@pytest.fixture
def seat(sit: Callable[..., Seat]) -> Seat:
    """A farm around the rig that has connected."""
    seat = sit()
    seat.online()
    return seat


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failure shows the ends of the server's logs."""
    outcome = yield
    report = outcome.get_result()
    rig = getattr(item, "funcargs", {}).get("rig")
    if report.failed and isinstance(rig, Rig) and call.when == "call":
        with contextlib.suppress(Exception):
            report.sections.append((f"logs of {rig.id}", rig.logs()[-6000:]))


@pytest.fixture(autouse=True)
def _no_proxy_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
