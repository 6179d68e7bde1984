"""The message and the picture of a channel's test button."""

from __future__ import annotations

import io
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alerts.model import Event, Kind, Level, Message
from core.clock import Clock

TEXT = "This is a test. Alerts of the print farm arrive here, with a picture."


def message(channel: str, clock: Clock) -> Message:
    """A real message, as any other but for its words."""
    now = clock.time()
    return Message(
        id=f"test-{secrets.token_hex(8)}",
        channel=channel,
        level=Level.SOON,
        title="Print farm",
        text=TEXT,
        created_at=now,
        events=(Event(kind=Kind.TEST, at=now, text=TEXT),),
    )


def picture() -> bytes:
    """A small JPEG that nobody can take for a camera's."""
    from PIL import Image, ImageDraw  # loaded with the first picture, not with the server

    image = Image.new("RGB", (640, 360), "#1d3b2a")
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 24, 615, 335), outline="#9fd8b4", width=6)
    draw.text((250, 160), "Print farm: test", fill="#ffffff", font_size=28, anchor="lm")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


@contextmanager
def picture_file() -> Iterator[Path]:
    """The picture as channels get theirs."""
    with tempfile.TemporaryDirectory(prefix="farm-test-") as folder:
        path = Path(folder) / "test.jpg"
        path.write_bytes(picture())
        yield path
