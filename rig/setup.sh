#!/usr/bin/env bash
# Installs the rig on Raspberry Pi OS (Bookworm or newer): packages, a user of its own, the program
# in /opt/farm-rig, a systemd unit. Run it again to update; config and recordings stay.
#   sudo rig/setup.sh
set -euo pipefail

readonly target=/opt/farm-rig config=/etc/farm-rig state=/var/lib/farm-rig user=farm-rig
source_folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

say() { printf '%s\n' "$*"; }

need_root() {
  if [ "$(id -u)" -ne 0 ]; then
    say "Run this with sudo: it installs packages and a service." >&2
    exit 1
  fi
}

packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # picamera2 comes from apt only: pip's lacks libcamera. lgpio is what works on every Pi.
  apt-get install -y -qq --no-install-recommends \
    python3-picamera2 python3-gpiozero python3-lgpio python3-venv rpicam-apps ffmpeg
}

account() {
  if ! id "$user" >/dev/null 2>&1; then
    useradd --system --home-dir "$state" --shell /usr/sbin/nologin "$user"
  fi
  install -d -m 0750 -o "$user" -g "$user" "$state" "$state/Photos"
  # whoever fetches videos is in the group, and removes them afterwards
  install -d -m 2770 -o "$user" -g "$user" "$state/Timelapses"
  install -d -m 0750 -o root -g "$user" "$config"
}

program() {
  install -d -m 0755 "$target/rig" "$target/rig/gcode" "$target/docs"
  install -m 0644 "$source_folder"/*.py "$target/rig/"
  install -m 0644 "$source_folder"/gcode/*.gcode "$target/rig/gcode/"
  if [ -f "$source_folder/../docs/rig.md" ]; then
    install -m 0644 "$source_folder/../docs/rig.md" "$target/docs/"
  fi
  # The system's packages must be seen, or picamera2 is not there.
  [ -x "$target/venv/bin/python" ] || python3 -m venv --system-site-packages "$target/venv"
  "$target/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r "$source_folder/requirements.txt"
}

settings() {
  if [ ! -f "$config/config.json" ]; then
    install -m 0640 -o root -g "$user" "$source_folder/config.example.json" "$config/config.json"
    # 32 random bytes; the farm gets the same text in its own config.json under "rigs"
    (umask 027 && head -c 32 /dev/urandom | base64 | tr -d '=\n' >"$config/token")
    chown "root:$user" "$config/token"
    say "Write the farm's address and this rig's id into $config/config.json,"
    say "and the token in $config/token into the farm's config.json (rigs)."
  fi
}

service() {
  install -m 0644 "$source_folder/farm-rig.service" /etc/systemd/system/farm-rig.service
  systemctl daemon-reload
  systemctl enable --quiet farm-rig.service
  if (cd "$target" && ./venv/bin/python -m rig --check --config "$config/config.json"); then
    systemctl restart farm-rig.service
    say "The rig runs. What it does: journalctl -fu farm-rig"
  else
    say "Mend $config/config.json, then: sudo systemctl restart farm-rig" >&2
  fi
}

need_root
packages
account
program
settings
service
