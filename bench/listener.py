"""A browser's stand-in: receives delta frames and compares each with the stamp it carries.

The simulator writes the moment of sending (time.time_ns) into the job's name; the farm passes
names on unchanged, so the difference on arrival is the whole way: printer -> farm -> browser.
Run as a process of its own: ``python -m bench.listener URL SECONDS`` prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from simple_websocket import Client

from core.jsonio import loads

PREFIX = "bench-"


def stamps(frame: dict[str, Any]) -> list[int]:
    """The send times (ns) in one delta frame."""
    found = []
    for patch in frame.get("p", {}).values():
        name = (patch.get("job") or {}).get("name") or ""
        if name.startswith(PREFIX):
            found.append(int(name.removeprefix(PREFIX)))
    return found


def listen(url: str, seconds: float) -> dict[str, Any]:
    """Latencies in ms and bytes received during ``seconds``, after the first snapshot."""
    socket = Client.connect(url, max_message_size=50_000_000)
    delays: list[float] = []
    received = 0
    frames = 0
    warm_until = time.perf_counter() + 2.0
    end = warm_until + seconds
    try:
        while (left := end - time.perf_counter()) > 0:
            message = socket.receive(timeout=left)
            now = time.time_ns()
            if message is None or time.perf_counter() < warm_until:
                continue
            frame = loads(message)
            if frame.get("t") != "delta":
                continue
            frames += 1
            received += len(message)
            delays.extend((now - sent) / 1e6 for sent in stamps(frame))
    finally:
        socket.close()
    return {"delays_ms": delays, "bytes_per_s": received / seconds, "frames": frames}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(listen(sys.argv[1], float(sys.argv[2]))) + "\n")
