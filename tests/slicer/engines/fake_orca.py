#!/usr/bin/env python3
"""A stand-in for the command line of OrcaSlicer and Bambu Studio, as strict as the real one.

Written from print-files 1.4, on its own: it shares no line with the adapter. It parses arguments as
Config.cpp does, really reads the model's box, lays it down as walls and writes the same files.
Called as "bambu-studio" it is Bambu Studio, else OrcaSlicer. What it shall do wrong stands in
``knobs.json`` beside the name it is called by: version, exit, error_string, crash, hang, outside,
thumbnail ("good" or "broken"), defaults, garbled, lose_output.
"""

# ruff: noqa: T201 - a program that speaks to its caller
from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fake_orca_args as arguments
import fake_orca_models as shapes
import fake_orca_output as output
import fake_orca_presets as presets
from fake_orca_args import Failed

TEXTS = {
    0: "Success.",
    -2: "Invalid parameters to the slicer.",
    -3: "The input files to the slicer are not found.",
    -5: "The input preset file is invalid and can not be parsed.",
    -6: "The input model file to the slicer can not be parsed.",
    -17: "The selected printer is not compatible with the process preset in the 3mf.",
    -19: "post_process is not supported under CLI.",
    -24: "Unsupported 3MF version.",
    -50: "One of the plate is empty or has no object fully inside it.",
    -52: "Some objects are located over the boundary of the heated bed.",
    -59: "Triangle count of single plate exceeds the limit.",
    -104: "Found G-code outside of the printable area.",
}


class Pipe:
    """Progress as JSON lines, to whoever has the FIFO open for reading within a second."""

    def __init__(self, path: str) -> None:
        self._descriptor: int | None = None
        for _ in range(50 if path else 0):
            try:
                self._descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
                return
            except OSError:
                time.sleep(0.02)

    def tell(self, percent: int, **more: object) -> None:
        if self._descriptor is None:
            return
        places = {"plate_index": 1, "plate_count": 1}
        told = {**places, "plate_percent": percent, "total_percent": percent, **more}
        line = json.dumps(told, sort_keys=True) + "\n"
        try:
            os.write(self._descriptor, line.encode()[:511])  # a cut line has no end of its own
        except BlockingIOError:
            return


class Program:
    def __init__(self, called: Path) -> None:
        self.is_bambu = "bambu" in called.name.lower()
        try:
            self.knobs: dict[str, Any] = json.loads(called.with_name("knobs.json").read_text())
        except FileNotFoundError:
            self.knobs = {}
        default = "02.05.00.66" if self.is_bambu else "2.3.2"
        self.version: str = self.knobs.get("version", default)
        self.folder = ""
        self.plates: list[dict[str, Any]] = []
        self.settings: dict[str, Any] = {}

    @property
    def title(self) -> str:
        return f"{'BambuStudio' if self.is_bambu else 'OrcaSlicer'}-{self.version}"

    def main(self, argv: list[str]) -> int:
        try:
            options, files = arguments.parse(argv, is_bambu=self.is_bambu)
            self.folder = options.get("outputdir", "")
            if options.get("help") or not (options or files):
                print(f"{self.title}:\nUsage: orca-slicer [ OPTIONS ] [ file.3mf/file.stl ... ]\n")
                print("OPTIONS:\n" + "\n".join(f" --{name}" for name in arguments.OPTIONS))
                return 0
            self.slice(options, files)
        except Failed as failed:
            return self.leave(failed.code, failed.text)
        return self.leave(int(self.knobs.get("exit", 0)), self.knobs.get("error_string", ""))

    def leave(self, code: int, text: str) -> int:
        """result.json on every exit; the shell sees 256 + code."""
        result = {
            "return_code": code,
            "error_string": text or TEXTS.get(code, f"error {code}"),
            "plate_index": 1,
            "prepare_time": 12,
            "export_time": 3,
            "layer_height": float(self.settings.get("layer_height", 0.2)),
            "wall_loops": 2,
            "sparse_infill_density": 15.0,
            "downward_compatible_machine": [],
            "upward_compatible_machine": [],
            "sliced_plates": self.plates,
        }
        (Path(self.folder or ".") / "result.json").write_text(json.dumps(result))
        if code:
            print(f"run found error, return {code}, exit...")
        return code % 256

    def slice(self, options: dict[str, Any], files: list[str]) -> None:
        pipe = Pipe(options.get("pipe", ""))
        for name in files:
            if not Path(name).exists():
                print(f"No such file: {name}", file=sys.stderr)
                raise Failed(-3)
        if len(files) != 1 or "slice" not in options:
            raise Failed(-2)
        model = shapes.read(Path(files[0]))
        self.settings = presets.settings_of(options, model.project)
        if self.knobs.get("defaults"):
            self.settings = dict(presets.DEFAULTS)
        self.check_project(options, model)
        objects = self.place(options, model)
        self.work(options, pipe)
        self.write(options, model, objects)
        pipe.tell(100, message="Slicing finished")

    def check_project(self, options: dict[str, Any], model: shapes.Model) -> None:
        if model.project is None:
            return
        told = [int(part) for part in model.version.split(".")[:2] if part.isdigit()]
        own = [int(part) for part in self.version.split(".")[:2]]
        if told > own and not options.get("allow_newer_file"):
            raise Failed(-24)
        scripts = [text for text in model.project.get("post_process") or [] if text]
        if scripts and options.get("normative_check", True):
            raise Failed(-19)

    def place(self, options: dict[str, Any], model: shapes.Model) -> list[shapes.Solid]:
        plate = options["slice"]
        if model.project is None:
            plate = 0  # "not support to slice plate N, reset to 0"
        objects = model.on_plate(plate)
        if plate > model.plates:
            raise Failed(-2)
        if not objects:
            raise Failed(-50)
        limit = options.get("mtcpp", 0)
        if limit and sum(solid.triangles for solid in objects) > limit:
            raise Failed(-59)
        bed = presets.bed_of(self.settings)
        arrange = options.get("arrange", "auto")
        if arrange == "1" or (arrange == "auto" and not model.is_placed):
            objects = shapes.arranged(objects, bed)
        if not any(solid.touches(bed) for solid in objects):
            raise Failed(-50)
        if not all(solid.inside(bed) for solid in objects):
            raise Failed(-52)
        return objects

    def work(self, options: dict[str, Any], pipe: Pipe) -> None:
        pipe.tell(2, message="Loading models")
        for percent, text in ((15, "Generating perimeters"), (60, "Generating infill")):
            pipe.tell(percent, message=text)
            if options.get("debug", 1) >= 4 and not options.get("pipe"):
                print(
                    f"[debug] default_status_callback: percent={percent}, warning_step=-1, "
                    f"message={text}, message_type=0",
                    flush=True,
                )
        pipe.tell(70, warning="Floating regions. " + "Please turn on supports. " * 40)
        pipe.tell(72, warning="It seems object Cube has floating regions.")
        if self.knobs.get("hang"):
            print("hanging", flush=True)
            threading.Event().wait()
        if "crash" in self.knobs:
            print("Segmentation fault ahead", flush=True)
            os.kill(os.getpid(), getattr(signal, self.knobs["crash"]))
        if self.knobs.get("exit"):
            raise Failed(int(self.knobs["exit"]), self.knobs.get("error_string", ""))
        if self.knobs.get("outside"):
            raise Failed(-104)

    def write(
        self, options: dict[str, Any], model: shapes.Model, objects: list[shapes.Solid]
    ) -> None:
        number = max(options["slice"] if model.project is not None else 0, 1)
        plate = output.plate(number, objects, self.settings, self.title)
        self.plates.append(plate.result)
        folder = Path(self.folder or ".")
        name = options.get("export_3mf", "")
        if not name:
            (folder / f"plate_{number}.gcode").write_text(plate.gcode)
            return
        if self.knobs.get("lose_output"):
            return
        data = output.container(
            plate,
            self.settings,
            title=self.title,
            with_gcode=bool(options.get("min_save")),
            thumbnail=self.knobs.get("thumbnail", ""),
        )
        if self.knobs.get("garbled"):
            data = data[: len(data) // 2]
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    sys.exit(Program(Path(sys.argv[0])).main(sys.argv[1:]))
