"""Child process of slicer.mesh: measures or draws one model, answers on stdout.

``python -m slicer.mesh.worker inspect|render FILE KIND SECONDS MEMORY_MB``: the file is the farm's
own path. Exit code 3: it is no readable model.
"""

from __future__ import annotations

import sys
from pathlib import Path

from core import jsonio
from slicer import children

UNREADABLE = 3


def main() -> int:
    task, path, kind = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    children.limit(float(sys.argv[4]), int(sys.argv[5]))
    from slicer.mesh import draw, instances, load  # only now: under the limits

    try:
        if kind == "3mf":
            instances.require_few(path)
        triangles = load.load(path, kind)
    except MemoryError:
        raise
    except instances.TooManyInstances:
        if task != "inspect":
            return UNREADABLE
        sys.stdout.buffer.write(jsonio.dumps({"refused": "model_crowded"}))
        return 0
    except Exception as error:  # noqa: BLE001 - whatever a parser of foreign files can raise
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return UNREADABLE
    found = load.judge(triangles)
    if task == "inspect":
        sys.stdout.buffer.write(jsonio.dumps(found))
    elif "refused" not in found:
        sys.stdout.buffer.write(draw.picture(triangles))
    return 0


if __name__ == "__main__":
    sys.exit(main())
