"""Print servers that answer wrongly, elsewhere, slowly, or not at all: one table for all makes.

OctoPrint and Moonraker tell by a web socket what happens, so what is wrong with answers to requests
shows there at the next sign-in; PrusaLink is asked again and again, so it shows at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from core.errors import FarmError
from printers import commands as c
from printers.lan import http_client
from tests.faults.http_seat import (
    FIRMWARE,
    KINDS,
    LIVE,
    MK3,
    MOONRAKER,
    OCTOPRINT,
    POLLED,
    HttpSeat,
    http_fault,
)

UNTRUE = {"idle", "finished", "failed", "printing", "paused", "preparing", "busy"}
"""States that nobody can know of while nothing sensible comes in."""


@dataclass(frozen=True)
class Shown:
    """What the operator sees: a state, words of the sentence, perhaps a notice."""

    state: str
    words: str = ""
    notice: str = ""


SAME = Shown("ready")


@dataclass(frozen=True)
class Row:
    """``at_once``: after the knob was turned; ``anew``: after the farm has connected again."""

    knobs: dict[str, Any]
    at_once: dict[str, Shown | None]
    anew: dict[str, Shown]
    kinds: tuple[str, ...] = KINDS
    cut: bool = False  # open connections end as well


def _row(
    octoprint: Shown,
    moonraker: Shown,
    prusalink: Shown,
    *,
    mid: tuple[Shown | None, Shown | None] | None = None,
    cut: bool = False,
    **knobs: Any,
) -> Row:
    """``mid``: of OctoPrint and Moonraker at once, where it is not what follows anew; None:
    OctoPrint is asked only when its socket is quiet for a while, so it may or may not show."""
    anew = {OCTOPRINT: octoprint, MOONRAKER: moonraker, MK3: prusalink, FIRMWARE: prusalink}
    first = mid or (octoprint, moonraker)
    return Row(knobs, {**anew, OCTOPRINT: first[0], MOONRAKER: first[1]}, anew, cut=cut)


_FARM_KEY = "refuses the farm's key"
_KEY = Shown("auth", _FARM_KEY)
_NO_OCTOPRINT = Shown("offline", "is not OctoPrint. Check its url and its type.")
_NO_MOONRAKER = Shown("offline", "answers, but not as Moonraker does")
_BLOCKED = Shown("ready", notice="live_link_blocked")
_SILENT = Shown("offline", "has not reported for a while, although the connection is open.")
_AGAIN = Shown("connecting", "Connecting to")

FAMILIES: dict[str, tuple[Row, ...]] = {
    "signing in": (
        _row(_KEY, _KEY, _KEY, mid=(None, SAME), refuse_login=True),
        _row(_KEY, _KEY, _KEY, mid=(None, SAME), api_key="another"),
    ),
    "gateways": (
        _row(
            Shown("offline", "does not answer as it should (HTTP 502: 502 as told)"),
            _NO_MOONRAKER,
            Shown("offline", "cannot answer: 502 as told."),
            mid=(None, SAME),
            http_status=502,
        ),
        _row(
            _NO_OCTOPRINT,
            Shown("offline", "(HTTP 404 to the WebSocket)"),
            Shown("offline", "is not PrusaLink with its API v1. Check its url"),
            mid=(None, SAME),
            http_status=404,
        ),
        _row(
            _NO_OCTOPRINT,
            _NO_MOONRAKER,
            Shown("offline", "is not PrusaLink with its API v1. Check its url"),
            mid=(None, SAME),
            http_redirect="http://127.0.0.1:9/elsewhere",
        ),
        _row(
            _NO_OCTOPRINT,
            Shown("offline", "(HTTP 200 to the WebSocket)"),
            Shown("offline", "an answer that is no JSON. Check the url of"),
            mid=(None, SAME),
            html_page=True,
        ),
    ),
    "bodies": (
        _row(
            _NO_OCTOPRINT,
            SAME,
            Shown("offline", "an answer that is no JSON"),
            mid=(None, SAME),
            malformed_json=True,
        ),
        _row(
            _NO_OCTOPRINT,
            SAME,
            Shown("unknown"),
            mid=(None, SAME),
            wrong_types=True,
        ),
        _row(
            Shown("offline", "did not answer in time or not whole"),
            Shown("offline", "did not answer in time or not whole"),
            Shown("offline", "does not answer, or not whole"),
            mid=(None, SAME),
            truncate_body=True,
        ),
        _row(
            _NO_OCTOPRINT,
            SAME,
            Shown("offline", "an answer of more than 8000000 bytes"),
            mid=(None, SAME),
            huge_body=8_200_000,
        ),
    ),
    "slowness": (
        _row(SAME, SAME, SAME, http_delay_s=0.4),
        _row(SAME, SAME, SAME, slow_body_s=0.4),
        _row(
            _AGAIN,
            _AGAIN,
            Shown("offline", "does not answer, or not whole"),
            mid=(None, SAME),
            mute_http=True,
        ),
    ),
    "web sockets": (
        _row(_BLOCKED, Shown("offline", "(HTTP 404 to the WebSocket)"), SAME, ws_off=True),
        _row(_BLOCKED, _SILENT, SAME, mid=(SAME, _SILENT), ws_mute=True),
        _row(_BLOCKED, _SILENT, SAME, mid=(SAME, _SILENT), ws_garbage=True),
        _row(SAME, SAME, SAME, ws_flood=20),
    ),
    "connections": (
        _row(
            Shown("offline", "closed the connection"),
            Shown("offline", "closed the connection at once"),
            Shown("offline"),
            cut=True,
            refuse_connections=True,
        ),
    ),
}


def _families() -> list[Any]:
    return [
        pytest.param(rows, id=name, marks=http_fault(*(knob for row in rows for knob in row.knobs)))
        for name, rows in FAMILIES.items()
    ]


@pytest.mark.parametrize("rows", _families())
def test_the_operator_is_told_and_nothing_else_is(
    stage: Callable[..., Any], rows: tuple[Row, ...]
) -> None:
    cast = [(row, kind) for row in rows for kind in row.kinds]
    farm = stage(*(kind for _, kind in cast))
    parts = {seat.id: row for seat, (row, _) in zip(farm.seats, cast, strict=True)}
    farm.each(lambda seat: _rehearse(seat, parts[seat.id]))


def _rehearse(seat: HttpSeat, row: Row) -> None:
    seat.ready()
    usual = {name: seat.sim.handle.knobs()[name] for name in row.knobs}
    seat.sim.set(**row.knobs)
    if row.cut:
        seat.sim.handle.drop_tcp()
    _is_shown(seat, row.at_once[seat.kind])
    seat.order(c.Reconnect())
    _is_shown(seat, row.anew[seat.kind])
    seat.sim.set(**usual)
    seat.ready()
    assert seat.panel()["message"] == ""
    seat.until(lambda p: p["notices"] == [], "the notice stays")
    seat.is_live()
    assert seat.orders() == [], "something was ordered"


def _is_shown(seat: HttpSeat, shown: Shown | None) -> None:
    if shown is None:
        return

    def holds(panel: dict[str, Any]) -> bool:
        noticed = not shown.notice or shown.notice in [n["code"] for n in panel["notices"]]
        return panel["state"] == shown.state and shown.words in panel["message"] and noticed

    seat.until(holds, f"not {shown}")
    if shown.state == "ready":
        seat.is_live()
        seat.until(holds, f"no longer {shown}")
        return
    if shown.state == "unknown":
        assert not seat.panel()["gates"]["start"]["ok"]
        return
    mark = len(seat.history)
    code, why = seat.blocked()
    assert seat.name in why and code
    panel = seat.until(holds, f"no longer {shown}")
    assert seat.name in panel["message"] and not panel["conn"]["online"]
    assert panel["temps"] == {} and panel["fans"] == {}, "frozen values"
    with pytest.raises(FarmError) as refused:
        seat.order(c.Stop())
    assert seat.name in refused.value.message
    told = {s.state.value for s in seat.history[mark:]}
    assert not told & UNTRUE, f"believed: {seat.since(mark)}"


@http_fault("slow_body_s")
def test_an_answer_that_never_ends_holds_nobody_for_ever(
    stage: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "WHOLE_ANSWER_S", 1.0)

    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(slow_body_s=20.0)
        seat.order(c.Reconnect())
        panel = seat.until(lambda p: not p["conn"]["online"], "it waits and waits")
        assert panel["temps"] == {}
        if seat.kind in POLLED:
            seat.until(lambda p: "does not answer, or not whole" in p["message"])
        seat.sim.set(slow_body_s=0.0)
        seat.ready()
        seat.is_live()

    stage().each(act)


@http_fault("wrong_types", "malformed_json", "mute_http", "http_status")
def test_no_print_ends_and_none_begins_by_nonsense(stage: Callable[..., Any]) -> None:
    """In the middle of a print of the farm's own."""

    def act(seat: HttpSeat) -> None:
        job = seat.printing()
        for knob, value in (
            ("wrong_types", True),
            ("malformed_json", True),
            ("mute_http", True),
            ("http_status", 500),
        ):
            usual = seat.sim.handle.knobs()[knob]
            seat.sim.set(**{knob: value})
            if seat.kind in POLLED:
                panel = seat.until(lambda p: p["state"] in ("offline", "unknown"), knob)
                assert panel["job"] is None or panel["job"]["left_s"] is None, "frozen progress"
            else:
                seat.stays(lambda p: p["state"] in ("printing", "unknown", "offline"), 0.7)
            assert seat.farm.jobs.job(job.id).state.value == "printing"
            seat.sim.set(**{knob: usual})
            seat.in_state("printing")
        assert seat.farm.jobs.job(job.id).state.value == "printing"
        assert seat.starts() == 1
        told = {s.state.value for s in seat.history if s.observed_mono}
        assert not {"finished", "failed", "fault", "paused"} & told

    stage(scale=30.0).each(act)


assert set(LIVE) | set(POLLED) == set(KINDS)
