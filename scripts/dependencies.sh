#!/usr/bin/env bash
# dependencies.sh [--test|--lint|--fuzz]: installs what building and most tests need on Debian 12, as root or through sudo; with --test
# also what all of scripts/test.sh needs (a browser: 0.3 GB, 20 s), with --lint what scripts/lint.sh needs, with --fuzz what scripts/fuzz.sh
# needs. Ends at once when everything is there; if it cannot become root, it prints the command that root has to run, and fails.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache git
  libopenmpi-dev openmpi-bin libhdf5-dev
  libboost-program-options-dev libeigen3-dev libfmt-dev libhwy-dev libxxhash-dev nlohmann-json3-dev zlib1g-dev libzstd-dev libutf8proc-dev libssl-dev libnlopt-dev
  libgtest-dev libbenchmark-dev libopenblas-dev
  python3 python3-numpy python3-scipy python3-h5py python3-anndata python3-sklearn python3-faiss
  clang-format iproute2 util-linux mount hostname zstd
  slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins
)
case "${1:-}" in
  "") ;;
  --test) packages+=(chromium-headless-shell python3-pil valgrind liblemon-dev) ;;
  --lint) packages+=(clang-tidy) ;;
  --fuzz) packages+=(clang libclang-rt-dev libomp-dev) ;;
  *) echo "usage: scripts/dependencies.sh [--test|--lint|--fuzz]" >&2; exit 2 ;;
esac

if ! command -v dpkg-query > /dev/null; then
  echo "dependencies.sh: this is no Debian; needed are (Debian's names): ${packages[*]}" >&2
  exit 0
fi
missing=()
for package in "${packages[@]}"; do
  if [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null) != installed ]]; then missing+=("$package"); fi
done
if ((${#missing[@]} == 0)); then
  echo "dependencies: all ${#packages[@]} packages are installed"
  exit 0
fi

# A password is asked for only if somebody sits there.
as_root=()
if ((EUID != 0)); then
  as_root=(sudo)
  if ! command -v sudo > /dev/null || ! { [[ -t 0 ]] || sudo -n true 2> /dev/null; } || ! sudo -v; then
    echo "dependencies.sh: packages are missing, and this user cannot install them. Run as root:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
fi
echo "dependencies: installing ${missing[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o Acquire::Retries=3 \
  -o DPkg::Lock::Timeout=300 install "${missing[@]}"
