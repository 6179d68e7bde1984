"""Every answer of the simulated OctoPrint, key by key, against those a real 1.11.8 gave.

``recorded_http.json`` is a play: the same requests in the same order. It was played to the real
server once, and is played to the simulated one here. Keys and types must be the same, values not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.simulator.octoprint_client import SUBSCRIBE, Client, Ear, farm_of_one
from tests.waiting import wait_for

DATA = Path(__file__).parents[1] / "data" / "octoprint"
HTTP = json.loads((DATA / "recorded_http.json").read_text("utf-8"))
WS = json.loads((DATA / "recorded_ws.json").read_text("utf-8"))
CHAPTERS = [chapter["chapter"] for chapter in HTTP["chapters"]]
EITHER = {
    "printTimeLeft", "printTimeLeftOrigin", "currentZ", "old", "estimatedPrintTime", "filament",
}  # fmt: skip
"""Null or not by the moment (estimates, analysis), in the real server as well."""


def kind_of(value: Any) -> str:
    names = {type(None): "null", bool: "bool", int: "number", float: "number", str: "text"}
    return names.get(type(value), type(value).__name__)


def differences(real: Any, ours: Any, where: str = "") -> list[str]:
    """What is missing, added or of another type, one sentence each."""
    if kind_of(real) != kind_of(ours):
        if where.rpartition(".")[2] in EITHER and None in (real, ours):
            return []
        return [f"{where}: {kind_of(real)} became {kind_of(ours)}"]
    if isinstance(real, dict):
        missing = [f"{where}.{key} is missing" for key in real if key not in ours]
        added = [f"{where}.{key} is added" for key in ours if key not in real]
        both = [d for k in real if k in ours for d in differences(real[k], ours[k], f"{where}.{k}")]
        return missing + added + both
    if isinstance(real, list):
        if bool(real) != bool(ours):
            return [f"{where}: {len(real)} elements became {len(ours)}"]
        return [d for i, one in enumerate(ours) for d in _nearest(real, one, f"{where}[{i}]")]
    return []


def _nearest(real: list[Any], ours: Any, where: str) -> list[str]:
    """An element must be like one of the real ones."""
    found = [differences(one, ours, where) for one in real]
    return min(found, key=len)


class Play:
    """Plays one chapter after the other, and keeps the answers."""

    def __init__(self, client: Client, ear: Ear) -> None:
        self.client = client
        self.ear = ear
        self.answers: dict[str, list[tuple[dict[str, Any], requests.Response]]] = {}

    def perform(self, chapter: dict[str, Any]) -> None:
        answers = self.answers[chapter["chapter"]] = []
        for step in chapter["steps"]:
            if "call" in step:
                answers.append((step, self._call(step)))
            else:
                self._direct(step)

    def _direct(self, step: dict[str, Any]) -> None:
        client = self.client
        match step:
            case {"wait": states}:
                client.wait(*states)
                if states[0] in ("Paused", "Offline after error"):
                    wait_for(lambda: self._pushed() == states[0], f"{states[0]} on the web socket")
            case {"analysed": name}:
                wait_for(lambda: "gcodeAnalysis" in self._file(name), f"analysis of {name}")
            case {"printed": name}:
                wait_for(lambda: self._prints(name) >= 1, f"print of {name}")
            case {"printed2": name}:
                wait_for(lambda: self._prints(name) >= 2, f"second print of {name}")
            case {"progress": share}:
                wait_for(lambda: (client.job()["progress"]["completion"] or 0) > share, "progress")
            case {"fatal": _}:
                client.printer.do("hard_fail")
            case {"power_off": _}:
                client.printer.do("power_off")
                client.wait("Offline after error")
                client.printer.do("power_on")

    def _pushed(self) -> str:
        currents = self.ear.of_kind("current")
        return str(currents[-1]["state"]["text"]) if currents else ""

    def _file(self, name: str) -> Any:
        return self.client.get(f"/api/files/local/{name}")

    def _prints(self, name: str) -> int:
        return int(self._file(name).get("prints", {}).get("success", 0))

    def _call(self, step: dict[str, Any]) -> requests.Response:
        client = self.client
        method, path = step["call"].split(" ", 1)
        headers = {"X-Api-Key": client.key}
        match step.get("key"):
            case "wrong":
                headers = {"X-Api-Key": "wrong"}
            case "bearer":
                headers = {"Authorization": f"Bearer {client.key}"}
            case "query":
                headers, path = {}, f"{path}?apikey={client.key}"
            case "" | "none":
                headers = {}
        options: dict[str, Any] = {}
        if "json" in step:
            options["json"] = step["json"]
        if "upload" in step:
            content = HTTP["contents"][step["content"]].encode()
            options |= {"files": {"file": (step["upload"], content)}, "data": step["form"]}
        elif "form" in step:
            options["files"] = {name: (None, text) for name, text in step["form"].items()}
        if "raw" in step:
            options["data"] = step["raw"]
            headers["Content-Type"] = step["type"]
        return client.call(method, path, headers=headers, **options)


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Play, Ear]]:
    """The whole play, once, with a web socket that listens."""
    with farm_of_one(time_scale=60) as farm:
        client = Client(farm)
        client.printer.set(analysis_s=0.0)
        for row in client.get("/api/files")["files"]:
            client.call("DELETE", f"/api/files/local/{row['path']}")
        ear = client.listen(auth=False, subscribe=None)
        ear.say({"auth": "admin:bogus"})
        ear.say({"auth": client.session()})
        ear.say({"subscribe": SUBSCRIBE})
        play = Play(client, ear)
        try:
            for chapter in HTTP["chapters"]:
                play.perform(chapter)
            yield play, ear
        finally:
            ear.close()
            client.close()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_answer_has_the_keys_and_types_of_the_real_one(played, chapter):
    play, _ = played
    assert play.answers[chapter]
    wrong: list[str] = []
    for step, answer in play.answers[chapter]:
        said = f"{step['call']} {step.get('json') or step.get('upload') or step.get('form') or ''}"
        wrong += [f"{said}: {sentence}" for sentence in _unlike(step, answer)]
    assert not wrong, "\n".join(wrong)


def _unlike(step: dict[str, Any], answer: requests.Response) -> list[str]:
    wrong = []
    if answer.status_code != step["status"]:
        wrong.append(f"status {step['status']} became {answer.status_code}: {answer.text[:200]}")
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    if kind != step["content_type"]:
        wrong.append(f"type {step['content_type']} became {kind}")
    if "location" in step:
        wanted = step["location"].split("/", 3)[3]
        if answer.headers.get("Location", "///").split("/", 3)[3] != wanted:
            wrong.append(f"Location {wanted} became {answer.headers.get('Location')}")
    if "reply" in step and not wrong:
        wrong += differences(step["reply"], answer.json())
        if step["status"] >= 400 and step["reply"] != answer.json():
            wrong.append(f"{step['reply']} became {answer.json()}")
    return wrong


def test_stored_names_and_states_are_the_real_ones(played):
    """Some values are part of the interface too."""
    play, _ = played
    wrong = []
    for chapter in CHAPTERS:
        for step, answer in play.answers[chapter]:
            if step["status"] not in (200, 201) or "reply" not in step:
                continue
            real, ours = step["reply"], answer.json()
            for path in (("state",), ("files", "local", "path"), ("effectivePrint",), ("error",)):
                if _at(real, path) != _at(ours, path):
                    wrong.append(f"{step['call']}: {_at(real, path)!r} became {_at(ours, path)!r}")
    assert not wrong, "\n".join(wrong)


def _at(reply: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        reply = reply.get(key) if isinstance(reply, dict) else None
    return reply if isinstance(reply, (str, bool)) else None


# web socket


@pytest.mark.parametrize("kind", sorted(WS["others"]))
def test_every_message_has_the_keys_and_types_of_the_real_one(played, kind):
    _, ear = played
    heard = [message for message in ear.heard if kind in message]
    assert heard
    wrong = differences(WS["others"][kind], heard[0])
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("state", sorted(WS["current"]))
def test_current_has_the_keys_and_types_of_the_real_one_in_every_state(played, state):
    _, ear = played
    real = WS["current"][state]["current"]
    wanted = real["state"]["text"], bool(real["job"]["file"]["name"])
    ours = [
        one
        for one in ear.of_kind("current")
        if (one["state"]["text"], bool(one["job"]["file"]["name"])) == wanted
    ]
    assert ours
    wrong = differences(_without_lists(real), _without_lists(ours[0]))
    assert not wrong, "\n".join(wrong)
    assert real["state"]["flags"] == ours[0]["state"]["flags"]


def _without_lists(current: dict[str, Any]) -> dict[str, Any]:
    """temps may be empty; what they and the marks look like is in the history."""
    return {k: v for k, v in current.items() if k not in ("temps", "offsets")}


@pytest.mark.parametrize("name", sorted(WS["events"]))
def test_every_event_has_the_keys_and_types_of_a_real_one(played, name):
    _, ear = played
    ours = [e["payload"] for e in ear.of_kind("event") if e["type"] == name]
    assert ours, f"{name} never came; {sorted(set(ear.events()))}"
    for payload in ours:
        wrong = _nearest(WS["events"][name], payload, name)
        assert not wrong, "\n".join(wrong)


def test_no_event_comes_that_the_real_server_did_not_send(played):
    _, ear = played
    assert set(ear.events()) <= set(WS["events"])


def test_a_missing_an_added_and_a_changed_key_are_found():
    real = {"a": 1, "b": {"c": None}, "d": [{"e": "x"}]}
    assert differences(real, {"a": 2.5, "b": {"c": None}, "d": [{"e": "y"}, {"e": "z"}]}) == []
    assert differences(real, {"a": 1, "b": {}, "d": [{"e": "x"}]}) == [".b.c is missing"]
    assert differences(real, {**real, "f": 1}) == [".f is added"]
    assert differences(real, {**real, "a": "1"}) == [".a: number became text"]
    assert differences(real, {**real, "d": [{"e": 1}]}) == [".d[0].e: text became number"]
    assert differences(real, {**real, "d": []}) == [".d: 1 elements became 0"]
