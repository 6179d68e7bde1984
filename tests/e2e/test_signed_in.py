"""A farm with a password: all of the page works for who signed in, nothing for anybody else."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import Complaints, FarmProcess, card, entry, settle

pytestmark = pytest.mark.e2e
USER, PASSWORD = "ada", "a long pass phrase"
CREDENTIALS = {"username": USER, "password": PASSWORD}


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    return new_farm(
        [entry("cedar", "P1S"), entry("oak", "P1S", "printing")],
        environment={"DASH_USER": USER, "DASH_PASS": PASSWORD},
    )


def test_page_live_data_and_camera_work_with_credentials(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(farm.url, http_credentials=CREDENTIALS)
    settle(page)
    expect(page.locator(f"{card('oak')} pf-state")).to_contain_text("Printing", timeout=20_000)
    picture = page.locator(f"{card('oak')} .shot img")
    expect(picture).to_be_visible(timeout=20_000)
    assert picture.evaluate("img => img.naturalWidth") > 0
    page.locator(card("oak")).get_by_role("link", name="Oak").click()
    expect(page.locator(".cam")).to_contain_text("Live", timeout=20_000)
    status, answer = farm.api("POST", "/api/printers/oak/light", {"on": False}, (USER, PASSWORD))
    assert status == 202, answer


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/status"),
        ("GET", "/api/ws"),
        ("GET", "/api/camera/snapshot?printer_id=oak"),
        ("GET", "/static/js/app.js"),
        ("POST", "/api/printers/oak/stop"),
        ("POST", "/api/files"),
    ],
)
def test_without_credentials_everything_answers_401(
    farm: FarmProcess, method: str, path: str
) -> None:
    assert farm.api(method, path)[0] == 401
    assert farm.api(method, path, auth=(USER, "wrong"))[0] == 401


@pytest.fixture
def other_site(farm: FarmProcess) -> Iterator[str]:
    """A page elsewhere that sends a form to the farm as soon as somebody opens it."""
    page = f"""<!doctype html><title>Kittens</title>
        <iframe name="out"></iframe>
        <form method="post" target="out" enctype="text/plain"
              action="{farm.url}/api/printers/oak/stop"><input name='{{"a":"' value='"}}'></form>
        <script>
          document.forms[0].submit();
          fetch('{farm.url}/api/printers/oak/pause',
                {{ method: 'POST', mode: 'no-cors', credentials: 'include', body: '{{}}' }})
            .catch(() => null).then(() => {{ document.title = 'sent'; }});
          const socket = new WebSocket('{farm.url.replace("http", "ws")}/api/ws');
          socket.onopen = () => document.body.append('socket open');
          socket.onclose = () => document.body.append('socket closed');
        </script>""".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="other-site")
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_another_site_cannot_use_the_session(
    farm: FarmProcess, new_page: Callable[..., Page], other_site: str, complaints: Complaints
) -> None:
    complaints.expected += ["403", "WebSocket connection", "frame", "Frame", "404", "ERR_BLOCKED"]
    page = new_page(farm.url, http_credentials=CREDENTIALS)
    settle(page)
    expect(page.locator(f"{card('oak')} pf-state")).to_contain_text("Printing", timeout=20_000)
    page.goto(other_site)
    page.wait_for_function("document.title === 'sent'")
    expect(page.locator("body")).to_contain_text("socket closed")
    assert "socket open" not in page.inner_text("body")
    request = urllib.request.Request(other_site)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert b"Kittens" in answer.read()
    asked = str(farm.requests("oak"))
    assert '"stop"' not in asked and "'stop'" not in asked and "'pause'" not in asked
    page.goto(farm.url)
    expect(page.locator(f"{card('oak')} pf-state")).to_contain_text("Printing")
