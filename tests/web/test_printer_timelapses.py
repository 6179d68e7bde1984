"""/api/printers/ID/timelapses: what lies on the printer, and bringing it home."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest

from printers.base import OwnVideo, Progress, Receipt
from printers.conditions import Conditions, OpenJob
from tests.waiting import wait_for
from tests.web.fakes import FakePrinter

NAME = "video_2026-11-20_18-30-05.mp4"
CONTENT = b"a video" * 100


class Recorder:
    """What a Bambu adapter adds to the fake printer."""

    def __init__(self) -> None:
        self.removed: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def own_videos(self) -> tuple[OwnVideo, ...]:
        return (OwnVideo(name=NAME, size_bytes=len(CONTENT), taken_at=1_795_000_000.0),)

    def fetch_own_video(
        self, name: str, target: Path, progress: Progress, cancel: threading.Event
    ) -> Receipt:
        progress(7, len(CONTENT))
        assert self.go_on.wait(10)
        target.write_bytes(CONTENT)
        digest = hashlib.sha256(CONTENT).hexdigest()
        return Receipt(size_bytes=len(CONTENT), sha256=digest)

    def remove_own_video(self, name: str, size_bytes: int) -> None:
        self.removed.append(name)


@pytest.fixture
def recorder(farm: Any, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    printer = farm.printer()
    assert isinstance(printer, FakePrinter)
    for name in ("own_videos", "fetch_own_video", "remove_own_video"):
        monkeypatch.setattr(printer, name, getattr(made, name))
    return made


@pytest.fixture
def client(farm: Any) -> Any:
    return farm.app.test_client()


PATH = "/api/printers/alder/timelapses"


def fetch(client: Any, **body: Any) -> Any:
    return client.post(f"{PATH}/fetch", json=body)


def done(client: Any) -> Any:
    wait_for(lambda: client.get(PATH).json["fetch"]["state"] != "fetching")
    return client.get(PATH).json["fetch"]


def test_a_make_without_videos_has_an_empty_list(client: Any) -> None:
    assert client.get(PATH).json == {"timelapses": [], "fetch": None}
    assert fetch(client, name=NAME).status_code == 404


def test_a_video_is_listed_fetched_and_in_the_gallery(client: Any, recorder: Recorder) -> None:
    (listed,) = client.get(PATH).json["timelapses"]
    assert listed == {
        "name": NAME, "bytes": len(CONTENT), "taken_at": 1_795_000_000.0, "timelapse_id": "",
    }  # fmt: skip
    answer = fetch(client, name=NAME, remove=True)
    assert answer.status_code == 202
    assert answer.json["fetch"]["name"] == NAME
    ended = done(client)
    assert (ended["state"], ended["removed"], ended["error"]) == ("done", True, "")
    assert recorder.removed == [NAME]
    (listed,) = client.get(PATH).json["timelapses"]
    assert listed["timelapse_id"] == ended["timelapse_id"]
    (one,) = client.get("/api/timelapses?printer_id=alder").json["timelapses"]
    assert (one["id"], one["origin"], one["state"]) == (ended["timelapse_id"], "printer", "ready")
    with client.get(f"/api/timelapses/{one['id']}/video") as video:
        assert video.data == CONTENT


def test_the_fetch_under_way_can_be_watched(client: Any, recorder: Recorder) -> None:
    recorder.go_on.clear()
    assert fetch(client, name=NAME).status_code == 202
    wait_for(lambda: client.get(PATH).json["fetch"]["bytes"] == 7)
    seen = client.get(PATH).json["fetch"]
    assert (seen["state"], seen["total_bytes"], seen["remove"]) == ("fetching", 700, False)
    second = fetch(client, name=NAME)
    assert (second.status_code, second.json["error"]["code"]) == (409, "fetch_running")
    recorder.go_on.set()
    assert done(client)["state"] == "done" and recorder.removed == []


def test_a_start_comes_first(farm: Any, client: Any, recorder: Recorder) -> None:
    job = OpenJob(job_id="j", phase="uploading", name="Gear")
    farm.services.registry.set_conditions("alder", Conditions(job=job))
    assert client.get(PATH).status_code == 409
    assert fetch(client, name=NAME).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"name": 5}, 400), ({"name": "x" * 101}, 422),
     ({"name": NAME, "remove": "y"}, 400), ({"name": NAME, "path": "/"}, 400),
     ({"name": "../../etc/passwd"}, 404)],
)  # fmt: skip
def test_a_malformed_wish_is_refused(
    client: Any, recorder: Recorder, body: dict[str, Any], status: int
) -> None:
    assert fetch(client, **body).status_code == status
    assert client.get(PATH).json["fetch"] is None


def test_an_unknown_printer_is_404(client: Any) -> None:
    assert client.get("/api/printers/oak/timelapses").status_code == 404
    assert client.post("/api/printers/oak/timelapses/fetch", json={"name": NAME}).status_code == 404
