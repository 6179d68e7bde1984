"""The house rules: no name of the standard library, and who may import whom."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (
    "core", "printers", "slicer", "job_queue", "cameras", "alerts", "mqtt_out", "metrics", "web",
    "simulator", "rig",
)  # fmt: skip
MAY_IMPORT = {
    "core": set(),
    "printers": {"core"},
    "slicer": {"core"},
    "job_queue": {"core", "printers", "slicer"},
    "cameras": {"core", "printers"},
    "alerts": {"core", "printers", "job_queue", "cameras"},
    "mqtt_out": {"core", "printers", "job_queue", "cameras", "alerts"},
    "metrics": {"core", "printers", "job_queue", "cameras", "alerts"},
    "web": {
        "core",
        "printers",
        "slicer",
        "job_queue",
        "cameras",
        "alerts",
        "mqtt_out",
        "metrics",
    },
    "simulator": {"core"},
    "rig": set(),  # it runs on a machine of its own
}
SHARED = {"lan", "__pycache__"}
"""Folders of printers/ that are no adapter: every adapter may use them."""
ADAPTER_FOLDERS = tuple(
    f"printers.{path.name}"
    for path in (ROOT / "printers").iterdir()
    if path.is_dir() and path.name not in SHARED
)
DOMAIN = {"job", "target", "naming", "identity", "records", "timing", "draft"}
FRONT = {
    "service", "desk", "dispatcher", "sending_ahead", "runner", "forecaster", "after_slicing",
}  # fmt: skip
"""Of the ground of job_queue/: what puts its rooms to work."""
WITHIN_JOB_QUEUE = {
    **dict.fromkeys(DOMAIN, DOMAIN),
    "store": DOMAIN,
    "matching": DOMAIN,
    "board": DOMAIN | {"store.base", "matching.match"},
    "starting": DOMAIN | {"board", "store.base", "matching"},
    "forecast": DOMAIN | {"matching"},
    "history": DOMAIN | {"board"},
    **dict.fromkeys(
        FRONT, DOMAIN | FRONT | {"board", "store.base", "matching", "starting", "forecast"}
    ),
    "web": DOMAIN | FRONT | {"matching", "forecast", "history"},
}
"""Who may import what of job_queue/: a room, a module of its ground, or web/. A room may import
itself. A new module of the ground needs a line here."""
CAMERA_ROOMS = {
    "build": {"sources", "timelapse", "rigs", "prusa_connect"},
    "sources": set(),
    "timelapse": set(),
    "prusa_connect": set(),
    "rigs": set(),
    "bridge": {"sources", "prusa_connect"},
    "hub": {"sources"},
    "printer_videos": {"timelapse"},
}
"""Which rooms of cameras/ a room or a module of its ground may import; unnamed modules: none."""
LIBRARIES = {
    "flask": ("web", "api_server"),
    "flask_sock": ("web",),
    "werkzeug": ("web",),
    "paho": ("printers.bambu", "mqtt_out"),
    "bambulabs_api": ("printers.bambu",),
    "apscheduler": ("job_queue", "api_server"),
    "ffmpeg": ("cameras",),
    "requests": (
        "core.web_session",
        "printers.lan",
        "cameras.prusa_connect",
        "alerts.channels",
        "alerts.defects",
    ),
    "apprise": ("alerts.channels",),
    "pywebpush": ("alerts.channels.push",),
    "py_vapid": ("alerts.channels.push",),
    "openai": ("alerts.defects",),
    "prometheus_client": ("metrics",),
    "requests_toolbelt": ("printers.lan",),
    "wsproto": ("printers.lan",),
    "urllib3": ("printers.lan", "cameras", "alerts.channels"),
    "aiohttp": ("simulator",),
    "websocket": ("rig",),
    "gpiozero": ("rig.pins",),
    "paramiko": ("rig",),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                package = module_name(path).split(".")[: -node.level or None]
                names.add(".".join([*package, node.module or ""]).strip("."))
            else:
                names.add(node.module or "")
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


PRODUCT = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("path", [*PRODUCT, ROOT / "api_server.py"], ids=str)
def test_no_module_or_folder_has_a_standard_library_name(path: Path) -> None:
    for part in path.relative_to(ROOT).with_suffix("").parts:
        assert part == "__init__" or part == "__main__" or part not in sys.stdlib_module_names


def test_no_top_level_name_shadows_the_standard_library() -> None:
    own = {p.stem for p in ROOT.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert not own & set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", PRODUCT, ids=lambda p: module_name(p))
def test_rooms_import_only_downwards(path: Path) -> None:
    module = module_name(path)
    room = module.split(".", 1)[0]
    for name in imports_of(path):
        other = name.split(".", 1)[0]
        if other in ROOMS and other != room:
            assert other in MAY_IMPORT[room], f"{module} imports {name}"
        assert other != "api_server", f"{module} imports the entry"


def modules_among(names: set[str]) -> set[str]:
    """Those that are modules of job_queue/, without its name: "job", "store.base"."""
    return {
        name.removeprefix("job_queue.")
        for name in names
        if name.startswith("job_queue.") and (ROOT / (name.replace(".", "/") + ".py")).is_file()
    }


def trespasses(place: str, names: set[str]) -> set[str]:
    """What that room of job_queue/ (or module of its ground, or web) may not import."""
    allowed = WITHIN_JOB_QUEUE[place] | {place}
    return {
        other
        for other in modules_among(names)
        if other not in allowed and other.split(".", 1)[0] not in allowed
    }


@pytest.mark.parametrize(
    "path",
    [path for path in PRODUCT if path.relative_to(ROOT).parts[0] in ("job_queue", "web")],
    ids=lambda p: module_name(p),
)
def test_the_rooms_of_the_queue_import_one_way(path: Path) -> None:
    room, *inner = module_name(path).split(".")
    if room == "job_queue" and path.name == "__init__.py":
        assert not imports_of(path), "a package says what it is and re-exports nothing"
        return
    assert not trespasses(inner[0] if room == "job_queue" else room, imports_of(path))


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("matching", "from job_queue.starting import beds"),
        ("store", "import job_queue.matching.match"),
        ("starting", "from job_queue.store.json_store import JsonJobStore"),
        ("starting", "from job_queue import service"),
        ("job", "from job_queue.records import QueueState as Q, Pause\nimport job_queue.board"),
        ("web", "def f():\n    from job_queue.starting.launch import Launcher"),
    ],
)
def test_the_check_sees_a_planted_trespass(place: str, line: str, tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(line)
    assert trespasses(place, imports_of(planted))


@pytest.mark.parametrize(
    "path",
    [path for path in PRODUCT if path.relative_to(ROOT).parts[0] == "cameras"],
    ids=lambda p: module_name(p),
)
def test_the_rooms_of_the_cameras_keep_apart(path: Path) -> None:
    place = [*module_name(path).split("."), ""][1]
    rooms = {folder.name for folder in (ROOT / "cameras").iterdir() if folder.is_dir()}
    for name in imports_of(path):
        other = [*name.split("."), "", ""][1] if name.startswith("cameras.") else ""
        if other in rooms and other != place:
            assert other in CAMERA_ROOMS.get(place, ()), f"{module_name(path)} imports {name}"
        if place == "sources":
            assert other not in ("hub", "worker", "slot", "book"), "a source knows no reader"


@pytest.mark.parametrize("path", PRODUCT, ids=lambda p: module_name(p))
def test_only_the_table_names_concrete_adapters(path: Path) -> None:
    module = module_name(path)
    for name in imports_of(path):
        for folder in ADAPTER_FOLDERS:
            if name == folder or name.startswith(folder + "."):
                assert module == "printers.adapters" or module.startswith(folder), (
                    f"{module} imports {name}"
                )


@pytest.mark.parametrize("path", PRODUCT, ids=lambda p: module_name(p))
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    module = module_name(path)
    for name in imports_of(path):
        allowed = LIBRARIES.get(name.split(".", 1)[0])
        if allowed:
            assert any(module == room or module.startswith(room + ".") for room in allowed), (
                f"{module} imports {name}"
            )


def test_the_check_sees_a_planted_upward_import(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(
        "def f():\n    from web.app import create_app\n    import printers.bambu.x\n"
    )
    tree_names: set[str] = set()
    for node in ast.walk(ast.parse(planted.read_text())):
        if isinstance(node, ast.ImportFrom):
            tree_names.add(node.module or "")
        elif isinstance(node, ast.Import):
            tree_names.update(alias.name for alias in node.names)
    assert {"web.app", "printers.bambu.x"} <= tree_names
