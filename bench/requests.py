"""How many ``GET /api/status`` a second one farm answers, over kept-open connections."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time


def _loop(port: int, end: float, counts: list[int], headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    done = 0
    while time.perf_counter() < end:
        connection.request("GET", "/api/status", headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (200, 304):
            raise RuntimeError(f"/api/status answered {answer.status}")
        done += 1
    connection.close()
    counts.append(done)


def per_second(port: int, seconds: float, *, etag: str = "", connections: int = 4) -> float:
    """Answers per second over ``connections`` connections."""
    counts: list[int] = []
    headers = {"If-None-Match": etag} if etag else {}
    end = time.perf_counter() + seconds
    threads = [
        threading.Thread(target=_loop, args=(port, end, counts, headers))
        for _ in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(counts) != connections:
        raise RuntimeError("a connection to /api/status failed")
    return sum(counts) / seconds


if __name__ == "__main__":
    sys.stdout.write(json.dumps(per_second(int(sys.argv[1]), float(sys.argv[2]))) + "\n")
