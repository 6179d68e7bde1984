"""Operations on the farm itself: status, cameras, timelapses, rigs, alerts, keys, pages."""

from __future__ import annotations

from cameras.rigs.desk import ACTIONS as RIG_ACTIONS
from web.openapi.shapes import WORDS
from web.openapi.words import (
    ANYTHING,
    JPEG,
    TEXT,
    Answer,
    Area,
    Operations,
    flag,
    gives,
    listed,
    number,
    ok,
    one_of,
    or_null,
    ref,
    some_of,
    takes,
    text,
    whole,
    word,
)
from web.rig_api import DELAYS
from web.send_keys_api import LONGEST_NAME

_FARM, _CAMERAS, _TIMELAPSES = Area("farm"), Area("cameras"), Area("timelapses")
_RIGS, _ALERTS, _KEYS, _PAGES = Area("rigs"), Area("alerts"), Area("send keys"), Area("pages")
_LINES = Area("live")
_ONE = {"printer_id": text(None), "camera_id": text(None)}
_WAS_ASKED = {101: Answer(text="Speaks WebSocket from here on.")}
_ALERT = ok(ref("Alert"))
_PHOTO = ok(media=JPEG)
_PRINTER_ID = text()

OPERATIONS: Operations = (
    _FARM.get("/api/", "OK", ok(media=TEXT)),
    _FARM.get("/healthz", "Whether it lives; no sign-in",
              ok(gives(status={"const": "ok"}, version=WORDS, uptime_s=number(),
                       printers=gives(total=whole(0), online=whole(0))))),
    _FARM.get(
        "/api/status", "Everything; with a printer_id that printer alone",
        ok({"anyOf": [
            gives(seq=whole(0), printers=listed(ref("Printer")), queue=ANYTHING, farm=ANYTHING,
                  rigs=listed(ANYTHING)),
            ref("Printer"),
        ]}), printer_id=text(None),
    ),
    _FARM.get("/metrics", "For Prometheus; opens to its own bearer token too",
              ok(media="text/plain; version=0.0.4; charset=utf-8")),
    _FARM.get("/api/openapi.json", "This document", ok({"type": "object"})),
    _CAMERAS.get("/api/cameras", "All cameras and how they are doing",
                 ok(gives(cameras=listed(gives(id=WORDS, name=WORDS, printer_id=WORDS,
                                               status=ref("CameraStatus"))), streams=whole(0)))),
    _CAMERAS.get("/api/camera", "Live pictures (MJPEG), until you hang up",
                 ok(media="multipart/x-mixed-replace; boundary=frame"), **_ONE),
    _CAMERAS.get("/api/camera/snapshot", "One picture", _PHOTO, **_ONE, w=whole(16, 1920),
                 max_age=number(0.5, 3600)),
    _CAMERAS.get("/api/camera/diag", "How a camera is doing",
                 ok(gives(camera_id=WORDS, printer_id=WORDS, name=WORDS,
                          camera=ref("CameraStatus"))), **_ONE),
    _CAMERAS.get("/api/prusa-connect", "How the uploads to Prusa Connect are doing",
                 ok(gives(enabled=flag(), cameras=listed(ANYTHING)))),
    _TIMELAPSES.get(
        "/api/timelapses", "The gallery, newest first",
        ok(gives(timelapses=listed(ref("Timelapse")), next=or_null(WORDS), enabled=flag())),
        printer_id=text(None), limit=whole(1, 200),
        before={"type": "string", "pattern": "^[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$"},
    ),
    _TIMELAPSES.get("/api/timelapses/{timelapse_id}", "One of them", ok(ref("Timelapse"))),
    _TIMELAPSES.delete("/api/timelapses/{timelapse_id}", "Delete it with frames and video"),
    _TIMELAPSES.get("/api/timelapses/{timelapse_id}/video", "The video; parts of it by Range",
                    ok(media="video/mp4"), download=word("0", "1"), original=word("0", "1")),
    _TIMELAPSES.get("/api/timelapses/{timelapse_id}/poster", "Its picture", _PHOTO),
    _TIMELAPSES.post(
        "/api/timelapses/{timelapse_id}/render", "Make the video, or make it again",
        ok(ref("Timelapse")), takes({
            "fps": whole(5, 60), "max_s": number(2, 600), "hold_s": number(0, 30),
            "deflicker": flag(),
        }), status=202,
    ),
    _RIGS.get("/api/rigs", "Rigs and what they report", ok(gives(rigs=listed(ANYTHING)))),
    _RIGS.get("/api/rigs/{rig_id}/readings", "[[epoch s, °C, percent], …]",
              ok(gives(rig=WORDS, readings=listed(ANYTHING)))),
    _RIGS.post("/api/rigs/{rig_id}/orders", "Tell a rig to do something",
               ok(gives(order=ANYTHING)), takes(action=word(*RIG_ACTIONS)), status=202, must=True),
    _RIGS.post("/api/rigs/{rig_id}/settings", "How often it reports", ok(gives(delays=ANYTHING)),
               some_of({name: number(*limits) for name, limits in DELAYS.items()}), must=True),
    _ALERTS.get(
        "/api/alerts", "What is wrong, and what was",
        ok(gives(alerts=listed(ref("Alert")), next=or_null(number()), trouble=WORDS)),
        state=word("open", "resolved", "all"), limit=whole(1, 500), before=number(),
        printer_id=text(None),
    ),
    _ALERTS.get("/api/alerts/{alert_id}", "One of them", _ALERT),
    _ALERTS.get("/api/alerts/{alert_id}/photo", "The moment it began", _PHOTO),
    _ALERTS.post("/api/alerts/{alert_id}/acknowledge", "A person has seen it", _ALERT),
    _ALERTS.post(
        "/api/alerts/mute", "Send nothing of a printer for a while", ok(ref("Mute")),
        one_of(takes(printer_id=_PRINTER_ID, for_s=number(60, 2_592_000)),
               takes(printer_id=_PRINTER_ID, until=word("print_end", "unmuted"))), must=True,
    ),
    _ALERTS.post("/api/alerts/unmute", "Send again", ok(gives(printer_id=WORDS)),
                 takes(printer_id=_PRINTER_ID), must=True),
    _ALERTS.get(
        "/api/alerts/sent", "Messages, and what became of each",
        ok(gives(messages=listed(gives(id=WORDS, channel=WORDS, level=WORDS, title=WORDS,
                                       text=WORDS, at=number(), outcome=WORDS, reason=WORDS)),
                 next=or_null(number()))), limit=whole(1, 500), before=number(),
    ),
    _ALERTS.get(
        "/api/alerts/channels", "Where alerts go, and how that is doing",
        ok(gives(enabled=flag(), muted=listed(ref("Mute")), waiting=whole(0), trouble=WORDS,
                 channels=listed(gives(name=WORDS, type=WORDS, where=WORDS, state=WORDS,
                                       text=WORDS, pending=whole(0))))),
    ),
    _ALERTS.post("/api/alerts/channels/{name}/test", "Send a real message with a picture",
                 ok(gives(ok=flag(), text=WORDS))),
    _ALERTS.post("/api/alerts/trouble/acknowledge", "The damage was read",
                 ok(gives(trouble=WORDS))),
    _ALERTS.get("/api/defect-watch", "The defect watch, per printer",
                ok(gives(enabled=flag(), text=WORDS, printers=listed(ANYTHING)))),
    _ALERTS.get("/api/defect-watch/{printer_id}/photo", "The evidence", _PHOTO),
    _ALERTS.post("/api/defect-watch/test", "One look now", ok({"type": "object"}),
                 takes(printer_id=_PRINTER_ID), must=True),
    _ALERTS.get("/api/defect-picture/{token}",
                "For a provider in the house, while it is asked; no sign-in", _PHOTO),
    _ALERTS.get("/api/push", "Whether browsers can be notified, and which are",
                ok(gives(available=flag(), public_key=WORDS, browsers=listed(ANYTHING)))),
    _ALERTS.post("/api/push/browsers", "Notify this browser", ok(gives(id=WORDS)),
                 takes({"name": text(60)}, subscription={"type": "object", "minProperties": 1}),
                 status=201, must=True),
    _ALERTS.delete("/api/push/browsers/{browser_id}", "No longer"),
    _FARM.get("/api/mqtt", "How status out by MQTT is doing", ok({"type": "object"})),
    _KEYS.get("/api/send-keys", "The keys of slicers", ok(gives(keys=listed(ref("SendKey"))))),
    _KEYS.post("/api/send-keys", "A new one", ok(ref("SendKey"), "The only time it is shown."),
               takes(name=text(LONGEST_NAME)), status=201, must=True),
    _KEYS.delete("/api/send-keys/{key_id}", "Take it back"),
    _PAGES.get("/", "The panel", ok(media="text/html")),
    _PAGES.get("/static/{name}", "Its files", ok(media="*/*")),
    _PAGES.get("/favicon.ico", "Its icon", ok(media="image/svg+xml")),
    _PAGES.get("/sw.js", "Its service worker", ok(media="text/javascript")),
    _LINES.make("get", "/api/ws", "The panel's WebSocket: hello, snapshot, deltas", _WAS_ASKED,
                query={"since": whole(0)}),
    _LINES.make("get", "/ws/printer/{printer_id}", "One printer's status and pictures as frames",
                _WAS_ASKED, query={"image": word("0", "1")}),
    _LINES.make("get", "/ws/rig/{rig_id}", "A rig's own line, by its token", _WAS_ASKED),
)  # fmt: skip
