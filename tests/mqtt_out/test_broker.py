"""Against a real mosquitto: what lies there for late subscribers, the will, restarts, refusals."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.model import Event, Kind
from core.alert_config import MqttConfig
from core.secret import Secret
from mqtt_out.topics import Topics
from printers.status import PrinterState
from tests.mqtt_out import samples
from tests.mqtt_out.conftest import Broker, Client, Farm, Wire
from tests.mqtt_out.home_assistant_rules import violations
from tests.waiting import wait_for

TOPICS = Topics("farm", "homeassistant")
ROOT = Path(__file__).parents[2]


def is_up(farm: Farm) -> bool:
    return bool(farm.room.status()["state"] == "online")


def test_a_late_subscriber_finds_every_printer(farm: Callable[..., Farm], client: Any) -> None:
    here = farm("alder", "oak")
    samples.publish(here.registry, samples.rich())
    samples.publish(here.registry, samples.plain())
    first: Client = client("#")
    for topic in (TOPICS.farm, TOPICS.state("oak"), *map(TOPICS.config, ("", "alder", "oak"))):
        first.wait(topic)
    late: Client = client("#")
    state = late.wait("farm/printer/alder/state")
    assert state["print_status"] == "running" and state["print_progress"] == 42
    assert state["can"] == {"pause": True, "resume": False, "stop": True, "mark_clear": False}
    assert late.wait("farm/status") == "online"
    assert late.wait("farm/printer/oak/availability") == "online"
    assert late.wait("farm/farm/state")["printers"] == 2
    for name in ("", "alder", "oak"):
        topic = TOPICS.config(name)
        late.wait(topic)
        assert late.heard[topic][0].retain
        assert violations(topic, late.last(topic)) == []
    assert all(late.heard[topic][0].retain for topic in ("farm/status", "farm/printer/oak/state"))


def test_each_payload_fits_the_state_that_is_really_sent(farm: Any, client: Any) -> None:
    """A printer goes offline: every key its templates read is still there, as null."""
    here: Farm = farm("alder")
    samples.publish(here.registry, samples.rich())
    ears: Client = client("#")
    parts = ears.wait(TOPICS.config("alder"), lambda one: "ams_1_humidity" in one["cmps"])["cmps"]
    samples.publish(here.registry, samples.plain("alder", PrinterState.OFFLINE))
    state = ears.wait("farm/printer/alder/state", lambda told: told["print_status"] == "offline")
    assert {"bed_temp", "ams_1_humidity", "active_tray"} <= parts.keys() & state.keys()
    assert state["bed_temp"] is None and state["online"] is False
    assert ears.wait("farm/printer/alder/availability", lambda word: word == "offline")
    again = ears.last(TOPICS.config("alder"))["cmps"]
    assert again.keys() >= parts.keys(), "what it told once stays an entity"


def test_what_only_trembles_is_not_sent_again(farm: Any, client: Any) -> None:
    here: Farm = farm("oak")
    ears: Client = client("farm/printer/+/state")
    status = samples.plain()
    samples.publish(here.registry, status)
    ears.wait("farm/printer/oak/state")
    warm = replace(status.heaters[0], current=status.heaters[0].current + 0.5)
    here.registry.publish(replace(status, heaters=(warm, status.heaters[1])))
    hot = replace(warm, current=99.0)
    here.registry.publish(replace(status, heaters=(hot, status.heaters[1])))
    ears.wait("farm/printer/oak/state", lambda told: told["nozzle_temp"] == 99.0)
    told = [json.loads(text)["nozzle_temp"] for text in ears.texts("farm/printer/oak/state")]
    assert told == [24.2, 99.0]


def test_the_broker_restarts_and_forgets_everything(farm: Any, broker: Broker, client: Any) -> None:
    """Must show 4. Without persistence, so that all that is there afterwards was sent anew."""
    here: Farm = farm("alder", "oak", commands=True)
    samples.publish(here.registry, samples.rich())
    samples.publish(here.registry, samples.plain())
    client("farm/#").wait("farm/printer/oak/state")
    broker.stop()
    wait_for(lambda: here.room.status()["state"] == "unreachable", "the outage")
    assert f"127.0.0.1:{broker.port}" in here.room.status()["text"]
    samples.publish(here.registry, samples.plain("oak", PrinterState.FINISHED))
    event = Event(kind=Kind.FINISHED, at=time.time(), text="Oak has finished.", printer_id="oak")
    here.bus.publish(("alert", event.identity), event)
    broker.start()
    after: Client = client("#")
    assert after.wait("farm/printer/oak/state")["print_status"] == "finish"
    assert after.wait("farm/status") == "online"
    for name in ("", "alder", "oak"):
        assert violations(TOPICS.config(name), after.wait(TOPICS.config(name))) == []
    assert here.room.status()["sessions"] == 2
    after.publish(TOPICS.order("alder", "pause"), "PRESS")
    wait_for(lambda: here.executed, "an order after the restart")


def test_an_event_waits_for_the_network_and_is_told_once(
    farm: Any, wire: Wire, client: Any
) -> None:
    here: Farm = farm("oak", port=wire.port)
    ears: Client = client("farm/#")
    wait_for(lambda: is_up(here))
    wire.cut()
    assert ears.wait("farm/status", lambda word: word == "offline"), "the will"
    wait_for(lambda: not is_up(here))
    event = Event(
        kind=Kind.FINISHED, at=time.time(), text="Oak has finished.", printer_id="oak",
        printer="Oak", facts={"file": "gear.3mf"},
    )  # fmt: skip
    here.bus.publish(("alert", event.identity), event)
    old = replace(event, at=time.time() - 3600, run="long ago")
    here.bus.publish(("alert", old.identity), old)
    wire.mend()
    told = ears.wait("farm/printer/oak/event")
    assert (told["event_type"], told["file"], told["level"]) == ("finished", "gear.3mf", "soon")
    wait_for(lambda: here.room.status()["events_waiting"] == 0, "the broker's word")
    assert len(ears.heard["farm/printer/oak/event"]) == 1
    assert not ears.heard["farm/printer/oak/event"][0].retain
    assert here.room.status()["events_dropped"] == 1
    assert ears.wait("farm/status", lambda word: word == "online")


_VICTIM = """
import sys, threading
from pathlib import Path
from core.alert_config import MqttConfig
from tests.mqtt_out import samples
from tests.mqtt_out.conftest import Farm
farm = Farm(Path(sys.argv[1]), MqttConfig(port=int(sys.argv[2])), ("oak",))
farm.room.start()
samples.publish(farm.registry, samples.plain())
threading.Event().wait(60)
"""


def test_the_broker_itself_says_that_a_killed_farm_is_gone(
    broker: Broker, client: Any, tmp_path: Path
) -> None:
    ears: Client = client("farm/#")
    command = [sys.executable, "-c", _VICTIM, str(tmp_path), str(broker.port)]
    victim = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        ears.wait("farm/printer/oak/state")
        assert ears.last("farm/status") == "online"
        victim.send_signal(signal.SIGKILL)
        assert ears.wait("farm/status", lambda word: word == "offline")
    finally:
        victim.kill()
        victim.wait(10)
    late: Client = client("farm/status")
    assert late.wait("farm/status") == "offline"
    assert late.heard["farm/status"][-1].retain


def test_a_stopped_farm_says_goodbye_itself(farm: Any, client: Any) -> None:
    here: Farm = farm("oak")
    ears: Client = client("farm/status")
    ears.wait("farm/status", lambda word: word == "online")
    here.room.stop()
    assert ears.wait("farm/status", lambda word: word == "offline")
    assert here.room.status()["state"] == "stopped"


def test_a_wrong_password_is_told_and_is_nowhere(
    tmp_path: Path, farm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    words = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(words), "farm", "right"], check=True)
    words.chmod(0o644)
    guarded = Broker(tmp_path, "allow_anonymous false", f"password_file {words}", "user root")
    guarded.start()
    try:
        caplog.set_level(logging.DEBUG)
        wrong: Farm = farm("oak", port=guarded.port, user="farm", password=Secret("canary-3141"))
        told = wait_for(lambda: wrong.room.status()["state"] == "refused" and wrong.room.status())
        assert "refuses the user or the password" in told["text"] or "let this user" in told["text"]
        assert "canary-3141" not in caplog.text + repr(told)
        right: Farm = farm("oak", port=guarded.port, user="farm", password=Secret("right"))
        wait_for(lambda: is_up(right))
    finally:
        guarded.stop()


def test_a_broker_that_is_not_there_is_told_once(
    farm: Any, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.stop()
    here: Farm = farm("oak")
    wait_for(lambda: here.room.status()["state"] == "unreachable")
    wait_for(lambda: _attempts(here) > 3, "further attempts")
    assert "Check its address" in here.room.status()["text"]
    assert sum("refuses the connection" in line for line in caplog.messages) == 1


def _attempts(farm: Farm) -> int:
    publisher = farm.room._publisher
    assert publisher is not None
    return publisher.link._backoff._failures


def test_something_else_on_its_port_is_told(farm: Any) -> None:
    """It accepts, and says what no broker says."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=_babble, args=(other,), daemon=True).start()
        here: Farm = farm("oak", port=other.getsockname()[1])
        text = wait_for(lambda: here.room.status()["text"])
    assert "does not answer as an MQTT broker does" in text


def _babble(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        for _ in range(20):
            peer, _address = server.accept()
            with peer:
                peer.recv(100)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_plain_broker_is_told_from_one_with_tls(farm: Any, broker: Broker) -> None:
    here: Farm = farm("oak", tls=True)
    assert "MQTT broker at" in wait_for(lambda: here.room.status()["text"])
    assert here.room.status()["state"] == "unreachable"
    lost: Farm = farm("oak", tls=True, ca="/nowhere/ca.pem")
    assert '"ca" does not exist' in wait_for(lambda: lost.room.status()["text"])


def test_home_assistant_starts_and_hears_everything_again(farm: Any, client: Any) -> None:
    here: Farm = farm("alder", "oak")
    samples.publish(here.registry, samples.rich())
    samples.publish(here.registry, samples.plain())
    ears: Client = client("#")
    ears.wait(TOPICS.config("oak"))
    ears.wait("farm/printer/oak/state")
    before = {topic: len(heard) for topic, heard in ears.heard.items()}
    ears.publish("homeassistant/status", "online", retain=True)
    for name in ("", "alder", "oak"):
        wait_for(lambda n=name: len(ears.heard[TOPICS.config(n)]) > before[TOPICS.config(n)])
    topic = "farm/printer/alder/state"
    wait_for(lambda: len(ears.heard[topic]) > before[topic])


def test_a_printer_that_cannot_be_told_is_away_and_silences_no_other(
    farm: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    here: Farm = farm("alder", "oak")
    broken = replace(samples.rich(), wifi_dbm=10**30)  # no JSON has that
    samples.publish(here.registry, samples.rich())
    hand: Client = client("#")
    hand.wait("farm/printer/alder/availability", lambda word: word == "online")
    samples.publish(here.registry, broken)
    hand.wait("farm/printer/alder/availability", lambda word: word == "offline")
    samples.publish(here.registry, samples.plain())
    assert hand.wait("farm/printer/oak/state")["online"] is True
    samples.publish(here.registry, samples.rich())
    hand.wait("farm/printer/alder/availability", lambda word: word == "online")
    assert sum("could not be told" in line for line in caplog.messages) == 1


def test_a_hundred_printers_are_all_there(farm: Any, client: Any) -> None:
    names = [f"p-{number}" for number in range(100)]
    here: Farm = farm(*names)
    for name in names:
        samples.publish(here.registry, samples.plain(name))
    ears: Client = client("#")
    for name in names:
        ears.wait(f"farm/printer/{name}/state")
        ears.wait(TOPICS.config(name))
    assert here.room.status()["devices"] == 100


def test_switched_off_nothing_runs_and_nothing_is_written(tmp_path: Path) -> None:
    here = Farm(tmp_path / "mqtt", MqttConfig(), ("oak",), enabled=False)
    here.room.start()
    assert here.room.status() == {
        "enabled": False, "state": "off", "text": "MQTT is switched off.",
    }  # fmt: skip
    here.room.stop()
    assert not (tmp_path / "mqtt").exists()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mqtt:")]


def test_a_picture_of_the_end_and_while_it_prints(farm: Any, client: Any) -> None:
    here: Farm = farm("alder")
    here.frame("alder", b"\xff\xd8 printing \xff\xd9")
    samples.publish(here.registry, samples.rich())
    ears: Client = client("farm/#")
    wait_for(lambda: ears.heard["farm/printer/alder/image"])
    assert ears.heard["farm/printer/alder/image"][-1].payload == b"\xff\xd8 printing \xff\xd9"
    assert ears.wait("farm/printer/alder/state", lambda told: told["picture_at"])
    samples.publish(here.registry, samples.plain("alder", PrinterState.FINISHED))
    event = Event(kind=Kind.FINISHED, at=time.time(), text="Alder is done.", printer_id="alder")
    here.bus.publish(("alert", event.identity), event)
    ears.wait("farm/printer/alder/event")
    here.frame("alder", b"\xff\xd8 done \xff\xd9")
    wait_for(lambda: ears.heard["farm/printer/alder/image"][-1].payload.endswith(b"done \xff\xd9"))


def test_without_pictures_no_camera_is_asked(farm: Any, client: Any) -> None:
    here: Farm = farm("alder", pictures=False)
    here.frame("alder", b"\xff\xd8\xff\xd9")
    samples.publish(here.registry, samples.rich())
    ears: Client = client("#")
    parts = ears.wait(TOPICS.config("alder"))["cmps"]
    assert not {"camera", "picture"} & parts.keys()
    ears.wait("farm/printer/alder/state")
    assert not ears.heard["farm/printer/alder/image"]


def test_a_broker_with_a_certificate(tmp_path: Path, farm: Any) -> None:
    key, paper = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", str(key), "-out", str(paper), "-days", "2", "-subj", "/CN=broker",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    key.chmod(0o644)
    lines = (f"keyfile {key}", f"certfile {paper}", "allow_anonymous true", "user root")
    guarded = Broker(tmp_path, *lines)
    guarded.start()
    try:
        trusting: Farm = farm("oak", port=guarded.port, tls=True, ca=str(paper))
        samples.publish(trusting.registry, samples.plain())
        wait_for(lambda: is_up(trusting))
        wait_for(lambda: trusting.room.status()["states_sent"])
        careful: Farm = farm("oak", port=guarded.port, tls=True)
        assert "not trusted" in wait_for(lambda: careful.room.status()["text"])
        assert careful.room.status()["sessions"] == 0
    finally:
        guarded.stop()


def test_a_broker_that_hangs_holds_nobody_up_and_gets_the_newest(
    farm: Any, broker: Broker, client: Any
) -> None:
    here: Farm = farm("oak")
    ears: Client = client("farm/printer/oak/state")
    status = samples.plain()
    samples.publish(here.registry, status)
    ears.wait("farm/printer/oak/state")
    broker.freeze()
    for degrees in range(100, 200):
        heaters = (replace(status.heaters[0], current=float(degrees)), status.heaters[1])
        here.registry.publish(replace(status, heaters=heaters))
    broker.thaw()
    ears.wait("farm/printer/oak/state", lambda told: told["nozzle_temp"] == 199.0)
    assert len(ears.heard["farm/printer/oak/state"]) < 10
