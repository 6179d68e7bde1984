"""Nothing of the farm's surroundings goes out with a request, and nothing of the answer stays."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from requests.adapters import HTTPAdapter

from core.web_session import private_session


class _Curious(BaseHTTPRequestHandler):
    """Sets a cookie, and says what it was given."""

    def do_GET(self) -> None:
        told = f"{self.headers.get('Cookie')} {self.headers.get('Authorization')}".encode()
        self.send_response(200)
        self.send_header("Set-Cookie", "who=farm; Path=/")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_args: object) -> None:
        """Not on the tests' page."""


@pytest.fixture
def server() -> HTTPServer:
    return HTTPServer(("127.0.0.1", 0), _Curious)


def test_no_cookie_no_password_file_and_no_proxy(
    server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hush\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with private_session() as session:
            url = f"http://127.0.0.1:{server.server_port}/"
            said = [session.get(url, timeout=30).text for _ in range(2)]
            assert said == ["None None", "None None"] and not session.cookies
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_each_scheme_has_an_adapter_of_its_own() -> None:
    made: list[HTTPAdapter] = []

    def make() -> HTTPAdapter:
        made.append(HTTPAdapter(max_retries=0))
        return made[-1]

    session = private_session(make)
    assert [session.get_adapter(f"{s}://x/") for s in ("https", "http")] == made
