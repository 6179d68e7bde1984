"""A real OctoPrint with its bundled virtual printer; no wizard, no outside network."""

from __future__ import annotations

import os
import secrets
import subprocess

from tests.real.install import OCTOPRINT, install
from tests.real.process import Process
from tests.real.server import RealServer

SETTINGS = """\
server:
  host: 127.0.0.1
  port: {port}
  firstRun: false
  secretKey: not-a-secret-{port}
  seenWizards: {{corewizard: 4, classicwebcam: 1, backup: 1, tracking: 1}}
  onlineCheck: {{enabled: false}}
  pluginBlacklist: {{enabled: false}}
  pythonEolCheck: {{enabled: false}}
  preemptiveCache: {{exceptions: ['/']}}
  ipCheck: {{enabled: false}}
  commands: {{}}
devel:
  cache: {{preemptive: false}}
serial:
  port: VIRTUAL
  baudrate: 250000
  autoconnect: {autoconnect}
  log: false
gcodeAnalysis:
  runAt: idle
feature:
  modelSizeDetection: false
webcam:
  webcamEnabled: true
  timelapseEnabled: false
plugins:
  _disabled: [achievements, announcements, backup, corewizard, discovery, errortracking,
    firmware_check, file_check, health_check, pi_support, pluginmanager, softwareupdate, tracking]
  classicwebcam:
    _config_version: 1
    stream: {camera}/?action=stream
    snapshot: {camera}/?action=snapshot
  virtual_printer:
    _config_version: 1
    enabled: true
    throttle: 0.001
    sendWait: false
    simulated_errors: []
    hasChamber: false
"""
USERS = """\
_version: 2
admin:
  active: true
  apikey: {key}
  groups: [users, admins]
  password: '{password}'
  permissions: []
  roles: [user, admin]
  settings: {{}}
"""
HASH = "import sys; from passlib.hash import argon2; print(argon2.hash(sys.argv[1]))"


class OctoPrint(RealServer):
    """OctoPrint 1.11. The virtual printer moves ten times as fast as the G-code says."""

    kind = "octoprint"
    files_folder = "uploads"

    def __init__(
        self, port: int = 0, *, autoconnect: bool = True, camera: str = "http://127.0.0.1:8099"
    ) -> None:
        super().__init__(port)
        self._autoconnect = autoconnect
        self._camera = camera

    def prepare(self) -> None:
        install((OCTOPRINT,))
        self.api_key = secrets.token_hex(16).upper()
        autoconnect = str(self._autoconnect).lower()
        settings = SETTINGS.format(port=self.port, autoconnect=autoconnect, camera=self._camera)
        (self.folder / "config.yaml").write_text(settings, "utf-8")
        command = [OCTOPRINT.program("python"), "-c", HASH, secrets.token_urlsafe(8)]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
        users = self.folder / "users.yaml"
        users.write_text(USERS.format(key=self.api_key, password=done.stdout.strip()), "utf-8")
        users.chmod(0o600)
        root = ["--iknowwhatimdoing"] if os.geteuid() == 0 else []
        serve = ["serve", "--host", "127.0.0.1", "--port", str(self.port), *root]
        program = OCTOPRINT.program("octoprint")
        self.processes = [Process("octoprint", self.folder, [program, "-b", self.folder, *serve])]

    def launch(self) -> None:
        if not self.processes[0].is_running:
            self.processes[0].start(cwd=self.folder)

    def is_ready(self) -> bool:
        if not self._autoconnect:
            return self.answers("/api/version") is not None
        shown = self.answers("/api/connection")
        return shown is not None and shown["current"]["state"] == "Operational"

    def order(self, line: str) -> None:
        """Tell the virtual printer something as its own fault line: ``!!DEBUG:…`` or G-code."""
        status, body = self.ask("POST", "/api/printer/command", {"command": line})
        assert status == 204, body
