"""Reads hostile files one by one, each in a child that gets 64 MB beyond what it has.

``python -m tests.slicer.hostile_worker``: a line of JSON in ({"path", "model"}), one out.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from core.errors import FarmError
from slicer.intake import examine
from slicer.mesh import check  # noqa: F401 - imported before memory is counted
from tests.slicer.hostile import MEMORY_BYTES

PROCESSOR_S = 30
"""A case that takes longer is ended; what is aimed at stands in hostile.SECONDS."""
MODEL_BYTES = 200_000_000


def _kilobytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"no {field} in /proc/self/status")


def _limit() -> None:
    most = _kilobytes("VmSize") * 1024 + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S))


def _examine(path: Path, *, model: bool) -> dict[str, Any]:
    """What the library would do with it."""
    try:
        examine(path, "part", models=model, model_limit_bytes=MODEL_BYTES)
    except FarmError as error:
        return {
            "code": error.error_code, "text": error.message, "error": type(error).__name__,
        }  # fmt: skip
    return {"code": "", "text": "", "error": ""}


def _measured(path: Path, *, model: bool) -> dict[str, Any]:
    Path("/proc/self/clear_refs").write_text("5")  # forgets the highest RSS so far
    before = _kilobytes("VmRSS")
    _limit()
    wall, processor = time.perf_counter(), time.process_time()
    found = _examine(path, model=model)
    return {
        **found,
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - processor,
        "peak_bytes": max(0, _kilobytes("VmHWM") - before) * 1024,
    }


def _in_child(order: dict[str, Any]) -> str:
    """This process has one thread, so that a fork of it is sound."""
    inlet, outlet = os.pipe()
    child = os.fork()
    if not child:
        os.close(inlet)
        answer = json.dumps(_measured(Path(order["path"]), model=order["model"]))
        os.write(outlet, answer.encode())
        os._exit(0)
    os.close(outlet)
    with os.fdopen(inlet, "rb") as stream:
        answer = stream.read().decode()
    os.waitpid(child, 0)
    return answer or json.dumps({"code": "crashed", "text": "", "error": ""})


def main() -> None:
    for line in sys.stdin:
        sys.stdout.write(_in_child(json.loads(line)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
