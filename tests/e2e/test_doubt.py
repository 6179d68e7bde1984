"""A start without effect: the panel asks, waits out the quiet period and answers by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from simulator.plain_gcode import build_gcode
from tests.e2e.stage import FarmProcess, card, entry, settle

pytestmark = pytest.mark.e2e
TIMING = {"evidence_s": 2.0, "quiet_s": 4.0, "cleanup_delay_s": 0.2}


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    farm = new_farm(
        [entry("raven", "Voron 2.4", type="moonraker")],
        time_scale=60,
        environment={"FARM_TIMING": json.dumps(TIMING)},
        entry=("-m", "bench.quick_server"),
    )
    farm.wait_for("raven", "ready")
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
