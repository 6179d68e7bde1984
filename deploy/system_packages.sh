#!/usr/bin/env bash
# Makes sure the system programs that the tests drive are there.
# As root on Debian or Ubuntu it installs what is missing; elsewhere it says what to install.
set -euo pipefail

declare -A package_of=(
  [chromium]=chromium
  [mosquitto_sub]=mosquitto-clients
  [openssl]=openssl
  [curl]=curl
  [lftp]=lftp
  [ffmpeg]=ffmpeg
  [node]=nodejs
  [npm]=npm
)
missing=()
for program in "${!package_of[@]}"; do
  command -v "$program" >/dev/null 2>&1 || missing+=("${package_of[$program]}")
done
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing ${missing[*]} …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "The tests need these system packages: ${missing[*]}" >&2
  echo "Install them (Debian, Ubuntu: sudo apt-get install ${missing[*]}) and run make test again." >&2
  exit 1
fi
