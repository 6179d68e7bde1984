"""GET /api/prusa-connect: states in words, and nothing secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cameras.prusa_connect.subject import finder, printing_in
from cameras.prusa_connect.uploads import Uploads
from core.camera_config import ConnectCamera, PrusaConnectConfig
from core.secret import Secret
from web.app import create_app

TOKEN = "canaryTokenOfConnect"
FINGERPRINT = "canary-fingerprint-0001"


def uploads_of(farm: Any, enabled: bool) -> Uploads:
    s = farm.services
    entries = (ConnectCamera(camera="alder", token=Secret(TOKEN), fingerprint=FINGERPRINT),)
    config = PrusaConnectConfig(enabled=enabled, host="http://127.0.0.1:9", cameras=entries)
    return Uploads(
        config, s.cameras, finder(s.book), printing_in(s.registry), s.clock, s.config.data_dir
    )


def answer_of(farm: Any, uploads: Uploads) -> Any:
    app = create_app(replace(farm.services, prusa_connect=uploads))
    answer = app.test_client().get("/api/prusa-connect")
    assert answer.status_code == 200
    assert TOKEN not in answer.text and FINGERPRINT not in answer.text
    return answer.json


def test_off_by_default_and_empty(farm: Any) -> None:
    answer = farm.app.test_client().get("/api/prusa-connect")
    assert answer.json == {"enabled": False, "cameras": []}


def test_switched_off_says_so_for_each_camera(farm: Any) -> None:
    told = answer_of(farm, uploads_of(farm, enabled=False))
    assert told["enabled"] is False
    assert [(one["camera"], one["state"]) for one in told["cameras"]] == [("alder", "off")]


def test_a_camera_that_has_not_sent_yet(farm: Any) -> None:
    told = answer_of(farm, uploads_of(farm, enabled=True))
    assert told == {
        "enabled": True,
        "cameras": [
            {
                "camera": "alder", "name": "", "state": "waiting", "text": "Not sent yet",
                "last_ok": None, "last_code": None, "next_s": 0, "sent": 0, "failures": 0,
            }
        ],
    }  # fmt: skip


def test_it_needs_the_farms_password(locked_farm: Any, kit: Any) -> None:
    client = locked_farm.app.test_client()
    assert client.get("/api/prusa-connect").status_code == 401
    assert client.get("/api/prusa-connect", headers=kit.basic()).status_code == 200


def test_which_printers_print(farm: Any, kit: Any) -> None:
    printing: Callable[[str], bool] = printing_in(farm.services.registry)
    assert not printing("") and not printing("alder") and not printing("nobody")
    farm.printer("alder").report(kit.printing("alder"))
    assert printing("") and printing("alder") and not printing("birch")
