"""Puts the room's parts together for api_server."""

from __future__ import annotations

from pathlib import Path

from core.clock import Clock
from core.config import SlicerConfig
from core.events import Bus
from slicer.library import FileLibrary
from slicer.profiles.reading import ChildReading
from slicer.profiles.store import ProfileStore
from slicer.slicing.service import Enqueue, SlicingService
from slicer.slicing.slicers import Slicers
from slicer.slicing.work import Workshop

TOOLS = Path(__file__).resolve().parents[2] / "tools"
"""Where a person may drop a slicer."""


def build_slicing(
    config: SlicerConfig,
    data_dir: Path,
    library: FileLibrary,
    clock: Clock,
    bus: Bus,
    enqueue: Enqueue | None = None,
) -> SlicingService:
    """Nothing is started or looked for yet. Raises StorageError."""
    profiles = data_dir / "profiles"
    store = ProfileStore(profiles, ChildReading(profiles, config.cura_definitions), clock)
    workshop = Workshop(data_dir / "slicing", library, config, clock)
    slicers = find_slicers(config, clock)
    return SlicingService(config, library, store, slicers, workshop, clock, bus, enqueue)


def find_slicers(config: SlicerConfig, clock: Clock) -> Slicers:
    """None at all while slicing is off: then not even their modules are loaded."""
    if not config.enabled:
        return Slicers((), tuple, clock)
    from slicer.engines.all_engines import all_engines
    from slicer.engines.detect import Detector

    engines = tuple(all_engines(config.cura_definitions).values())
    configured = {
        "orca": config.orca_paths,
        "bambu": config.bambu_paths,
        "prusa": config.prusa_paths,
        "cura": config.cura_paths,
    }
    detector = Detector(engines, configured, TOOLS)
    return Slicers(engines, detector.look, clock, config.preferred)
