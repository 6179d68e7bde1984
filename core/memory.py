"""Keeps the process small: one thread per printer must not cost one heap per printer."""

from __future__ import annotations

import gc
import sys

_M_ARENA_MAX = -8  # malloc.h
_ARENAS = 2


def limit_heaps() -> None:
    """Few malloc arenas. glibc gives threads up to 8 per core; 100 printers: 5 MB for nothing."""
    if sys.platform != "linux":
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has none, and needs none
        mallopt(_M_ARENA_MAX, _ARENAS)


def settle() -> None:
    """What start-up made lives for ever: keep the collector away from it."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """After work that took much for a moment: what is free goes back to the system (glibc)."""
    if sys.platform != "linux":
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        gc.collect()
        trim(0)
