"""A start without effect: the panel asks, waits out the quiet period and answers by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from simulator.plain_gcode import build_gcode
from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.stage import FarmProcess, card, entry, settle

pytestmark = pytest.mark.e2e
TIMING = {"evidence_s": 2.0, "quiet_s": 4.0, "cleanup_delay_s": 0.2}


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    farm = new_farm(
        [entry("raven", "Voron 2.4", type="moonraker"), entry("cedar", "P1S")],
        time_scale=60,
        environment={"FARM_TIMING": json.dumps(TIMING)},
        entry=("-m", "bench.quick_server"),
    )
    for name in ("raven", "cedar"):
        farm.wait_for(name, "ready")
    return farm


def uncertain(farm: FarmProcess, name: str) -> str:
    """The id of a job whose start the printer has not taken."""
    if farm.printer("raven")["state"] == "needs_clear":
        assert farm.api("POST", "/api/printers/raven/mark-clear", {})[0] == 202
    farm.knobs("raven", ignore_commands="start")
    stored = farm.upload(f"{name}.gcode", build_gcode(name, "Voron 2.4", 8, 60))
    body = {"file_id": stored["id"], "plate": 1, "confirm": ["all"]}
    status, job = farm.api("POST", "/api/printers/raven/start", body)
    assert status in (200, 201, 202), job
    farm.wait_for("raven", "needs_human")
    farm.knobs("raven", ignore_commands="")
    return str(farm.printer("raven")["job"]["job_id"])


def test_nothing_started_is_answered_once_and_said_when_it_is_sure(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(farm.url)
    settle(page)
    job_id = uncertain(farm, "clip")
    page.locator(card("raven")).get_by_role("button", name="Decide…").click()
    page.get_by_role("button", name="No, nothing started").click()
    waiting = page.get_by_role("dialog", name="Waiting for Raven to stay quiet")
    expect(waiting).to_contain_text("The file was removed from Raven.")
    expect(waiting).to_contain_text(re.compile(r"[1-4]\ss left"))
    assert farm.api("GET", f"/api/jobs/{job_id}")[1]["state"] == "needs_human"
    expect(waiting).to_have_count(0)
    farm.wait_for("raven", "needs_clear")
    job = farm.api("GET", f"/api/jobs/{job_id}")[1]
    assert (job["state"], job["error"]["code"]) == ("failed", "not_started")


def test_who_leaves_the_countdown_answers_again_later(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(farm.url)
    settle(page)
    job_id = uncertain(farm, "hook")
    decide = page.locator(card("raven")).get_by_role("button", name="Decide…")
    decide.click()
    page.get_by_role("button", name="No, nothing started").click()
    waiting = page.get_by_role("dialog", name="Waiting for Raven to stay quiet")
    waiting.get_by_role("button", name="Close").click()
    expect(waiting).to_have_count(0)
    page.wait_for_timeout(TIMING["quiet_s"] * 1000 + 500)
    assert farm.api("GET", f"/api/jobs/{job_id}")[1]["state"] == "needs_human", "not without them"
    decide.click()
    page.get_by_role("button", name="No, nothing started").click()
    farm.wait_for("raven", "needs_clear")
    expect(page.get_by_role("dialog")).to_have_count(0)


def silent_start(farm: FarmProcess, name: str) -> str:
    """The id of a job of the queue whose start Cedar took in without any echo."""
    farm.knobs("cedar", start_delay_s=100_000.0)
    tray = farm.printer("cedar")["ams"][0]["trays"][0]
    used = [(tray["type"], tray["color"], 9.0)]
    content = build_gcode_3mf([PlateSpec(minutes=6, name=name)], model="P1S", filaments=used)
    body = {
        "file_id": farm.upload(f"{name}.gcode.3mf", content)["id"],
        "target": {"printer_id": "cedar"},
        "confirm": ["all"],
    }
    status, job = farm.api("POST", "/api/jobs", body)
    assert status == 201, job
    farm.wait_for("cedar", "needs_human")
    return str(job["id"])


def test_the_queue_page_asks_with_its_evidence_and_takes_the_answer(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(f"{farm.url}/#/queue")
    settle(page)
    job_id = silent_start(farm, "planter")
    row = page.locator(f'.q-fly[data-id="{job_id}"]')
    expect(row).to_contain_text("Your answer, please")
    expect(row.locator(".q-left")).not_to_be_empty()
    row.get_by_role("button", name="Decide… planter").press("Enter")
    dialog = page.get_by_role("dialog", name="Did planter start on Cedar?")
    evidence = farm.api("GET", f"/api/jobs/{job_id}")[1]["evidence"]
    assert evidence
    lines = dialog.locator(".evidence li")
    expect(lines).to_have_count(len(evidence))
    for number, item in enumerate(evidence):
        expect(lines.nth(number)).to_contain_text(item["text"])
    for name in ("Give this job up", "No, nothing started", "Yes, it prints"):
        expect(dialog.get_by_role("button", name=name)).to_be_enabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert farm.api("GET", f"/api/jobs/{job_id}")[1]["state"] == "needs_human", "Esc is no answer"
    row.get_by_role("button", name="Decide… planter").click()
    dialog.get_by_role("button", name="Yes, it prints").click()
    ended = page.get_by_role("dialog", name="How did planter end on Cedar?")
    for name in ("No, nothing started", "It failed", "It is good"):
        expect(ended.get_by_role("button", name=name)).to_be_enabled()
    page.keyboard.press("Escape")
    expect(ended).to_have_count(0)
    assert farm.api("GET", f"/api/jobs/{job_id}")[1]["state"] == "needs_human", "it does not print"
    row.get_by_role("button", name="Decide… planter").click()
    dialog.get_by_role("button", name="Give this job up").click()
    expect(row).to_have_count(0)
    assert farm.api("GET", f"/api/jobs/{job_id}")[1]["state"] == "failed"
