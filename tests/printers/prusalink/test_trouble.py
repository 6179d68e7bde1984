"""Servers that hang, restart or are another one; stopping."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.errors import (
    FarmError,
)
from tests.printers.prusalink.server import FakePrusaLink
from tests.printers.prusalink.steps import FAST, Make, S, shows
from tests.waiting import wait_for


def test_never_two_polls_at_once(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.silent.set()
    before = pi.count("GET", "/api/v1/status")
    wait_for(lambda: pi.count("GET", "/api/v1/status") > before)
    for _ in range(5):
        with pytest.raises(FarmError):
            printer.refresh(timeout=0.02)
    pi.silent.clear()
    wait_for(lambda: printer.status.link.online)
    assert pi.most_polls == 1


def test_a_server_that_hangs_goes_offline_and_comes_back(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.silent.set()
    status = shows(printer, S.OFFLINE)
    assert "does not answer" in status.message
    pi.silent.clear()
    assert shows(printer, S.IDLE).link.online


def test_one_slow_answer_is_forgiven(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    seen: list[bool] = []
    pi.silent.set()
    threading.Timer(FAST.answer * 1.2, pi.silent.clear).start()
    wait_for(lambda: printer.diagnostics()["failures"]["count"] >= 1)
    seen.append(printer.status.link.online)
    printer.refresh(timeout=2.0)
    assert seen == [True]
    assert printer.diagnostics()["attempts"] == 1


def test_a_restart_in_mid_print_is_followed(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    pi.begin("farm/a-7.gcode")
    shows(printer, S.PRINTING)
    pi.stop()
    assert "refuses the connection" in shows(printer, S.OFFLINE).message
    pi.answers["GET /api/version"] = [503, 503]
    pi.next_job = 41  # numbers begin anew, this time for another file
    pi.begin("farm/b-8.gcode")
    pi.start()
    status = shows(printer, S.PRINTING)
    wait_for(lambda: printer.status.job is not None and printer.status.job.file == "b-8.gcode")
    assert status.job is None or status.job.file != "a-7.gcode"


def test_a_starting_server_is_connecting(make: Make, pi: FakePrusaLink) -> None:
    pi.answers["GET /api/version"] = [503] * 500
    printer = make(pi, connect=False)
    wait_for(lambda: "is starting" in printer.status.message)
    assert printer.status.state is S.CONNECTING
    pi.answers.clear()
    shows(printer, S.IDLE)


def test_something_else_at_the_address_is_named(make: Make, pi: FakePrusaLink) -> None:
    pi.answers["GET /api/version"] = [404] * 500
    printer = make(pi, connect=False)
    assert "is not PrusaLink" in shows(printer, S.OFFLINE).message


def test_refresh_asks_anew(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    for state, wanted in (("BUSY", S.BUSY), ("READY", S.IDLE), ("ERROR", S.FAULT)):
        pi.state = state
        assert printer.refresh(timeout=3.0).state is wanted


@contextmanager
def quickly(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def test_stops_at_once(make: Make, pi: FakePrusaLink) -> None:
    printer = make(pi)
    with quickly(1.0):
        printer.stop()
    assert printer.status.state is S.OFFLINE


def test_a_farewell_just_before_an_attempt_is_heard(make: Make, pi: FakePrusaLink) -> None:
    """The supervisor had looked, and opened the attempt after it was told to stop."""
    printer = make(pi)
    printer.stop()
    asked = len(pi.requests)
    poller, kinds = printer._poller, []
    late = threading.Thread(target=lambda: (poller.opening(), kinds.append(poller.attempt().kind)))
    late.start()
    late.join(1.0)
    poller.interrupt()
    late.join(5.0)
    assert (kinds, len(pi.requests)) == (["asked"], asked)
