#!/usr/bin/env bash
# Makes sure the system programs that the tests drive are there.
# As root on Debian or Ubuntu it installs what is missing; elsewhere it says what to install.
# With the argument "real": what the real print servers of make test-real are built with instead;
# with "venv": only what Python's own environments need, so that the rest is fetched beside pip.
set -euo pipefail

missing=()

for_the_tests() {
  local -A package_of=(
    [chromium]=chromium
    [mosquitto]=mosquitto  # a broker of their own on a port of their own
    [mosquitto_sub]=mosquitto-clients
    [openssl]=openssl
    [curl]=curl
    [lftp]=lftp
    [ffmpeg]=ffmpeg
    [node]=nodejs
    [npm]=npm
    [prusa-slicer]=prusa-slicer
    [CuraEngine]=cura-engine
    [Xvfb]=xvfb
    [xdotool]=xdotool
    [shellcheck]=shellcheck
  )
  local program PATH="$PATH:/usr/sbin:/sbin"  # where Debian puts servers
  for program in "${!package_of[@]}"; do
    command -v "$program" >/dev/null 2>&1 || missing+=("${package_of[$program]}")
  done
  [ -e /usr/share/i18n/locales/en_US ] || missing+=(locales)  # PrusaSlicer's window needs one
  needs_rtsp_server
  needs_venv
}

# the GStreamer RTSP server, driven by the system's Python: a camera with real H.264
needs_rtsp_server() {
  /usr/bin/python3 - 2>/dev/null <<'PYTHON' && return
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
if not all(map(Gst.ElementFactory.find, ("videotestsrc", "x264enc", "rtph264pay"))):
    raise SystemExit(1)
PYTHON
  missing+=(python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base
            gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly)
}

for_real_servers() {
  # PrusaLink builds python-prctl and loads libmagic and libturbojpeg; Klippy compiles a helper
  command -v gcc >/dev/null 2>&1 || missing+=(gcc)
  [ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
  [ -e /usr/include/sys/capability.h ] || missing+=(libcap-dev)
  has_library magic || missing+=(libmagic1)
  has_library turbojpeg || missing+=(libturbojpeg0)
  needs_venv
}

has_library() {
  python3 -c 'import ctypes.util, sys; sys.exit(ctypes.util.find_library(sys.argv[1]) is None)' "$1"
}

needs_venv() {
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
}

target=test
case "${1:-}" in
  real) for_real_servers; target=test-real ;;
  venv) needs_venv ;;
  *) for_the_tests ;;
esac
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing ${missing[*]} …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "The tests need these system packages: ${missing[*]}" >&2
  echo "Install them (Debian, Ubuntu: sudo apt-get install ${missing[*]}) and run make $target again." >&2
  exit 1
fi
