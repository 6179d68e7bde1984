"""The routes of the earlier dashboard, for the scripts of those who used it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from printers import commands as c


@pytest.mark.parametrize(
    ("path", "body", "command"),
    [
        ("/api/light/on", None, c.SetLight(on=True)),
        ("/api/light/off", {}, c.SetLight(on=False)),
        ("/api/light/chamber/on", None, c.SetLight(on=True)),
        ("/api/light/chamber/off", None, c.SetLight(on=False)),
        ("/api/jog/home", None, c.Home()),
        ("/api/jog", {"dx": 5, "feed": 600}, c.Jog(x=5, speed_mm_min=600)),
        ("/api/temps", {"bed": 60}, c.SetTemperature(heater="bed", target=60)),
        ("/api/fans", {"part": 50}, c.SetFan(fan="part", percent=50)),
        ("/api/ams/select", {"ams_id": 0, "tray_id": 2}, c.SelectTray(slot="A3")),
        ("/api/ams/select", {"ams_id": 255, "tray_id": 254}, c.SelectTray(slot="Ext")),
    ],
)
def test_routes_of_the_earlier_dashboard(
    farm: Any, path: str, body: dict[str, Any] | None, command: c.Command
) -> None:
    client = farm.app.test_client()
    url = f"{path}?printer_id=alder"
    answer = client.post(url) if body is None else client.post(url, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json["ok"] is True
    assert farm.printer().commands == [command]


def test_refusals_of_the_earlier_routes_keep_our_codes(farm: Any, kit: Any) -> None:
    client = farm.app.test_client()
    for path in ("/api/pause", "/api/resume", "/api/stop"):
        answer = client.post(f"{path}?printer_id=alder")
        assert answer.status_code == 409
        assert answer.json["ok"] is False
        assert answer.json["error"]["code"] == "no_job"
    assert client.post("/api/pause").status_code == 400
    assert client.post("/api/pause?printer_id=x").status_code == 404
    assert client.post("/api/temps?printer_id=alder", json={}).status_code == 400
    assert client.post("/api/jog?printer_id=alder", json={"dx": 0}).status_code == 400
    assert client.get("/api/ams?printer_id=alder").json["ams"][0]["label"] == "A"
    assert client.get("/api/diag").json["ok"] is True
    results = client.post("/api/broadcast/pause").json
    assert results["ok"] is False
    assert [r["code"] for r in results["results"]] == ["no_job", "no_job"]
    fans = client.post("/api/broadcast/fans", json={"part": 20, "aux": 10}).json
    assert fans["ok"] is True
    assert len(farm.printer("birch").commands) == 2
    assert client.post("/api/broadcast/light/on").json["ok"] is True


def test_earlier_uploads(farm: Any, kit: Any, sliced: bytes) -> None:
    client = farm.app.test_client()
    form = {"file": (io.BytesIO(sliced), "gear.gcode.3mf")}
    kept = client.post("/api/upload?printer_id=alder", data=form)
    assert kept.json["ok"] is True
    assert kept.json["filename"] == "gear.gcode.3mf"
    form = {"file": (io.BytesIO(sliced), "gear.gcode.3mf")}
    started = client.post("/api/upload?printer_id=alder&start=1&plate=1", data=form)
    assert started.status_code == 202, started.text
    kit.wait_for(lambda: farm.printer().starts)
    form = {"file": (io.BytesIO(sliced), "gear.gcode.3mf")}
    queued = client.post("/api/jobs?printer_id=birch&plate=1&auto_assign=0", data=form)
    assert queued.status_code == 202, queued.text
