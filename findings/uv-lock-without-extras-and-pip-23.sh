#!/usr/bin/env bash
# uv 0.9.7 and pip 23.2.1 (the one that Python 3.11.7 brings), on Linux.
#
# Guess: a lock that `uv pip compile --generate-hashes` writes pins everything, so pip installs it with --require-hashes
#   for ever.
# Behaviour: by default uv writes a package without the extras that were asked of it (`coverage==7.11.3`, not
#   `coverage[toml]==7.11.3`). Where another package of the lock asks for the extra (pytest-cov asks for
#   `coverage[toml]>=7.10.6`), pip 23.2.1 takes that for a requirement of its own, finds the newest release for it, and
#   refuses the lock: "all requirements must have their versions pinned with ==". So the lock works as long as the pinned
#   release is the newest, and breaks on the day of the next one, with nothing changed. With `--no-strip-extras` it holds.
#   pip 24.0 and later read the pin of the bare name and install the first lock as well.
# What we do: our locks are made with --no-strip-extras.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv tools
tools/bin/python -m pip install -q --disable-pip-version-check "uv==0.9.7"
printf 'pytest-cov==7.0.0\ncoverage[toml]==7.11.3\n' >wanted.txt
tools/bin/uv pip compile -q --generate-hashes wanted.txt -o stripped.txt
tools/bin/uv pip compile -q --generate-hashes --no-strip-extras wanted.txt -o kept.txt
grep -q '^coverage==7.11.3' stripped.txt
grep -q '^coverage\[toml\]==7.11.3' kept.txt
refuses() { # PIP LOCK: whether that pip refuses the lock for a version that is not pinned
    tools/bin/python -m pip install -q --disable-pip-version-check "pip==$1"
    ! tools/bin/python -m pip install -q --disable-pip-version-check --ignore-installed --require-hashes --dry-run \
        -r "$2" 2>answer.txt && grep -q 'versions pinned with ==' answer.txt
}
refuses 23.2.1 stripped.txt
! refuses 23.2.1 kept.txt
! refuses 24.0 stripped.txt
echo "uv 0.9.7 leaves the extra out; pip 23.2.1 refuses that lock, pip 24.0 installs it; with the extra both do."
