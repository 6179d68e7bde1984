"""Timelapses as the rest of the farm knows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cameras.timelapse import picture
from cameras.timelapse.encoder import Tools
from cameras.timelapse.manifest import Manifest, RenderOptions, State
from cameras.timelapse.recorder import CameraOf, JobOf, Recorder
from cameras.timelapse.renderer import Renderer, options_of
from cameras.timelapse.selection import MIN_FRAMES
from cameras.timelapse.shooter import Pictures
from cameras.timelapse.store import POSTER, TimelapseStore
from core.camera_config import TimelapseConfig
from core.clock import Clock
from core.errors import Blocked, NotFound
from core.events import Bus
from printers.commands import Command
from printers.registry import Registry, Snapshot

RENDERING = "rendering"


@dataclass(frozen=True, slots=True)
class View:
    """A timelapse as it is right now. ``state``: of State, or "rendering"."""

    manifest: Manifest
    state: str
    progress: float | None


class Timelapses:
    """``start`` when cameras and registry exist, ``stop`` before the cameras end."""

    def __init__(
        self, folder: Path, cameras: Pictures, camera_of: CameraOf,
        registry: Registry, bus: Bus, config: TimelapseConfig, clock: Clock,
        *, tools: Callable[[], Tools], job_of: JobOf,
    ) -> None:  # fmt: skip
        """``folder``: the farm's data folder. The rest as of Recorder and Renderer."""
        self._config = config
        self.store = TimelapseStore(folder / "timelapses", clock)
        self._renderer = Renderer(self.store, config, tools, clock)
        self.store.on_adopted = self._renderer.wake
        self._recorder = Recorder(
            self.store, cameras, camera_of, registry, bus, config, clock,
            job_of=job_of, on_end=self._renderer.wake,
        )  # fmt: skip

    def start(self) -> None:
        """Raises StorageError when the folder cannot be read at all."""
        self.store.load()
        self._renderer.start()
        self._recorder.start()

    def stop(self) -> None:
        self._recorder.stop()
        self._renderer.stop()

    def page(self, printer_id: str = "", limit: int = 50, before: str = "") -> list[View]:
        """Newest first; ``before``: the last id of the page before."""
        return [self._view(one) for one in self.store.page(printer_id, limit, before)]

    def get(self, timelapse_id: str) -> View:
        """Raises NotFound."""
        return self._view(self.store.get(timelapse_id))

    def poster(self, timelapse_id: str) -> bytes:
        """JPEG: of the video, else of the newest frame. Raises NotFound."""
        path = self.store.poster(timelapse_id)
        try:
            if path.name == POSTER:
                return path.read_bytes()
            return picture.poster(path, self.store.get(timelapse_id).turn)
        except OSError as error:  # deleted meanwhile, or a frame that a full disk cut
            raise NotFound("This timelapse has no picture now.", code="no_picture") from error

    def delete(self, timelapse_id: str) -> None:
        """A rendering is abandoned first. Raises NotFound, Blocked (recording), StorageError."""
        if self.store.get(timelapse_id).state is not State.RECORDING:
            self._renderer.abandon(timelapse_id)
        try:
            self.store.delete(timelapse_id)
        finally:
            self._renderer.welcome(timelapse_id)

    def render(self, timelapse_id: str, options: RenderOptions) -> View:
        """Make the video (again). Raises NotFound, Blocked, StorageError."""
        timelapse = self.store.get(timelapse_id)
        if timelapse.state is State.RECORDING:
            raise Blocked("This print is still being recorded.", code="recording")
        if timelapse.state is State.WAITING:
            raise Blocked("Its video is being made already.", code="rendering")
        if len(self.store.frames(timelapse_id)) < MIN_FRAMES:
            raise Blocked("Its frames are gone, or too few for a video.", code="no_frames")
        self.store.change(timelapse_id, state=State.WAITING, options=options, error="")
        self._renderer.welcome(timelapse_id)
        return self.get(timelapse_id)

    def usual_options(self, timelapse_id: str) -> RenderOptions:
        """Those of its last video, else the settings'. Raises NotFound."""
        return self.store.get(timelapse_id).options or options_of(self._config)

    def set_recording(self, printer_id: str, on: bool) -> str:
        """As Recorder.set_recording."""
        return self._recorder.set_recording(printer_id, on)

    def note_command(self, printer_id: str, command: Command, before: Snapshot) -> None:
        """For Fleet.observe."""
        self._recorder.note_command(printer_id, command, before)

    def _view(self, timelapse: Manifest) -> View:
        progress = self._renderer.progress(timelapse.id)
        if timelapse.state is State.WAITING and progress is not None:
            return View(timelapse, RENDERING, progress)
        return View(timelapse, timelapse.state.value, None)
