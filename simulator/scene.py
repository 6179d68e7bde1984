"""Draws what the camera of a virtual printer sees: our own art, a JPEG of 1280×720 pixels."""

from __future__ import annotations

import io
import math
import time
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from simulator.shapes import shape_for
from simulator.solid_art import draw_part, rgb, tone

if TYPE_CHECKING:
    from simulator.machine import VirtualPrinter
    from simulator.state import JobInfo

_W, _H = 1280, 720
_MID = (640.0, 508.0)  # middle of the bed on the picture
_SCALE = 192.0  # pixels of a part's radius
LAYER_ROWS = (46, 713)  # pixels of the picture: all layers, none
LAYER_WIDTH = 11  # pixels
_DONE = (46, 196, 126, 230)
_STEPS = 60  # heights at which a growing part is drawn anew
_WORDS = {
    "IDLE": "Idle",
    "PREPARE": "Preparing",
    "RUNNING": "Printing",
    "PAUSE": "Paused",
    "FINISH": "Finished",
    "FAILED": "Stopped",
}


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _gradient(size: tuple[int, int], *stops: tuple[float, tuple[int, int, int]]) -> Image.Image:
    """Vertical gradient through (position 0–1, colour) stops."""
    column = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        f = y / max(1, size[1] - 1)
        for (p0, c0), (p1, c1) in pairwise(stops):
            if f <= p1:
                k = (f - p0) / (p1 - p0)
                mixed = tuple(round(a + (b - a) * k) for a, b in zip(c0, c1, strict=True))
                column.putpixel((0, y), mixed)
                break
    return column.resize(size)


def _bed_point(u: float, v: float) -> tuple[float, float]:
    """A point of the bed: u, v in -1 … 1 (v towards the viewer), in perspective."""
    depth = 1 + 0.3 * v
    return _MID[0] + 400 * u * depth, _MID[1] + 136 * v * depth


@lru_cache(maxsize=4)
def _chamber(open_frame: bool, lit: bool) -> Image.Image:
    """The empty machine, drawn once per kind and light."""
    back = ((58, 63, 70), (34, 37, 42), (19, 21, 24))
    if open_frame:
        back = ((92, 96, 102), (66, 70, 76), (40, 43, 48))
    image = _gradient((_W, _H), (0, back[0]), (0.6, back[1]), (1.0, back[2]))
    draw = ImageDraw.Draw(image, "RGBA")
    if not open_frame:
        draw.polygon([(0, 0), (170, 96), (170, 520), (0, 720)], fill=(0, 0, 0, 80))
        draw.polygon([(1280, 0), (1110, 96), (1110, 520), (1280, 720)], fill=(0, 0, 0, 92))
        draw.rectangle((170, 96, 1110, 104), fill=(0, 0, 0, 90))
        for i in range(7):
            y = 150 + i * 34
            draw.line((470, y, 810, y), fill=(0, 0, 0, 34), width=8)
    for x in (212, 1068) if not open_frame else (150, 1130):
        draw.rectangle((x - 11, 96 if not open_frame else 0, x + 11, 540), fill=(24, 26, 29, 255))
        draw.line((x - 6, 96, x - 6, 540), fill=(150, 156, 164, 90), width=2)
    _bed(image)
    if lit:
        _lamp(image)
        return image
    return Image.blend(image, Image.new("RGB", (_W, _H), (6, 8, 12)), 0.62)


def _bed(image: Image.Image) -> None:
    draw = ImageDraw.Draw(image, "RGBA")
    corners = [_bed_point(u, v) for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    shadow = Image.new("L", (_W, _H), 0)
    ImageDraw.Draw(shadow).polygon([(x, y + 34) for x, y in corners], fill=150)
    shadow = shadow.filter(ImageFilter.GaussianBlur(22))
    image.paste((0, 0, 0), (0, 0), shadow)
    front = [corners[3], corners[2]]
    rim = [*front, (front[1][0], front[1][1] + 22), (front[0][0], front[0][1] + 22)]
    draw.polygon(rim, fill=(23, 24, 27, 255))
    mask = Image.new("L", (_W, _H), 0)
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    image.paste(
        _gradient((_W, _H), (0, (88, 86, 80)), (0.5, (82, 80, 74)), (1, (58, 57, 54))), mask=mask
    )
    for i in range(1, 10):
        k = -1 + i * 0.2
        alpha = 34 if i == 5 else 17
        draw.line((*_bed_point(k, -1), *_bed_point(k, 1)), fill=(255, 255, 255, alpha), width=2)
        draw.line((*_bed_point(-1, k), *_bed_point(1, k)), fill=(255, 255, 255, alpha), width=2)
    draw.line((*corners[0], *corners[1]), fill=(255, 255, 255, 36), width=2)


def _lamp(image: Image.Image) -> None:
    glow = Image.new("L", (160, 90), 0)
    ImageDraw.Draw(glow).ellipse((30, -46, 130, 66), fill=104)
    soft = glow.filter(ImageFilter.GaussianBlur(20)).resize((_W, _H), Image.Resampling.BICUBIC)
    image.paste((255, 247, 230), (0, 0), soft)


@lru_cache(maxsize=96)
def _part(
    name: str, color: str, step: int, lit: bool
) -> tuple[Image.Image, tuple[int, int], float]:
    """(picture with transparency, its place, the y of its top) of a part at a height step."""
    shape = shape_for(name)
    body = rgb(color) if lit else tone(rgb(color), -0.55)
    scale = _SCALE * min(1.0, 1.28 / max(0.6, shape.height * max(s[2] for s in shape.spots)))
    box = (int(_MID[0] - 300), 96, int(_MID[0] + 300), 640)
    size = (box[2] - box[0], box[3] - box[1])
    big = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(big)
    center = (_MID[0] - box[0], _MID[1] - box[1])
    reach = scale * 1.12
    draw.ellipse(
        (
            center[0] - reach,
            center[1] - reach * 0.36,
            center[0] + reach * 1.15,
            center[1] + reach * 0.5,
        ),
        fill=(0, 0, 0, 60),
    )
    layers = max(6, round(46 * shape.height * 0.8))
    top = draw_part(draw, shape, body, max(0.02, step / _STEPS), center, scale, layers)
    return big, (box[0], box[1]), top + box[1]


@lru_cache(maxsize=2)
def _head(lit: bool) -> Image.Image:
    """The tool head, its nozzle tip at the lower middle."""
    image = Image.new("RGBA", (150, 210), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle(
        (12, 6, 138, 150), 16, fill=(22, 24, 28, 255), outline=(66, 71, 78, 255), width=2
    )
    draw.polygon([(34, 148), (116, 148), (98, 176), (52, 176)], fill=(30, 33, 37, 255))
    draw.rounded_rectangle((38, 26, 112, 36), 5, fill=(223, 232, 242, 235 if lit else 120))
    draw.ellipse((48, 58, 102, 112), fill=(36, 40, 45, 255), outline=(70, 76, 84, 255), width=2)
    for i in range(6):
        a = math.tau * i / 6
        draw.line(
            (75, 85, 75 + 24 * math.cos(a), 85 + 24 * math.sin(a)), fill=(78, 84, 92, 255), width=4
        )
    draw.polygon([(64, 176), (86, 176), (79, 200), (71, 200)], fill=(190, 142, 78, 255))
    return image if lit else Image.blend(image, Image.new("RGBA", image.size, (0, 0, 0, 0)), 0.25)


def _head_place(machine: VirtualPrinter, top: float) -> tuple[float, float]:
    """Where the nozzle is: over the part while printing, else parked or at the jogged place."""
    job = machine.job
    if job.gcode_state == "RUNNING" and machine.bed_part is not None:
        phase = machine.uptime * 1.9 + job.layer * 0.7
        swing = 105 * math.sin(phase) + 38 * math.sin(2.3 * phase)
        return _MID[0] + swing, top + 34 + 18 * math.cos(phase * 1.3)
    if machine.axes.homed == 7 and job.gcode_state == "IDLE":
        x = machine.axes.position["X"] / machine.model.volume[0]
        return 300 + 680 * min(1.0, max(0.0, x)), 300.0
    return 960.0, min(300.0, top - 40)


def _caption(image: Image.Image, machine: VirtualPrinter) -> None:
    draw = ImageDraw.Draw(image, "RGBA")
    job = machine.job
    stamp = time.strftime("%Y-%m-%d  %H:%M:%S", time.localtime(machine.wall_time))
    draw.rectangle((0, 0, _W, 46), fill=(0, 0, 0, 96))
    stamp = f"{machine.model.product_name}   {stamp}"
    draw.text((_W - 24, 10), stamp, fill=(240, 243, 246, 230), font=_font(22), anchor="ra")
    words = [_WORDS.get(job.gcode_state, job.gcode_state)]
    if job.busy:
        words.append(f"{job.percent} %")
        if job.layers:
            words.append(f"layer {job.layer}/{job.layers}")
    draw.text((30, _H - 42), "   ".join(words), fill=(255, 255, 255, 235), font=_font(26))
    if job.busy:
        done = _W * job.percent / 100
        draw.rectangle((0, _H - 6, _W, _H), fill=(255, 255, 255, 40))
        draw.rectangle((0, _H - 6, done, _H), fill=_DONE)
        _height_bar(draw, job)


def _height_bar(draw: ImageDraw.ImageDraw, job: JobInfo) -> None:
    """The layer as a bar at the left edge, from the bottom to the top of LAYER_ROWS."""
    top, bottom = LAYER_ROWS
    share = min(1.0, job.layer / job.layers) if job.layers else 0.0
    draw.rectangle((0, top, LAYER_WIDTH, bottom), fill=(255, 255, 255, 40))
    if share > 0:
        draw.rectangle((0, bottom - share * (bottom - top), LAYER_WIDTH, bottom), fill=_DONE)


def draw_growth(open_frame: bool, name: str, color: str, done: float) -> Image.Image:
    """A small picture of a part at ``done`` (0 … 1) with the head out of the way, for films."""
    image = _chamber(open_frame, True).copy()
    picture, place, _ = _part(name, color, math.ceil(done * _STEPS), True)
    image.paste(picture, place, picture)
    return image.resize((_W // 2, _H // 2))


def draw_frame(machine: VirtualPrinter) -> bytes:
    """One JPEG frame of the machine as it is now."""
    lit = machine.lights["chamber_light"] != "off"
    i3 = machine.model.kinematics == "i3"
    image = _chamber(i3 or machine.model.name == "P1P", lit).copy()
    top = _MID[1] - 6
    part = machine.bed_part
    if part is not None and part.done > 0:
        picture, place, top = _part(part.name, part.color, math.ceil(part.done * _STEPS), lit)
        image.paste(picture, place, picture)
    x, y = _head_place(machine, top)
    draw = ImageDraw.Draw(image, "RGBA")
    rail = y - 120
    draw.rectangle((0 if i3 else 170, rail, _W if i3 else 1110, rail + 22), fill=(44, 48, 53, 255))
    draw.line(
        (0 if i3 else 170, rail, _W if i3 else 1110, rail), fill=(120, 127, 135, 190), width=2
    )
    head = _head(lit)
    image.paste(head, (round(x - 75), round(y - 200)), head)
    hot = machine.heat.nozzles[0].actual > 120
    if hot:
        draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=(255, 150, 60, 210))
    _caption(image, machine)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=72)
    return out.getvalue()
