"""Smaller copies of pictures, for pages and for keeping."""

from __future__ import annotations

import io


def scaled(jpeg: bytes, width: int) -> bytes:
    """The picture at most ``width`` pixels wide; as it is when it is no wider than that, or when
    no decoder understands it (browsers may)."""
    from PIL import Image  # loaded with the first picture, not with the server

    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
            if picture.width <= width:
                return jpeg
            picture.draft("RGB", (width, width))
            small = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return jpeg
    small.thumbnail((width, 4 * width))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return out.getvalue()
