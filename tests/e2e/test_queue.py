"""The queue in the browser: filled from the dialog, emptied by the farm, changed by hand."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from simulator.plain_gcode import build_gcode
from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.stage import PHONE, Complaints, FarmProcess, card, drop, entry, settle
from tests.waiting import wait_for

pytestmark = pytest.mark.e2e


def print_file(farm: FarmProcess, name: str, minutes: int = 6) -> bytes:
    """Fits Cedar and Birch as they are loaded."""
    loaded = farm.printer("cedar")["ams"][0]["trays"][0]
    used = [(loaded["type"], loaded["color"], 9.0)]
    plate = PlateSpec(minutes=minutes, name=name)
    return build_gcode_3mf([plate], model="P1S", filaments=used, name=name)


def same_spools(farm: FarmProcess) -> None:
    """Birch holds what Cedar holds, so that a file fits both."""
    for slot, tray in enumerate(farm.printer("cedar")["ams"][0]["trays"]):
        farm.do("birch", "swap_spool", unit=0, slot=slot, type=tray["type"], color=tray["color"])
    pause = threading.Event()
    while [t["color"] for t in farm.printer("birch")["ams"][0]["trays"]] != [
        t["color"] for t in farm.printer("cedar")["ams"][0]["trays"]
    ]:
        assert not pause.wait(0.1)


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    """Two idle printers, one that prints for hours, one that prints plain G-code; auto is off."""
    farm = new_farm(
        [
            entry("cedar", "P1S"), entry("birch", "P1S"), entry("oak", "P1S", "printing"),
            entry("ender", "Ender 3", type="octoprint", api_key="k" * 32),
        ],
        time_scale=2,
    )  # fmt: skip
    for name in ("cedar", "birch", "ender"):
        farm.wait_for(name, "ready")
    farm.wait_for("oak", "printing")
    same_spools(farm)
    assert farm.api("POST", "/api/dispatch/pause", {})[0] == 200
    return farm


@pytest.fixture(autouse=True)
def empty_queue(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "farm" in request.fixturenames:
        farm = request.getfixturevalue("farm")
        for job in waiting(farm):
            assert farm.api("DELETE", f"/api/jobs/{job['id']}")[0] == 200


def waiting(farm: FarmProcess) -> list[dict[str, Any]]:
    """The waiting jobs, in the farm's order."""
    queue = farm.api("GET", "/api/status")[1]["queue"]
    jobs = {job["id"]: job for job in queue["jobs"]}
    return [jobs[name] for name in queue["order"]]


def add(farm: FarmProcess, name: str, **wishes: Any) -> dict[str, Any]:
    """One job straight into the queue."""
    stored = farm.upload(f"{name}.gcode.3mf", print_file(farm, name))
    body = {"file_id": stored["id"], "target": {"any": True}, **wishes}
    status, job = farm.api("POST", "/api/jobs", body)
    assert status == 201, job
    return dict(job)


def open_queue(farm: FarmProcess, new_page: Callable[..., Page], **options: Any) -> Page:
    page = new_page(f"{farm.url}/#/queue", **options)
    settle(page)
    expect(page.get_by_role("heading", name="Queue", exact=True)).to_be_visible()
    return page


def row(page: Page, name: str) -> Locator:
    return page.locator("li.qrow", has=page.get_by_text(name, exact=True))


def names(page: Page) -> Locator:
    return page.locator("li.qrow .q-name b")


def in_menu(page: Page, name: str, item: str) -> None:
    page.get_by_role("button", name=f"More for {name}").click()
    page.locator("#qmenu").get_by_role("button", name=item).click()


def test_three_jobs_go_to_two_printers_one_after_the_other(
    new_farm: Callable[..., FarmProcess], new_page: Callable[..., Page]
) -> None:
    """The third waits until a person has cleared a bed, and then starts by itself."""
    farm = new_farm([entry("cedar", "P1S"), entry("birch", "P1S")], time_scale=60)
    for name in ("cedar", "birch"):
        farm.wait_for(name, "ready")
    same_spools(farm)
    page = open_queue(farm, new_page)
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()
    expect(page.get_by_role("switch", name="Auto dispatch")).to_be_checked()
    for name in ("first", "second", "third"):
        drop(page, ".q-drop, .q-list", f"{name}.gcode.3mf", print_file(farm, name))
        dialog = page.get_by_role("dialog", name="Add to the queue")
        expect(dialog.get_by_role("radio", name="Any P1S")).to_be_checked()
        dialog.get_by_role("button", name="Queue for any P1S").click()
        expect(dialog).to_have_count(0)
    flying = page.locator(".q-fly")
    expect(flying).to_have_count(2)
    expect(flying.filter(has_text="first")).to_be_visible()
    expect(flying.filter(has_text="second")).to_be_visible()
    expect(row(page, "third")).to_contain_text("Waits for one of 2 printers")
    expect(page.locator("#nav-queue b")).to_have_text("1")

    for name in ("cedar", "birch"):
        farm.wait_for(name, "needs_clear")
    for name in ("first", "second"):
        expect(page.locator(".q-end", has_text=name)).to_contain_text("Done")
    expect(row(page, "third")).to_contain_text("2 with a bed to clear")
    page.get_by_role("link", name="Farm", exact=True).click()
    rail = page.get_by_role("region", name="Up next")
    expect(rail).to_contain_text("third")
    page.locator(card("birch")).get_by_role("button", name="Mark clear").click()
    farm.wait_for("birch", "printing")
    expect(rail).to_contain_text("Nothing waits")
    expect(page.locator(card("birch"))).to_contain_text("third")
    assert farm.printer("cedar")["state"] == "needs_clear"
    starts = [r for r in farm.requests("birch") if "project_file" in str(r)]
    assert len(starts) == 2, "each start is sent once"


def test_a_busy_printer_is_queued_for(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    """Start turns into "Queue for Oak", and the footer says what it waits for."""
    page = new_page(farm.url)
    settle(page)
    drop(page, card("oak"), "clip.gcode.3mf", print_file(farm, "clip"))
    dialog = page.get_by_role("dialog", name="Start a print")
    expect(dialog.get_by_role("radio", name=re.compile("^Oak"))).to_be_checked()
    expect(dialog.locator("footer")).to_contain_text("Oak is printing")
    expect(dialog.locator("footer")).to_contain_text("waits in the queue until Oak is free.")
    expect(dialog.get_by_role("button", name=re.compile("^Start"))).to_have_count(0)
    dialog.get_by_label("Copies").fill("3")
    expect(dialog.locator("footer")).to_contain_text("3 copies.")
    dialog.get_by_role("button", name="Queue for Oak").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Show the queue").click()
    expect(row(page, "clip")).to_contain_text("3 copies")
    (job,) = waiting(farm)
    assert (job["target"], job["copies"]) == ({"printer_id": "oak"}, 3)


def test_a_free_printer_is_started_or_queued_for(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(farm.url)
    settle(page)
    drop(page, card("cedar"), "hook.gcode.3mf", print_file(farm, "hook"))
    dialog = page.get_by_role("dialog", name="Start a print")
    expect(dialog.get_by_role("button", name="Start on Cedar")).to_be_enabled()
    dialog.get_by_label("Copies").fill("2")  # a direct start makes one
    expect(dialog.get_by_role("button", name="Queue for Cedar")).to_be_enabled()
    dialog.get_by_label("Copies").fill("1")
    expect(dialog.get_by_role("button", name="Start on Cedar")).to_be_enabled()
    dialog.get_by_role("button", name="Add to queue").click()
    expect(dialog).to_have_count(0)
    (job,) = waiting(farm)
    assert (job["target"], job["name"]) == ({"printer_id": "cedar"}, "hook.gcode.3mf")


def test_a_refusal_keeps_the_dialog_and_its_choices(
    farm: FarmProcess, new_page: Callable[..., Page], complaints: Complaints
) -> None:
    complaints.expected.append("status of 404")
    page = new_page(farm.url)
    settle(page)
    drop(page, card("oak"), "gone.gcode.3mf", print_file(farm, "gone"))
    dialog = page.get_by_role("dialog", name="Start a print")
    dialog.get_by_label("Copies").fill("4")
    dialog.get_by_role("checkbox", name="Timelapse").check()
    expect(dialog.get_by_role("button", name="Queue for Oak")).to_be_enabled()
    (stored,) = [f for f in farm.api("GET", "/api/files")[1]["files"] if "gone" in f["name"]]
    assert farm.api("DELETE", f"/api/files/{stored['id']}")[0] == 204
    said = farm.api("GET", f"/api/files/{stored['id']}")[1]["error"]["message"]
    dialog.get_by_role("button", name="Queue for Oak").click()
    expect(dialog.locator("footer")).to_contain_text(said)
    expect(dialog.get_by_label("Copies")).to_have_value("4")
    expect(dialog.get_by_role("checkbox", name="Timelapse")).to_be_checked()
    expect(dialog.get_by_role("radio", name=re.compile("^Oak"))).to_be_checked()
    assert waiting(farm) == []


def test_the_order_is_changed_by_keys_menu_and_pointer(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    ids = {add(farm, name)["id"]: name for name in ("axle", "bolt", "cog", "disc")}
    page = open_queue(farm, new_page)
    expect(names(page)).to_have_text(["axle", "bolt", "cog", "disc"])

    grip = row(page, "axle").get_by_role("button", name=re.compile("^Move axle"))
    grip.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(names(page)).to_have_text(["bolt", "axle", "cog", "disc"])
    expect(page.locator("#live")).to_contain_text("axle moved to 2 of 4")
    expect(grip).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowDown")  # faster than the answers come
    expect(names(page)).to_have_text(["bolt", "cog", "disc", "axle"])
    expect(page.locator("#live")).to_contain_text("axle moved to 4 of 4")
    page.keyboard.press("Alt+ArrowUp")
    expect(grip).to_be_focused()

    in_menu(page, "disc", "Top")
    expect(names(page)).to_have_text(["disc", "bolt", "cog", "axle"])
    in_menu(page, "disc", "Bottom")
    expect(names(page)).to_have_text(["bolt", "cog", "axle", "disc"])
    page.get_by_role("button", name="More for bolt").click()
    up = page.locator("#qmenu").get_by_role("button", name="Up", exact=True)
    expect(up).to_be_disabled()
    expect(up).to_have_accessible_description("It is first already.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="More for bolt")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#qmenu").get_by_role("button", name="Down")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#qmenu").get_by_role("button", name="Remove")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#qmenu")).to_be_hidden()

    from_, to = (row(page, name).locator(".grip").bounding_box() for name in ("disc", "bolt"))
    assert from_ and to
    page.mouse.move(from_["x"] + 10, from_["y"] + 20)
    page.mouse.down()
    page.mouse.move(to["x"] + 10, to["y"] + 60, steps=4)
    page.mouse.move(to["x"] + 10, to["y"] + 5, steps=4)
    expect(names(page)).to_have_text(["disc", "bolt", "cog", "axle"])
    page.mouse.up()
    expect(page.locator("#live")).to_contain_text("disc moved to 1 of 4")
    expect(names(page)).to_have_text(["disc", "bolt", "cog", "axle"])
    wanted = ["disc", "bolt", "cog", "axle"]  # the page shows it before the farm has answered
    wait_for(lambda: [ids[job["id"]] for job in waiting(farm)] == wanted, "the new order")

    page.mouse.move(to["x"] + 10, to["y"] + 20)
    page.mouse.down()
    page.mouse.move(from_["x"] + 10, from_["y"] + 40, steps=8)
    expect(names(page).last).to_have_text("disc")
    page.keyboard.press("Escape")
    expect(names(page)).to_have_text(["disc", "bolt", "cog", "axle"])
    page.mouse.up()
    wait_for(lambda: [ids[job["id"]] for job in waiting(farm)] == wanted, "the new order")


def test_hold_release_duplicate_remove_and_undo(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    for name in ("gear", "pulley"):
        add(farm, name)
    page = open_queue(farm, new_page)
    in_menu(page, "gear", "Hold")
    expect(row(page, "gear").locator(".pill")).to_have_text("Held")
    expect(row(page, "gear")).to_contain_text("Held until somebody releases it.")
    assert [job["state"] for job in waiting(farm)] == ["held", "queued"]
    in_menu(page, "gear", "Release")
    expect(row(page, "gear").locator(".pill")).to_have_text("Waiting")

    in_menu(page, "pulley", "Duplicate")
    expect(names(page)).to_have_text(["gear", "pulley", "pulley"])

    in_menu(page, "gear", "Remove")
    expect(names(page)).to_have_text(["pulley", "pulley"])
    expect(page.get_by_role("button", name="More for pulley").first).to_be_focused()
    done = page.get_by_role("region", name="Done today")
    expect(done.locator("li", has_text="gear").first).to_contain_text("Removed")
    page.get_by_role("button", name="Undo").click()
    expect(names(page)).to_have_text(["gear", "pulley", "pulley"])
    in_menu(page, "gear", "Remove")
    expect(names(page)).to_have_text(["pulley", "pulley"])
    done.get_by_role("button", name="Retry gear").first.click()
    expect(names(page)).to_have_text(["pulley", "pulley", "gear"])


def test_an_edit_on_old_news_says_so_and_loses_nothing(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    job = add(farm, "lamp")
    page = open_queue(farm, new_page)
    in_menu(page, "lamp", "Edit…")
    dialog = page.get_by_role("dialog", name="Edit lamp")
    dialog.get_by_label("Copies").fill("5")
    dialog.get_by_label("Printer").select_option("Any P1S")
    dialog.get_by_label("Notes").fill("In blue")
    change = {"rev": job["rev"], "priority": 2}
    status, changed = farm.api("PATCH", f"/api/jobs/{job['id']}", change)
    assert status == 200, changed
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("has changed since you looked")
    expect(dialog.get_by_label("Copies")).to_have_value("5")
    expect(row(page, "lamp")).to_contain_text("priority +2")
    (now,) = waiting(farm)
    assert (now["copies"], now["notes"]) == (1, "")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(row(page, "lamp")).to_contain_text("5 copies")
    expect(row(page, "lamp")).to_contain_text("In blue")
    (now,) = waiting(farm)
    assert (now["copies"], now["target"]) == (5, {"model": "P1S"})


def saved(farm: FarmProcess, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The one job that waits, once that holds: a dialog closes before the farm has answered."""
    pause = threading.Event()
    for _ in range(100):
        (job,) = waiting(farm)
        if holds(job):
            break
        pause.wait(0.1)
    return dict(job)


def test_a_deadline_and_a_filament_are_wished_for_and_taken_back(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    """By keyboard alone, in the phone's width."""
    add(farm, "jar")
    page = open_queue(farm, new_page, viewport=PHONE)
    in_menu(page, "jar", "Edit…")
    dialog = page.get_by_role("dialog", name="Edit jar")
    expect(dialog.get_by_role("combobox", name="Colour", exact=True)).to_be_hidden()
    dialog.get_by_label("Done by").fill("2027-03-04T08:30")
    dialog.get_by_label("Made of").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_label("Made of")).to_have_value("family")
    page.keyboard.press("Tab")
    page.keyboard.type("PLA")
    dialog.get_by_role("combobox", name="Colour", exact=True).select_option("Black")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(dialog).to_have_count(0)
    now = saved(farm, lambda job: bool(job["filament"]))
    wish = {"index": 0, "match": "family", "type": "PLA", "color": "101214"}
    assert now["filament"] == [wish] and now["deadline"] is not None
    expect(row(page, "jar")).to_contain_text("Done by")
    in_menu(page, "jar", "Edit…")
    expect(dialog.get_by_role("combobox", name="Colour", exact=True)).to_have_value("101214")
    dialog.get_by_label("Made of").select_option("free")
    dialog.get_by_label("Done by").fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    now = saved(farm, lambda job: not job["filament"])
    assert (now["filament"], now["deadline"]) == ([], None)


def test_a_wish_in_the_dialog_makes_it_a_job_of_the_queue(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = open_queue(farm, new_page)
    content = print_file(farm, "cup")
    drop(page, "main", "cup.gcode.3mf", content)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name=re.compile("Cedar")).check()
    dialog.get_by_label("Made of").select_option("exact")
    expect(dialog.get_by_role("button", name="Queue for Cedar")).to_be_enabled()
    dialog.get_by_role("button", name="Queue for Cedar").click()
    expect(row(page, "cup")).to_be_visible()
    (now,) = waiting(farm)
    assert now["filament"] == [{"index": 0, "match": "exact", "type": "", "color": ""}]


def test_what_an_edit_may_not_be_is_said_in_the_dialog(
    farm: FarmProcess, new_page: Callable[..., Page], complaints: Complaints
) -> None:
    complaints.expected.append("status of 422")
    add(farm, "vase")
    page = open_queue(farm, new_page)
    in_menu(page, "vase", "Edit…")
    dialog = page.get_by_role("dialog", name="Edit vase")
    dialog.get_by_label("Not before").fill("2199-01-01T08:00")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("A job can wait for a year at most.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)


def nameless(farm: FarmProcess, name: str) -> str:
    """A file that does not say which model it is for; its id."""
    lines = build_gcode(name, "Ender 3", minutes=9).decode().splitlines()
    content = "\n".join(line for line in lines if "TARGET_MACHINE" not in line).encode()
    return str(farm.upload(f"{name}.gcode", content)["id"])


def test_a_held_job_asks_what_a_person_must_check(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    """As slicers send it."""
    body = {
        "file_id": nameless(farm, "hook"), "target": {"printer_id": "ender"}, "held": True,
        "notes": "Waits for your yes: which model?",
    }  # fmt: skip
    status, job = farm.api("POST", "/api/jobs", body)
    assert status == 201, job
    page = open_queue(farm, new_page)
    box = row(page, "hook").locator(".q-ask")
    expect(box).to_contain_text("does not say")
    yes = box.get_by_role("button", name=re.compile("^I have checked this: .*does not say"))
    yes.click()
    expect(box).to_be_hidden()
    expect(row(page, "hook").locator(".pill")).to_have_text("Waiting")
    (now,) = waiting(farm)
    assert (now["state"], now["confirm"], now["notes"]) == ("queued", ["unknown_model"], "")


def test_why_it_waits_printer_by_printer(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    add(farm, "wheel", target={"printer_ids": ["oak", "ender"]})
    page = open_queue(farm, new_page)
    expect(row(page, "wheel")).to_contain_text("Any of Oak, Ender")
    row(page, "wheel").get_by_role("button", name="Printer by printer").click()
    reasons = row(page, "wheel").locator(".q-each li")
    expect(reasons.filter(has_text="Oak").first).to_contain_text("Oak is printing")
    expect(reasons.filter(has_text="Ender").first).to_contain_text("this is a Bambu print file")


def test_pausing_and_one_pass_by_hand(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    add(farm, "knob", target={"printer_id": "oak"})
    page = open_queue(farm, new_page)
    auto = page.get_by_role("switch", name="Auto dispatch")
    expect(auto).not_to_be_checked()
    expect(page.locator(".q-notice")).to_contain_text("The queue is paused")
    page.get_by_role("button", name="Dispatch now").click()
    expect(page.locator(".toast")).to_contain_text("The queue is paused")
    auto.click()
    expect(auto).to_be_checked()
    expect(page.locator(".q-notice")).to_be_hidden()
    expect(row(page, "knob")).to_contain_text("Oak is printing")
    page.get_by_role("button", name="Dispatch now").click()
    expect(page.locator(".toast").last).to_contain_text("Nothing can go now.")
    auto.click()
    expect(auto).not_to_be_checked()
    assert farm.api("GET", "/api/dispatch/status")[1]["paused"]["on"] is True


def test_the_queue_on_a_phone_and_by_its_key(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    add(farm, "a-name-that-is-as-long-as-only-customers-can-make-them_final_v12_really", copies=9)
    page = new_page(farm.url, viewport=PHONE, has_touch=True)
    settle(page)
    page.keyboard.press("g")
    page.keyboard.press("q")
    expect(page.locator("li.qrow")).to_have_count(1)
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    for button in page.locator(".queue-page button:visible").all():
        box = button.bounding_box()
        assert box and min(box["width"], box["height"]) >= 24, button.inner_text()


def test_a_yes_lets_a_waiting_job_go(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    body = {"file_id": nameless(farm, "clamp"), "target": {"printer_id": "ender"}}
    assert farm.api("POST", "/api/jobs", body)[0] == 201
    assert farm.api("POST", "/api/dispatch/resume", {})[0] == 200
    page = open_queue(farm, new_page)
    expect(row(page, "clamp").locator(".pill")).to_have_text("Needs you")
    assert farm.printer("ender")["state"] == "ready"
    row(page, "clamp").get_by_role("button", name=re.compile("^I have checked this")).click()
    sent = page.locator(".q-fly", has_text="clamp")
    expect(sent).to_contain_text("Ender")
    farm.wait_for("ender", "printing")
    expect(sent.get_by_role("progressbar", name="clamp on Ender, progress")).to_be_visible()
    assert farm.api("POST", "/api/dispatch/pause", {})[0] == 200
