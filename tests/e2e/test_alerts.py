"""The Alerts page in a real browser: what is open, seen, muted, tested; and the browser's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.alerts.servers.hook import SECRET, HookServer
from tests.e2e.stage import PHONE, Complaints, FarmProcess, entry, settle
from tests.e2e.test_accessibility import violations

LONG_MS = 60_000


@pytest.fixture(scope="module")
def hook() -> Iterator[HookServer]:
    hook = HookServer()
    yield hook
    hook.close()
    assert hook.violations == []


@pytest.fixture(scope="module")
def alert_farm(new_farm: Callable[..., FarmProcess], hook: HookServer) -> FarmProcess:
    channels = [
        {"name": "workshop", "type": "webhook", "url": hook.url, "secret": SECRET},
        {"name": "nowhere", "type": "webhook", "url": "http://127.0.0.1:1/x"},
        {"name": "browsers", "type": "web_push", "contact": "mailto:me@example.org"},
    ]
    rules = [{"name": "all", "channels": ["workshop"], "events": ["now", "soon"]}]
    printers = [
        entry("alder", "P1S", "fault_hms"), entry("birch", "A1", "paused_filament"),
        entry("cedar", "X1C"),
    ]  # fmt: skip
    return new_farm(printers, settings={"alerts": {"channels": channels, "rules": rules}})


@pytest.mark.e2e
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_what_is_open_with_its_picture(
    alert_farm: FarmProcess, new_page: Callable[..., Page], size: str
) -> None:
    more = {"viewport": PHONE} if size == "phone" else {}
    page = new_page(f"{alert_farm.url}/#/alerts", **more)
    rows = page.locator(".alerts > li")
    expect(rows.filter(has_text="Birch").first).to_contain_text("Filament", timeout=LONG_MS)
    fault = rows.filter(has_text="Alder").first
    expect(fault).to_contain_text("Fault")
    picture = fault.locator("img")
    expect(picture).to_be_visible(timeout=LONG_MS)
    assert picture.evaluate("async img => { await img.decode(); return img.naturalWidth }") >= 640
    fault.locator(".al-pic").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("img")).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Close").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.e2e
def test_seen_in_one_page_is_seen_in_the_other(
    alert_farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    here, there = (new_page(f"{alert_farm.url}/#/alerts") for _ in range(2))
    row = here.locator(".alerts > li").filter(has_text="Birch").first
    expect(row).to_be_visible(timeout=LONG_MS)
    words = row.locator(".al-text").inner_text()
    badge = there.locator("#nav-alerts b")
    before = int(badge.inner_text())
    row.get_by_role("button", name="Acknowledge").click()
    expect(badge).to_have_text(str(before - 1))
    other = there.locator(".alerts > li").filter(has_text=words)
    expect(other).to_contain_text("Seen")
    expect(other.get_by_role("button", name="Acknowledge")).to_be_hidden()


@pytest.mark.e2e
def test_mute_a_printer_and_unmute_it(
    alert_farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(f"{alert_farm.url}/#/alerts")
    row = page.locator(".alerts > li").filter(has_text="Alder").first
    row.get_by_role("button", name="Mute Alder").click()
    page.get_by_role("button", name="For 1 hour").locator("visible=true").click()
    expect(row).to_contain_text("Muted")
    card = page.locator("section", has=page.get_by_role("heading", name="Muted"))
    expect(card).to_contain_text("Alder")
    expect(card).to_contain_text("until")
    assert violations(page) == []
    card.get_by_role("button", name="Unmute").click()
    expect(card).to_be_hidden()
    expect(row).not_to_contain_text("Muted")


@pytest.mark.e2e
def test_a_channel_is_tested_and_says_why_it_fails(
    alert_farm: FarmProcess, new_page: Callable[..., Page], hook: HookServer
) -> None:
    page = new_page(f"{alert_farm.url}/#/alerts")
    before = len(hook.taken)
    page.get_by_role("button", name="Send a test: workshop").click()
    hook.wait_for(before + 1, timeout=30)
    failing = page.locator("li", has=page.get_by_role("button", name="Send a test: nowhere"))
    failing.get_by_role("button").click()
    expect(failing).to_contain_text("The test of", timeout=LONG_MS)
    assert "127.0.0.1:1/x" not in failing.inner_text()


@pytest.mark.e2e
def test_what_was_sent_and_what_is_over(
    alert_farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(f"{alert_farm.url}/#/alerts")
    page.get_by_role("tab", name="Sent").click()
    expect(page.locator(".alerts > li").first).to_contain_text("workshop", timeout=LONG_MS)
    expect(page.locator(".alerts > li").filter(has_text="sent").first).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Resolved")).to_have_attribute("aria-selected", "true")
    alert_farm.do("alder", "power_cycle")
    row = page.locator(".alerts > li").filter(has_text="Alder")
    expect(row.first).to_contain_text("Ended", timeout=LONG_MS)
    assert violations(page) == []


@pytest.mark.e2e
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_list_that_cannot_be_loaded(
    alert_farm: FarmProcess, new_page: Callable[..., Page], complaints: Complaints, scheme: str
) -> None:
    complaints.expected.append("net::ERR_FAILED")
    page = new_page(f"{alert_farm.url}/#/alerts", viewport=PHONE, color_scheme=scheme)
    expect(page.locator(".alerts > li").first).to_be_visible(timeout=LONG_MS)
    page.route("**/api/alerts/sent?*", lambda route: route.abort())
    page.route("**/api/alerts/channels", lambda route: route.abort())
    page.get_by_role("tab", name="Sent").click()
    lost = page.get_by_text("The alerts could not be loaded.")
    expect(lost).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("tabpanel").locator("li")).to_have_count(0)
    assert violations(page) == []
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Open")).to_be_focused()
    expect(page.locator(".alerts > li").first).to_be_visible()
    expect(lost).to_be_hidden()
    page.unroute_all()
    page.get_by_role("tab", name="Sent").click()
    expect(page.locator(".alerts > li").first).to_contain_text("workshop", timeout=LONG_MS)
    assert violations(page) == []


@pytest.mark.e2e
def test_a_pushed_message_becomes_a_notification(
    alert_farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    """The service worker itself; the push service of the browser's maker is out of reach here."""
    page = new_page(f"{alert_farm.url}/#/alerts")
    settle(page)
    page.context.grant_permissions(["notifications"], origin=alert_farm.url)
    line = page.context.new_cdp_session(page)
    found: list[str] = []
    line.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda said: found.extend(one["registrationId"] for one in said["registrations"]),
    )
    line.send("ServiceWorker.enable")
    page.evaluate(
        """async () => {
            const { workerUrl } = await import('/static/js/workers.js');
            await navigator.serviceWorker.register(workerUrl('push'), { scope: '/' });
            await navigator.serviceWorker.ready;
        }"""
    )
    for _ in range(100):  # the browser tells of it while the page is waited for
        if found:
            break
        page.wait_for_timeout(50)
    content = {
        "title": "Alder", "body": "Alder reports a fault.", "tag": "m1", "level": "now",
        "url": "/#/p/alder",
    }  # fmt: skip
    line.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": alert_farm.url, "registrationId": found[-1], "data": json.dumps(content)},
    )
    shown = page.evaluate(
        """async () => {
            const worker = await navigator.serviceWorker.ready;
            for (let turn = 0; turn < 200; turn += 1) {
                const [one] = await worker.getNotifications();
                if (one) return [one.title, one.body, one.requireInteraction];
                await new Promise((done) => setTimeout(done, 50));
            }
            return null;
        }"""
    )
    assert shown == ["Alder", "Alder reports a fault.", True]


@pytest.mark.e2e
def test_the_open_page_notifies_of_what_is_new(
    alert_farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(f"{alert_farm.url}/#/alerts", permissions=["notifications"])
    settle(page)
    page.evaluate(
        """() => {
            window.told = [];
            const Real = Notification;
            window.Notification = class extends Real {
                constructor(title, more) { super(title, more); told.push([title, more.body]); }
            };
        }"""
    )
    page.get_by_label("While this page is open").check()
    page.wait_for_function("localStorage.notify === 'on'")
    files = alert_farm.api("GET", "/api/printers/cedar/files")[1]["files"]
    alert_farm.do("cedar", "start_local", name=next(f["name"] for f in files if not f["folder"]))
    alert_farm.wait_for("cedar", "printing")
    alert_farm.do("cedar", "pause")
    found = page.wait_for_function("() => told.length && told[0]", timeout=LONG_MS).json_value()
    assert found[0] == "Cedar" and "paused" in found[1]
    page.get_by_label("While this page is open").uncheck()
    assert page.evaluate("localStorage.notify") == "off"


def test_the_worker_keeps_nothing(tmp_path: Path) -> None:
    """A page of yesterday would lie about printers."""
    del tmp_path
    text = (Path(__file__).parents[2] / "static" / "sw.js").read_text("utf-8")
    assert "caches" not in text and "fetch" not in text
