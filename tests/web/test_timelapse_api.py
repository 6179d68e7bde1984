"""The gallery over HTTP: pages, ranges, refusals, and who may."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from cameras.timelapse.manifest import Manifest, State

AT = 1_800_000_000.0
VIDEO = bytes(range(256)) * 40


def jpeg(number: int) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((96, 72), 40 + number).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def keep(farm: Any, at: float = AT, frames: int = 0, **more: Any) -> Manifest:
    """A timelapse of the past."""
    store = farm.services.timelapses.store
    known = {"printer_id": "alder", "state": State.FAILED, "ended_at": at + 60, **more}
    made = store.create(printer="Alder", started_at=at, job="Zahnrad: 5 <mm>/2", **known)
    for number in range(frames):
        store.add_frame(made.id, jpeg(number))
    return made


def with_video(farm: Any, tmp_path: Path, name: str = "video.mp4") -> Manifest:
    store = farm.services.timelapses.store
    made = store.create(
        printer_id="alder", printer="Alder", started_at=AT, job="gear", state=State.FRAMES_ONLY,
        ended_at=AT,
    )  # fmt: skip
    (store.folder(made.id) / name).write_bytes(VIDEO)
    return store.change(made.id, state=State.READY, video=name, bytes=len(VIDEO), seconds=2.5)  # type: ignore[no-any-return]


def ask(
    farm: Any, method: str, path: str, body: Any = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    """Through the farm's own HTTP server."""
    connection = farm.connect()
    raw = None if body is None else json.dumps(body)
    known = {"Content-Type": "application/json"} if raw else {}
    connection.request(method, path, raw, {**known, **headers})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def answer(farm: Any, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    response, content = ask(farm, method, path, body)
    return response.status, json.loads(content) if content else None


def test_newest_first_page_by_page(farm: Any) -> None:
    made = [keep(farm, AT + n, printer_id="birch" if n == 3 else "alder").id for n in range(5)]
    status, first = answer(farm, "GET", "/api/timelapses?limit=2")
    assert status == 200
    assert [one["id"] for one in first["timelapses"]] == [made[4], made[3]]
    assert first["next"] == made[3]
    _, rest = answer(farm, "GET", f"/api/timelapses?before={first['next']}")
    assert [one["id"] for one in rest["timelapses"]] == made[2::-1] and rest["next"] is None
    _, theirs = answer(farm, "GET", "/api/timelapses?printer_id=birch")
    assert [one["id"] for one in theirs["timelapses"]] == [made[3]]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "before=../x", "colour=red"])
def test_a_query_that_is_not_understood(farm: Any, query: str) -> None:
    assert answer(farm, "GET", f"/api/timelapses?{query}")[0] == 400


def test_everything_about_one(farm: Any, tmp_path: Path) -> None:
    made = with_video(farm, tmp_path)
    status, one = answer(farm, "GET", f"/api/timelapses/{made.id}")
    assert status == 200
    assert one == {
        "id": made.id, "printer_id": "alder", "printer": "Alder", "camera_id": "",
        "origin": "farm", "job": "gear", "job_id": "", "state": "ready", "progress": None,
        "frames": 0, "gaps": 0, "reason": "", "started_at": AT, "ended_at": AT, "result": "",
        "video": True, "original": False, "again": False, "seconds": 2.5,
        "bytes": len(VIDEO), "error": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["20270115-080000-0a0b0c", "..%2f..%2fqueue", "x", "20270115-080000-0a0b0c%00"]
)
@pytest.mark.parametrize("rest", ["", "/video", "/poster"])
def test_what_there_is_not(farm: Any, name: str, rest: str) -> None:
    assert answer(farm, "GET", f"/api/timelapses/{name}{rest}")[0] == 404


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("", 200, VIDEO),
        ("bytes=0-", 206, VIDEO),
        ("bytes=100-199", 206, VIDEO[100:200]),
        ("bytes=-50", 206, VIDEO[-50:]),
        ("bytes=10000-99999", 206, VIDEO[10000:]),
        ("bytes=99999-", 416, None),
    ],
)
def test_parts_of_a_video(
    farm: Any, tmp_path: Path, wanted: str, status: int, part: bytes | None
) -> None:
    """A player jumps about in it, and asks for parts."""
    made = with_video(farm, tmp_path)
    headers = {"Range": wanted} if wanted else {}
    response, content = ask(farm, "GET", f"/api/timelapses/{made.id}/video", **headers)
    assert response.status == status
    if part is None:
        return
    assert content == part
    assert response.getheader("Content-Type") == "video/mp4"
    assert response.getheader("Accept-Ranges") == "bytes"
    if status == 206:
        start = len(VIDEO) - len(part) if wanted != "bytes=100-199" else 100
        span = f"bytes {start}-{start + len(part) - 1}/{len(VIDEO)}"
        assert response.getheader("Content-Range") == span


def test_a_video_is_sent_once_until_it_changes(farm: Any, tmp_path: Path) -> None:
    path = f"/api/timelapses/{with_video(farm, tmp_path).id}/video"
    etag = ask(farm, "HEAD", path)[0].getheader("ETag")
    assert etag and ask(farm, "GET", path, **{"If-None-Match": etag})[0].status == 304


def test_to_keep_it_has_a_name(farm: Any, tmp_path: Path) -> None:
    made = with_video(farm, tmp_path, "video.avi")
    farm.services.timelapses.store.change(made.id, job='Zahnrad: "5" <mm>/2\r\n')
    response, content = ask(farm, "GET", f"/api/timelapses/{made.id}/video?download=1")
    assert content == VIDEO and response.getheader("Content-Type") == "video/x-msvideo"
    named = response.getheader("Content-Disposition")
    assert named == 'attachment; filename="Zahnrad 5 mm 2 2027-01-15 08-00.avi"'


def test_a_printers_own_video_becomes_one_that_plays(
    farm: Any, kit: SimpleNamespace, tmp_path: Path
) -> None:
    """A P1S leaves Motion JPEG in AVI."""
    fetched = tmp_path / "video_2026-11-20.avi"
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=2"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-c:v", "mjpeg", str(fetched)], check=True)
    content, store = fetched.read_bytes(), farm.services.timelapses.store
    made = store.adopt(fetched, printer_id="alder", name="gear", taken_at=AT)
    path = f"/api/timelapses/{made.id}"
    kit.wait_for(lambda: answer(farm, "GET", path)[1]["seconds"] is not None)
    shown = answer(farm, "GET", path)[1]
    assert (shown["origin"], shown["seconds"], shown["error"]) == ("printer", 2.0, "")
    playable = ask(farm, "GET", f"{path}/video")[1]
    assert playable[4:8] == b"ftyp" and len(playable) == shown["bytes"]
    assert ask(farm, "GET", f"{path}/video?original=1")[1] == content
    with Image.open(io.BytesIO(ask(farm, "GET", f"{path}/poster")[1])) as picture:
        assert picture.size == (320, 240)


def test_a_printers_video_that_is_none_is_said_once(
    farm: Any, kit: SimpleNamespace, tmp_path: Path
) -> None:
    fetched = tmp_path / "video.mp4"
    fetched.write_bytes(VIDEO)
    store = farm.services.timelapses.store
    made = store.adopt(fetched, printer_id="alder", name="gear", taken_at=AT)
    kit.wait_for(lambda: store.get(made.id).seconds == 0.0)
    assert "cannot be shown" in store.get(made.id).error
    assert store.video(made.id).read_bytes() == VIDEO, "it can still be taken away"


def test_the_poster_is_the_newest_frame_until_there_is_one(farm: Any) -> None:
    made = keep(farm, frames=2)
    path = f"/api/timelapses/{made.id}/poster"
    response, content = ask(farm, "GET", path)
    with Image.open(io.BytesIO(content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (96, 72))
    etag = str(response.getheader("ETag"))
    assert ask(farm, "GET", path, **{"If-None-Match": etag})[0].status == 304
    assert answer(farm, "GET", f"/api/timelapses/{keep(farm, AT + 9).id}/poster")[0] == 404


def test_rendered_again(farm: Any, kit: SimpleNamespace) -> None:
    made = keep(farm, frames=4)
    path = f"/api/timelapses/{made.id}"
    wishes = {"fps": 10, "hold_s": 0.5, "max_s": 30, "deflicker": True}
    status, shown = answer(farm, "POST", f"{path}/render", wishes)
    assert status == 202 and shown["state"] in ("waiting", "rendering", "ready")
    kit.wait_for(lambda: answer(farm, "GET", path)[1]["state"] == "ready")
    shown = answer(farm, "GET", path)[1]
    assert shown["seconds"] == 0.9 and shown["bytes"] > 1000 and shown["video"]
    response, content = ask(farm, "GET", f"{path}/video")
    assert response.status == 200 and content[4:8] == b"ftyp" and len(content) == shown["bytes"]
    assert answer(farm, "POST", f"{path}/render")[0] == 409, "its frames are gone"


@pytest.mark.parametrize(
    ("wishes", "status"),
    [
        ({"fps": 4}, 422), ({"fps": 24.5}, 400), ({"max_s": 1}, 422), ({"hold_s": 31}, 422),
        ({"deflicker": 1}, 400), ({"speed": 2}, 400),
    ],
)  # fmt: skip
def test_wishes_that_make_no_sense(farm: Any, wishes: dict[str, Any], status: int) -> None:
    made = keep(farm, frames=2)
    assert answer(farm, "POST", f"/api/timelapses/{made.id}/render", wishes)[0] == status
    assert farm.services.timelapses.store.get(made.id).state is State.FAILED


def test_deleted(farm: Any) -> None:
    made = keep(farm, frames=1)
    folder = farm.services.timelapses.store.folder(made.id)
    assert answer(farm, "DELETE", f"/api/timelapses/{made.id}") == (204, None)
    assert not folder.exists()
    assert answer(farm, "DELETE", f"/api/timelapses/{made.id}")[0] == 404


def test_a_running_one_is_neither_deleted_nor_rendered(farm: Any) -> None:
    made = keep(farm, frames=2, state=State.RECORDING, ended_at=None)
    for method, rest in (("DELETE", ""), ("POST", "/render")):
        status, said = answer(farm, method, f"/api/timelapses/{made.id}{rest}")
        assert (status, said["error"]["code"]) == (409, "recording")


def test_the_switch_of_a_print(farm: Any, kit: SimpleNamespace) -> None:
    path = "/api/printers/alder/timelapse"
    status, said = answer(farm, "POST", path, {"on": True})
    assert (status, said["error"]["code"]) == (409, "not_printing")
    status, said = answer(farm, "POST", path, {"on": False})
    assert (status, said["error"]["code"]) == (409, "not_recording")
    farm.printer().report(kit.printing())
    status, said = answer(farm, "POST", path, {"on": True})
    assert (status, said["text"]) == (202, "This print is being recorded")
    (shown,) = answer(farm, "GET", "/api/timelapses")[1]["timelapses"]
    assert (shown["state"], shown["job"], shown["camera_id"]) == ("recording", "gear", "alder")
    assert answer(farm, "POST", path, {"on": False})[0] == 202
    assert answer(farm, "POST", path, {})[0] == 400
    assert answer(farm, "POST", path, {"on": "yes"})[0] == 400
    assert answer(farm, "POST", "/api/printers/nobody/timelapse", {"on": True})[0] == 404


def test_only_for_who_may(
    make_farm: Callable[..., Any], kit: SimpleNamespace, tmp_path: Path
) -> None:
    locked = make_farm(user="owner", password=locked_word(kit))
    made = with_video(locked, tmp_path)
    for method, rest in (("GET", ""), ("GET", "/video"), ("GET", "/poster"), ("DELETE", "")):
        response, content = ask(locked, method, f"/api/timelapses/{made.id}{rest}")
        assert response.status == 401 and VIDEO[:64] not in content
    allowed = ask(locked, "GET", f"/api/timelapses/{made.id}/video", **kit.basic())
    assert allowed[0].status == 200


def locked_word(kit: SimpleNamespace) -> Any:
    from core.secret import Secret

    return Secret(kit.password)


def test_the_page_may_play_what_the_farm_sends(farm: Any) -> None:
    policy = ask(farm, "GET", "/api/timelapses")[0].getheader("Content-Security-Policy")
    assert policy is not None and "media-src 'self'" in policy
