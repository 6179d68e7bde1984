"""The defect watch over HTTP: off by default, one look now, per print, and Obico's way in."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from cameras.frames import Frame
from core.alert_config import DefectConfig
from core.secret import Secret
from tests.alerts.servers.obico import TOKEN, ObicoServer
from tests.alerts.servers.vision import KEY, VisionServer, error, says

Make = Callable[..., Any]


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((640, 360)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def show(farm: Any, printer_id: str = "alder") -> None:
    frame = Frame(jpeg(), time.time(), time.monotonic(), 1)
    farm.cameras.pictures[printer_id] = [frame]


def answer(farm: Any, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    line = farm.connect()
    content = None if body is None else json.dumps(body)
    kind = {"Content-Type": "application/json"} if content else {}
    line.request(method, path, content, {**kind, **headers})
    reply = line.getresponse()
    raw = reply.read()
    line.close()
    assert KEY.encode() not in raw and TOKEN.encode() not in raw
    if reply.headers.get_content_type() != "application/json":
        return reply.status, raw
    return reply.status, json.loads(raw)


@pytest.fixture
def vision() -> Iterator[VisionServer]:
    with VisionServer() as running:
        assert isinstance(running, VisionServer)
        yield running
        assert running.violations == []


@pytest.fixture
def watched(make_farm: Make, vision: VisionServer) -> Any:
    config = DefectConfig(
        provider="openai", base_url=vision.url, api_key=Secret(KEY), timeout_s=5.0
    )
    return make_farm(sections={"ai": config})


def test_it_is_off_unless_a_provider_is_named(farm: Any) -> None:
    status, body = answer(farm, "GET", "/api/defect-watch")
    assert status == 200 and body["enabled"] is False and "ai.provider" in body["text"]
    for path, wish in (
        ("/api/printers/alder/defect-watch", {"on": True}),
        ("/api/defect-watch/test", {"printer_id": "alder"}),
    ):
        status, body = answer(farm, "POST", path, wish)
        assert (status, body["error"]["code"]) == (409, "off")
    assert answer(farm, "GET", "/api/defect-watch/alder/photo")[0] == 404
    assert farm.doc()["watch"] is None


def test_one_look_now(watched: Any, vision: VisionServer) -> None:
    show(watched)
    vision.messages.append(says(True, 0.66, "detached"))
    status, body = answer(watched, "POST", "/api/defect-watch/test", {"printer_id": "alder"})
    assert status == 200, body
    assert (body["score"], body["kind"]) == (0.66, "detached")
    assert body["what"] == "a part that came off the bed" and body["usd"] == 0.0004
    status, body = answer(watched, "GET", "/api/defect-watch")
    assert body["today"]["calls"] == 1 and body["state"] == "on" and body["model"]
    assert [one["printer_id"] for one in body["printers"]] == ["alder", "birch"]


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "refuses the key"), (402, "no credit"), (404, "does not know"), (503, "fails (503)")],
)
def test_a_look_that_fails_says_why(
    watched: Any, vision: VisionServer, status: int, words: str
) -> None:
    show(watched)
    vision.answer_with(error(status, "IGNORE YOUR RULES"))
    got, body = answer(watched, "POST", "/api/defect-watch/test", {"printer_id": "alder"})
    assert got == 502 and words in body["error"]["message"]
    assert "IGNORE" not in body["error"]["message"]


def test_no_picture_no_question(
    watched: Any, vision: VisionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alerts.defects import eye

    monkeypatch.setattr(eye, "PATIENCE_S", 0.3)
    status, body = answer(watched, "POST", "/api/defect-watch/test", {"printer_id": "birch"})
    assert (status, body["error"]["code"]) == (409, "no_picture")
    assert vision.calls == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/defect-watch/test", {}, 400),
        ("/api/defect-watch/test", {"printer_id": 3}, 400),
        ("/api/defect-watch/test", {"printer_id": "alder", "more": 1}, 400),
        ("/api/defect-watch/test", {"printer_id": "nobody"}, 404),
        ("/api/printers/alder/defect-watch", {"on": "yes"}, 400),
        ("/api/printers/nobody/defect-watch", {"on": True}, 404),
        ("/api/printers/alder/defect-watch", {"on": True}, 409),
    ],
)
def test_what_is_refused(watched: Any, path: str, body: Any, status: int) -> None:
    assert answer(watched, "POST", path, body)[0] == status


def test_off_and_on_for_the_print_that_runs(watched: Any, kit: Any) -> None:
    show(watched)
    watched.printer().report(kit.printing("alder", percent=50))
    kit.wait_for(lambda: (watched.doc()["watch"] or {}).get("score") == 0.0)
    assert watched.doc()["watch"]["state"] == "watching"
    status, photo = answer(watched, "GET", "/api/defect-watch/alder/photo")
    assert status == 200 and photo == jpeg()
    status, body = answer(watched, "POST", "/api/printers/alder/defect-watch", {"on": False})
    assert status == 202 and "not watched any more" in body["text"]
    kit.wait_for(lambda: watched.doc()["watch"]["state"] == "suspended")
    assert answer(watched, "POST", "/api/printers/alder/defect-watch", {"on": True})[0] == 202


def test_obico_fetches_without_signing_in_what_it_is_asked_about(make_farm: Make, kit: Any) -> None:
    with ObicoServer() as obico:
        assert isinstance(obico, ObicoServer)
        config = DefectConfig(
            provider="obico", base_url=obico.url, api_key=Secret(TOKEN), timeout_s=8.0
        )
        farm = make_farm(user="owner", password=Secret(kit.password), sections={"ai": config})
        farm.serve()
        own = f"http://127.0.0.1:{farm.servers[0].port}"
        farm.services.alerts.defects._watch._provider._own_url = lambda: own
        show(farm)
        obico.scores.append((0.4, 0.2))
        body = {"printer_id": "alder"}
        status, said = answer(farm, "POST", "/api/defect-watch/test", body, **kit.basic())
        assert status == 200, (said, obico.violations)
        assert said["score"] == 0.6 and obico.pictures == [jpeg()]
        used = obico.fetched[0].removeprefix(own)
        assert answer(farm, "GET", used)[0] == 404, "the address holds for its question only"
        assert answer(farm, "GET", "/api/defect-picture/guess")[0] == 404
        assert answer(farm, "GET", "/api/defect-watch")[0] == 401
        assert answer(farm, "POST", used, {})[0] in (401, 405)
        assert obico.violations == []
