"""Channels and their workers in a process of their own, to be killed: reads JSON from its first
argument ({"folder", "channels": [{"name", "type", "url", …}]}), ends with its input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from alerts.channels.make import Supplies, make
from alerts.channels.push.subscriptions import Subscriptions
from alerts.delivery.deliveries import Deliveries
from alerts.log import AlertLog
from core.alert_config import AlertsConfig, ChannelConfig
from core.clock import SystemClock
from core.secret import Secret

SECRETS = ("token", "url", "secret")


def channel_of(given: dict[str, Any]) -> ChannelConfig:
    clean = {name: Secret(v) if name in SECRETS else v for name, v in given.items()}
    return ChannelConfig(**clean)


def main() -> None:
    order = json.loads(sys.argv[1])
    folder, clock = Path(order["folder"]), SystemClock()
    log = AlertLog(folder, clock)
    supplies = Supplies(clock=clock, subscriptions=Subscriptions(folder, clock))
    config = AlertsConfig(channels=tuple(channel_of(given) for given in order["channels"]))
    deliveries = Deliveries(
        config, lambda channel: make(channel, supplies), log, folder / "photos", clock,
        log.add_event,
    )  # fmt: skip
    deliveries.start()
    sys.stdout.write("up\n")
    sys.stdout.flush()
    sys.stdin.read()
    deliveries.stop()
    log.close()


if __name__ == "__main__":
    main()
