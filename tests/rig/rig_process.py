"""The real rig program in a process of its own, with mock pins and ffmpeg's test card."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
QUICK = {
    "click_gap": 0.3,  # what a loaded machine can still keep apart
    "retry_first": 0.1,
    "retry_last": 1,
    "reserve_mb": 1,
    "status_delay": 1,
    "camera": {"kind": "test", "width": 160, "height": 120, "fps": 20},
    "sensor": {"kind": "none"},
    "video": {"hold": 0.2},
}


class RigProcess:
    """tests/rig/driver.py: the real program with mock pins."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        merged = {**QUICK, **settings}
        (folder / "config.json").write_text(json.dumps(merged))
        self._process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> str:
        return (self.folder / "rig.log").read_text()

    def start(self) -> None:
        command = [sys.executable, str(ROOT / "tests/rig/driver.py"), "--config", "config.json"]
        with (self.folder / "rig.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=self.folder,
            )  # fmt: skip
        lives = self.log.count("The rig is ready")
        wait_for(lambda: self.log.count("The rig is ready") > lives)
        wait_for(lambda: self.lamps() == ["red"] or "green" in self.lamps())

    def _tell(self, order: str) -> subprocess.Popen[str]:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        return self._process

    def click(self, times: int = 1) -> None:
        """Press so often, and wait until the rig has understood it."""
        before = self.log.count("click")
        self._tell(f"click {times}")
        wait_for(lambda: self.log.count("click") > before)

    def lamps(self) -> list[str]:
        answer = self._tell("lamps").stdout
        assert answer is not None
        return list(json.loads(answer.readline()))

    def frames(self) -> list[Path]:
        return sorted(self.folder.glob("Photos/*/0*.jpg"))

    def videos(self) -> list[Path]:
        return sorted(self.folder.glob("Timelapses/*.mp4"))

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(how)
        code = process.wait(20)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        return code
