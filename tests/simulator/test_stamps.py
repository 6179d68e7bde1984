"""What the benchmarks rely on: fixed rates, and the moment of sending inside the job's numbers."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
import requests
import websocket
from hypothesis import given
from hypothesis import strategies as st

from bench.listener import Jobs
from bench.mixes import MIXES, entries
from simulator.bambu.report_json import ReportForm
from simulator.farm import Endpoint, SimulatedFarm
from simulator.specs import make_spec
from simulator.stamp import CYCLE_MS, Pace, stamp_of

HERTZ = 10.0
WAIT_S = 30.0
MODELS = {"octoprint": "Ender 3", "moonraker": "Voron 2.4", "mk3": "MK3S", "firmware": "MK4"}


@contextlib.contextmanager
def printing(what: str, *, stamp: bool = True) -> Iterator[Endpoint]:
    """One printer in the middle of a job; ``what`` is a make, or a flavour of PrusaLink."""
    kind = what if what in ("octoprint", "moonraker") else "prusalink"
    spec = make_spec("p", "P", MODELS[what], 1, "printing", kind=kind)
    form = ReportForm(stamp=stamp)
    hertz = HERTZ if stamp else 0.0
    with SimulatedFarm([spec], report_hz=hertz, form=form, tick_s=0.05) as farm:
        yield farm.endpoints["p"]


def connected(endpoint: Endpoint, path: str) -> contextlib.closing[websocket.WebSocket]:
    url = endpoint.url.replace("http", "ws", 1) + path
    return contextlib.closing(websocket.create_connection(url, timeout=WAIT_S))


def asked(endpoint: Endpoint, path: str, method: str = "GET", **options: Any) -> Any:
    headers = {"X-Api-Key": endpoint.api_key}
    answer = requests.request(
        method, endpoint.url + path, headers=headers, timeout=WAIT_S, **options
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def age_ms(milliseconds: float, percent: float) -> float:
    """How long ago a stamp was made."""
    return (time.time_ns() / 1e6 - milliseconds - int(percent) / 100) % CYCLE_MS


def heard(
    socket: websocket.WebSocket, wanted: Callable[[Any], Any], count: int
) -> list[tuple[float, Any]]:
    """(when, what) of the next messages of which ``wanted`` makes something."""
    found: list[tuple[float, Any]] = []
    while len(found) < count:
        part = wanted(json.loads(socket.recv()))
        if part:
            found.append((time.monotonic(), part))
    return found


def assert_paced(times: list[float]) -> None:
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert sum(gaps) / len(gaps) == pytest.approx(1 / HERTZ, rel=0.3)


def octoprint_progress(endpoint: Endpoint, count: int) -> list[tuple[float, Any]]:
    login = asked(endpoint, "/api/login", "POST", json={"passive": True})
    with connected(endpoint, "/sockjs/websocket") as socket:
        socket.send(json.dumps({"auth": f"{login['name']}:{login['session']}"}))
        return heard(socket, lambda m: m.get("current", {}).get("progress"), count)


def test_octoprint_sends_at_the_rate_with_the_moment_in_the_time_left():
    with printing("octoprint") as endpoint:
        frames = octoprint_progress(endpoint, 12)
        progress = frames[-1][1]
        assert 0 <= age_ms(progress["printTimeLeft"] / 60, progress["completion"]) < 5000
    assert_paced([at for at, _ in frames[2:]])  # the first come with the signing in


def test_octoprint_without_a_stamp_tells_the_time_that_is_left():
    with printing("octoprint", stamp=False) as endpoint:
        (_, first), (_, second) = octoprint_progress(endpoint, 2)
    assert first["completion"] == pytest.approx(second["completion"], abs=1)
    assert abs(first["printTimeLeft"] - second["printTimeLeft"]) < 10


WANTED = {"print_stats": ["info", "state"], "virtual_sdcard": ["file_position"]}


def klipper_objects(endpoint: Endpoint, count: int) -> list[tuple[float, Any]]:
    token = asked(endpoint, "/access/oneshot_token")["result"]
    with connected(endpoint, f"/websocket?token={token}") as socket:
        call = {"method": "printer.objects.subscribe", "params": {"objects": WANTED}}
        socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, **call}))

        def news(message: Any) -> Any:
            status = message.get("method") == "notify_status_update"
            return message["params"][0] if status else None

        return heard(socket, news, count)


def klipper_age_ms(endpoint: Endpoint, objects: Any) -> float:
    name = asked(endpoint, "/printer/objects/query?print_stats=filename")
    name = name["result"]["status"]["print_stats"]["filename"]
    file = asked(endpoint, f"/server/files/metadata?filename={name}")["result"]
    begin, end = file["gcode_start_byte"], file["gcode_end_byte"]
    position = objects["virtual_sdcard"]["file_position"]
    info = objects["print_stats"]["info"]
    assert info["total_layer"] == CYCLE_MS
    return age_ms(info["current_layer"], 100 * (position - begin) / (end - begin))


def test_klipper_tells_at_the_rate_with_the_moment_in_layer_and_position():
    with printing("moonraker") as endpoint:
        news = klipper_objects(endpoint, 12)
        assert 0 <= klipper_age_ms(endpoint, news[-1][1]) < 5000
        query = asked(endpoint, "/printer/objects/query", "POST", json={"objects": WANTED})
        assert 0 <= klipper_age_ms(endpoint, query["result"]["status"]) < 5000
    assert_paced([at for at, _ in news[1:]])


@pytest.mark.parametrize("flavour", ["mk3", "firmware"])
def test_prusalink_tells_when_its_numbers_changed_last(flavour):
    with printing(flavour) as endpoint:
        seen = set()
        end = time.monotonic() + 5 / HERTZ
        while time.monotonic() < end:
            job = asked(endpoint, "/api/v1/status")["job"]
            seen.add((job["time_remaining"], job["progress"]))
            assert 0 <= age_ms(job["time_remaining"] / 60, job["progress"]) < 5000
    assert 3 <= len(seen) <= 8  # one change every 1/HERTZ, however often it is asked


@given(st.integers(0, 2**62))
def test_a_stamp_names_the_moment_to_a_hundredth_of_a_millisecond(now_ns):
    milliseconds, hundredths = stamp_of(now_ns)
    assert 0 <= milliseconds < CYCLE_MS
    assert 0 <= hundredths < 100
    told_ns = (milliseconds * 100 + hundredths) * 10_000
    assert 0 <= (now_ns - told_ns) % (CYCLE_MS * 1_000_000) < 10_000


@given(st.floats(0, 1e6), st.floats(0.1, 100), st.floats(0, 0.999))
def test_the_next_moment_lies_ahead_and_no_further_than_one_interval(now, hertz, phase):
    due = Pace(hertz=hertz, phase=phase).next_after(now)
    assert now - 1e-6 <= due <= now + 1 / hertz + 1e-6


@given(st.integers(0, 2**62), st.integers(0, 99))
def test_what_is_polled_changed_at_most_one_interval_ago_and_never_at_zero(now_ns, index):
    changed = Pace(hertz=1.0, phase=index / 100, stamp=True).last_change_ns(now_ns)
    assert 0 <= now_ns - changed < 1_000_000_000
    assert stamp_of(changed)[0] % 1000 != 0


# --- who reads it --------------------------------------------------------------------------------

ARRIVED_NS = 1_700_000_012_345_670_000  # 12,345.67 ms of its cycle


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("bambu", "layer", 12_343),
        ("moonraker", "layer", 12_343),
        ("octoprint", "left_s", 12_343 * 60),
        ("prusalink", "left_s", 12_343 * 60),
    ],
)
def test_the_listener_reads_the_stamp_where_each_make_carries_it(kind, name, value):
    jobs = Jobs()
    jobs.learn([{"id": "p", "kind": kind, "job": {"layer": None, "left_s": 0, "pct": 1}}], 0)
    patches = {"p": {"job": {name: value, "pct": 50}}}
    ((found, delay),) = jobs.delays(patches, ARRIVED_NS)
    assert (found, delay) == (kind, pytest.approx(2.17, abs=0.01))
    assert jobs.delays(patches, ARRIVED_NS) == []  # nothing new
    ((_, later),) = jobs.delays({"p": {"job": {"pct": 51}}}, ARRIVED_NS)
    assert later == pytest.approx(2.16, abs=0.01)
    assert jobs.delays({"p": {"heaters": []}}, ARRIVED_NS) == []


@pytest.mark.parametrize("mix", MIXES)
def test_a_mix_shares_its_printers_fairly_and_by_turns(mix):
    kinds = MIXES[mix]
    found = entries(mix, 50)
    assert len({entry["id"] for entry in found}) == 50
    counts = [sum(entry["type"] == kind for entry in found) for kind in kinds]
    assert sum(counts) == 50
    assert max(counts) - min(counts) <= 1
    assert {entry["scenario"] for entry in found} == {"printing"}
