"""The house rules: no name of the standard library, and who may import whom."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "printers", "slicer", "job_queue", "cameras", "web", "simulator")
MAY_IMPORT = {
    "core": set(),
    "printers": {"core"},
    "slicer": {"core"},
    "job_queue": {"core", "printers", "slicer"},
    "cameras": {"core", "printers"},
    "web": {"core", "printers", "slicer", "job_queue", "cameras"},
    "simulator": {"core"},
}
SHARED = {"lan", "__pycache__"}
"""Folders of printers/ that are no adapter: every adapter may use them."""
ADAPTER_FOLDERS = tuple(
    f"printers.{path.name}"
    for path in (ROOT / "printers").iterdir()
    if path.is_dir() and path.name not in SHARED
)
LIBRARIES = {
    "flask": ("web", "api_server"),
    "flask_sock": ("web",),
    "werkzeug": ("web",),
    "paho": ("printers.bambu",),
    "bambulabs_api": ("printers.bambu",),
    "apscheduler": ("job_queue", "api_server"),
    "ffmpeg": ("cameras",),
    "requests": ("printers.lan",),
    "requests_toolbelt": ("printers.lan",),
    "wsproto": ("printers.lan",),
    "urllib3": ("printers.lan", "cameras"),
    "aiohttp": ("simulator",),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


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
