#!/usr/bin/env bash
# Puts promtool, which checks /metrics and the alert rules in the tests, into .tools/ out of Debian's
# package prometheus: no root, nothing installed, no server started. Elsewhere put it into PATH.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
target="$here/.tools/promtool"
if [ -x "$target" ] || command -v promtool >/dev/null 2>&1; then exit 0; fi

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
  echo "promtool is missing, and this is neither Debian nor Ubuntu. The tests with it are skipped." >&2
  exit 0
fi

echo "Fetching promtool …"
mkdir -p "$here/.tools"
work=$(mktemp -d "$here/.tools/.promtool.XXXXXX")
trap 'rm -rf "$work"' EXIT

# As root apt would rather download as the user _apt, who cannot write here.
download() {
  (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root prometheus)
}
if ! download 2>/dev/null; then
  [ "$(id -u)" -ne 0 ] || apt-get update -qq
  if ! download; then
    echo "The package prometheus could not be downloaded. Run sudo apt-get update and try again." >&2
    exit 1
  fi
fi
dpkg-deb --fsys-tarfile "$work"/prometheus_*.deb | tar -x -C "$work" --no-same-owner ./usr/bin/promtool
mv -f "$work/usr/bin/promtool" "$target"
