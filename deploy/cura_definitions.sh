#!/usr/bin/env bash
# Puts Cura's printer definitions, quality profiles and materials into .slicers/cura/, without Cura.
# Debian and Ubuntu package CuraEngine without them; they lie in the packages of the program with
# the window. This takes just those files out: no root, nothing installed. Elsewhere install Cura,
# or name a folder with *.def.json in slicer.cura_definitions of config.json.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
target="$here/.slicers/cura"
inside=usr/share/cura/resources
wanted=(definitions extruders quality variants intent materials)

is_there() {
  [ -s "$1/$inside/definitions/fdmprinter.def.json" ] && [ -d "$1/$inside/materials" ]
}

for known in "$target" ""; do
  is_there "$known" && exit 0
done

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
  echo "Cura's printer definitions are missing, and this is neither Debian nor Ubuntu." >&2
  echo "Install Cura, or name a folder with *.def.json in slicer.cura_definitions of config.json." >&2
  echo "The tests that need them are skipped." >&2
  exit 0
fi

echo "Fetching Cura's printer definitions …"
mkdir -p "$here/.slicers"
work=$(mktemp -d "$here/.slicers/.cura.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/packages" "$work/cura"

# As root apt would rather download as the user _apt, who cannot write here.
download() {
  (cd "$work/packages" && apt-get download -qq -o APT::Sandbox::User=root cura fdm-materials)
}
if ! download 2>/dev/null; then
  [ "$(id -u)" -ne 0 ] || apt-get update -qq
  if ! download; then
    echo "Cura's printer definitions could not be downloaded." >&2
    echo "Run sudo apt-get update (Ubuntu: with universe) and try again." >&2
    exit 1
  fi
fi
members=()
for folder in "${wanted[@]}"; do members+=("./$inside/$folder"); done
for package in "$work"/packages/*.deb; do
  # each package holds some of the folders; tar minds the others, the check below does not
  dpkg-deb --fsys-tarfile "$package" |
    tar -x -C "$work/cura" --no-same-owner "${members[@]}" 2>/dev/null || true
done
if ! is_there "$work/cura"; then
  echo "The packages cura and fdm-materials do not hold what they should ($inside)." >&2
  exit 1
fi

# A rename is whole or not at all: of two that run at once the second finds the first one's work.
if ! mv -T "$work/cura" "$target" 2>/dev/null && ! is_there "$target"; then
  rm -rf "$target"
  mv -T "$work/cura" "$target"
fi
