"""Reading: status, one printer, history, the page and its files; no secret anywhere."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.secret import Secret
from printers.status import Heater
from web.pages import IndexPage
from web.state import State
from web.status_body import StatusBody
from web.temperatures import COARSE_LEN, FINE_LEN, FINE_S, MOST, TemperatureHistory


def test_status_and_its_etag(farm: Any, kit: Any) -> None:
    client = farm.app.test_client()
    first = client.get("/api/status")
    assert [doc["id"] for doc in first.json["printers"]] == ["alder", "birch"]
    assert first.json["seq"] == farm.services.hub.state.seq
    assert first.json["farm"]["total"] == 2
    queue = first.json["queue"]
    assert (queue["jobs"], queue["auto"], queue["order"]) == ([], True, [])
    kit.wait_for(lambda: farm.services.hub.state.farm)
    etag = client.get("/api/status").headers["ETag"]
    again = client.get("/api/status", headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.data == b""
    farm.printer().report(kit.make_status("alder", nozzle=99.0))
    kit.wait_for(lambda: farm.doc()["temps"]["nozzle"][0] == 99)
    fresh = client.get("/api/status", headers={"If-None-Match": etag})
    assert fresh.status_code == 200
    assert fresh.json["printers"][0]["temps"]["nozzle"][0] == 99
    assert fresh.json["printers"][1] == first.json["printers"][1]


def test_one_printer_by_either_route(farm: Any) -> None:
    client = farm.app.test_client()
    one = client.get("/api/status?printer_id=birch").json
    assert one["id"] == "birch"
    assert client.get("/api/printer/birch").json == one
    for path in ("/api/status?printer_id=x", "/api/printer/x", "/api/printers/x/temps"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json["error"]["code"] == "printer_not_found"


def test_liveness(farm: Any, kit: Any) -> None:
    client = farm.app.test_client()
    assert client.get("/api/").data == b"OK"
    assert client.get("/api/").mimetype == "text/plain"
    kit.wait_for(lambda: farm.services.hub.state.farm.get("online") == 2)
    body = client.get("/healthz").json
    assert body["status"] == "ok"
    assert body["printers"] == {"total": 2, "online": 2}
    assert body["version"] == "0.0.1"


def test_errors_have_one_shape(farm: Any) -> None:
    client = farm.app.test_client()
    for path, status in (("/api/nothing", 404), ("/nothing", 404), ("/static/none.js", 404)):
        answer = client.get(path)
        assert answer.status_code == status
        assert set(answer.json["error"]) == {"code", "message", "details"}
    assert client.put("/api/status").status_code == 405
    assert "GET" in client.put("/api/status").headers["Allow"]
    assert client.get("/static/../api_server.py").status_code == 404
    assert client.get("/static/%2e%2e/api_server.py").status_code == 404


def test_a_bug_becomes_a_plain_500(
    farm: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(TemperatureHistory, "read", broken)
    answer = farm.app.test_client().get("/api/printers/alder/temps")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text


def test_the_page_carries_the_farm_safely(make_farm: Any, kit: Any) -> None:
    farm = make_farm()
    nasty = "</script><img src=x onerror=alert(1)>\u2028"
    farm.printer().report(kit.make_status("alder", name=nasty))
    kit.wait_for(lambda: farm.doc()["name"] == nasty)
    page = farm.app.test_client().get("/")
    assert page.mimetype == "text/html"
    head, _, rest = page.text.partition('<script type="application/json" id="boot">')
    boot, _, _ = rest.partition("</script>")
    assert "<" not in boot
    assert "<img src=x" not in page.text
    snapshot = json.loads(boot)
    assert snapshot["t"] == "snapshot"
    assert snapshot["printers"][0]["name"] == nasty
    assert snapshot["server"]["version"] == "0.0.1"
    assert head.startswith("<!doctype html>")


def test_a_changed_or_missing_page(tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    path.write_text('<script type="application/json" id="boot"></script>!')
    page = IndexPage(path)
    assert page.render(b'{"a":"<"}').endswith(b'id="boot">{"a":"\\u003c"}</script>!')
    path.write_text('<p><script type="application/json" id="boot">x</script>')
    assert page.render(b"{}").startswith(b"<p>") or path.stat().st_mtime_ns
    path.unlink()
    from core.errors import NotFound

    with pytest.raises(NotFound):
        page.render(b"{}")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("js/store.js", "text/javascript"),
        ("icons.svg", "image/svg+xml"),
        ("css/base.css", "text/css"),
    ],
)
def test_static_files_have_pinned_types_and_etags(farm: Any, path: str, kind: str) -> None:
    client = farm.app.test_client()
    with client.get(f"/static/{path}") as answer:
        assert answer.status_code == 200
        assert answer.mimetype == kind
        assert answer.headers["Cache-Control"] == "no-cache"
        etag = answer.headers["ETag"]
    with client.get(f"/static/{path}", headers={"If-None-Match": etag}) as again:
        assert again.status_code == 304


def test_no_secret_leaves_by_any_get(
    make_farm: Any, kit: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Canaries: the printers' access codes and the farm's own password (test 12)."""
    caplog.set_level(logging.DEBUG)
    farm = make_farm(user="owner", password=Secret(kit.password))
    farm.cameras.show("alder", b"\xff\xd8jpeg")
    client = farm.app.test_client()
    seen = 0
    for rule in farm.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.websocket:
            continue
        numbers = ("plate", "attempt")
        built = rule.build({name: 1 if name in numbers else "alder" for name in rule.arguments})
        assert built is not None
        with client.get(f"{built[1]}?printer_id=alder", headers=kit.basic()) as answer:
            seen += answer.status_code == 200
            for canary in (kit.canary, kit.password):
                assert canary.encode() not in answer.data, built[1]
                assert canary not in str(answer.headers)
    assert seen > 12
    diagnostics = client.get("/api/diag?printer_id=alder", headers=kit.basic()).json
    assert diagnostics["diagnostics"]["code"] == "***"
    assert kit.canary not in caplog.text
    assert kit.password not in caplog.text


def test_history_keeps_hours_at_fixed_memory(kit: Any) -> None:
    history = TemperatureHistory()
    start = 1_800_000_000.0
    for second in range(0, 8 * 3600, 2):
        history.observe(kit.make_status("alder", nozzle=second % 250, observed_at=start + second))
    fine, coarse = history.read("alder"), history.read("alder", fine=False)
    assert len(fine["at"]) == len(fine["nozzle"]["current"]) == FINE_LEN
    assert len(coarse["at"]) == COARSE_LEN
    assert fine["at"][-1] == start + 8 * 3600 - 4
    assert {round(b - a) for a, b in zip(fine["at"], fine["at"][1:], strict=False)} == {FINE_S}
    assert fine["nozzle"]["current"][-1] == (8 * 3600 - 4) % 250
    assert fine["bed"]["target"][0] == 0.0
    assert "chamber" not in fine
    assert history.read("nobody")["at"] == []


def test_temperatures_and_files_of_a_printer(farm: Any) -> None:
    client = farm.app.test_client()
    answer = client.get("/api/printers/alder/temps").json
    assert answer["nozzle"]["current"] == [25.0]
    assert client.get("/api/printers/alder/temps?range=long").json["step_s"] == 60.0
    files = client.get("/api/printers/alder/files?folder=/cache").json["files"]
    assert files[0]["name"] == "gear.3mf"
    assert client.get("/api/printers/alder/files?folder=/../etc").status_code == 400


def test_pictures(farm: Any) -> None:
    import io

    from PIL import Image

    client = farm.app.test_client()
    missing = client.get("/api/printer/alder/image")
    assert missing.status_code == 503
    assert missing.json["error"]["code"] == "no_picture"
    assert missing.headers["Retry-After"] == "2"
    assert "Alder" in missing.json["error"]["message"]
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "red").save(out, "JPEG")
    farm.cameras.show("alder", out.getvalue(), out.getvalue())
    whole = client.get("/api/camera/snapshot?printer_id=alder")
    assert whole.data == out.getvalue()
    assert whole.mimetype == "image/jpeg"
    etag = whole.headers["ETag"]
    again = client.get("/api/printer/alder/image", headers={"If-None-Match": etag})
    assert again.status_code == 304
    small = client.get("/api/camera/snapshot?printer_id=alder&w=160")
    with Image.open(io.BytesIO(small.data)) as picture:
        assert picture.size == (160, 120)
    assert client.get("/api/camera/snapshot?printer_id=alder&w=9999").status_code == 400
    assert client.get("/api/camera/snapshot").status_code == 400
    with client.get("/api/camera?printer_id=alder") as stream:
        assert stream.mimetype == "multipart/x-mixed-replace"
        assert stream.data.startswith(b"--frame\r\nContent-Type: image/jpeg\r\n")
        assert stream.data.endswith(b"\r\n--frame\r\n")  # a browser shows a part only then
        assert stream.data.count(b"--frame\r\n") == 3
    diagnostics = client.get("/api/camera/diag?printer_id=alder").json
    assert diagnostics["camera"]["mode"] == "jpeg"
    assert diagnostics["camera_id"] == "alder"
    listed = client.get("/api/cameras").json["cameras"]
    assert {"id": "alder", "main": True}.items() <= listed[0].items()
    by_id = client.get("/api/camera/snapshot?camera_id=alder")
    assert by_id.data == out.getvalue() and float(by_id.headers["X-Frame-At"]) == 5.0
    assert client.get("/api/camera/snapshot?camera_id=nobody").status_code == 404
    too_old = client.get("/api/camera/snapshot?camera_id=alder&max_age=x")
    assert too_old.status_code == 400


def test_a_number_of_another_life_is_no_proof_of_the_same_picture(make_farm: Any) -> None:
    url = "/api/camera/snapshot?camera_id=alder"
    etags = set()
    for _ in range(2):
        farm = make_farm()
        farm.cameras.show("alder", b"\xff\xd8jpeg")
        etags.add(farm.app.test_client().get(url).headers["ETag"])
    assert len(etags) == 2


def test_a_picture_older_than_asked_for_is_not_given(farm: Any) -> None:
    farm.cameras.show("alder", b"\xff\xd8jpeg", age_s=20.0)
    client = farm.app.test_client()
    url = "/api/camera/snapshot?camera_id=alder"
    young = client.get(f"{url}&max_age=60")
    assert young.status_code == 200 and int(young.headers["Age"]) >= 20
    assert client.get(f"{url}&max_age=10").status_code == 503


def test_the_body_forgets_jobs_that_are_gone() -> None:
    body = StatusBody({"version": "1"})
    alder = {"id": "alder"}
    for number in range(500):
        state = State(number, {"alder": alder}, {f"j-{number}": {"id": f"j-{number}"}}, {})
        assert json.loads(body.status(state))["queue"]["jobs"] == [{"id": f"j-{number}"}]
    assert len(body._pieces) <= 4  # one printer, one job, the farm, the queue


def test_a_sensor_that_appears_later_has_gaps_before_and_none_pushes_another_out(kit: Any) -> None:
    history = TemperatureHistory()
    start = 1_800_000_000.0
    base = kit.make_status("alder", observed_at=start)
    history.observe(base)
    sensors = tuple(
        Heater(name=f"sensor {n}", current=30.0 + n, target=None, maximum=None) for n in range(20)
    )
    odd = Heater(name="at", current=1.0, target=None, maximum=None)
    history.observe(
        replace(base, heaters=(*base.heaters, odd, *sensors), observed_at=start + FINE_S)
    )
    answer = history.read("alder")
    assert answer["at"] == [start, start + FINE_S]
    assert answer["sensor 0"]["current"] == [None, 30.0]
    assert answer["nozzle"]["current"][0] is not None
    assert len(answer) - 2 <= MOST
