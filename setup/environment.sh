#!/bin/sh
# Makes .venv from requirements.lock, and names in one sentence what the machine lacks. The second time it only compares a stamp.
set -u
cd "$(dirname "$0")/.." || exit 1
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE
ENVIRONMENT=.venv
STAMP=$ENVIRONMENT/livhana-setup

say() { printf '%s\n' "$*" >&2; }
found() { command -v "$1" >/dev/null 2>&1; }

# --- the machine -------------------------------------------------------------------------------------------------

manager() {
    for candidate in apt-get dnf yum apk pacman zypper brew; do
        if found "$candidate"; then printf '%s' "$candidate"; return; fi
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    [ -n "$(manager)" ] && [ "$(manager)" != brew ] && { [ "$(id -u)" = 0 ] || { found sudo && sudo -n true 2>/dev/null; }; }
}

install_command() {
    prefix=''
    [ "$(id -u)" = 0 ] || prefix='sudo '
    case "$(manager)" in
        apk) printf '%sapk add %s' "$prefix" "$*" ;;
        pacman) printf '%spacman -S %s' "$prefix" "$*" ;;
        brew) printf 'brew install %s' "$*" ;;
        '') printf 'the package manager of this system (%s)' "$*" ;;
        *) printf '%s%s install %s' "$prefix" "$(manager)" "$*" ;;
    esac
}

install_package() {
    case "$(manager)" in
        apt-get)
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$1" ||
                { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$1"; } ;;
        apk) as_root apk add "$1" ;;
        pacman) as_root pacman -S --noconfirm "$1" ;;
        zypper) as_root zypper --non-interactive install "$1" ;;
        *) as_root "$(manager)" install -y "$1" ;;
    esac </dev/null >"$ENVIRONMENT/$1.log" 2>&1 9<&- # a service that the package starts must not hold our lock
}

redis_package() {
    case "$(manager)" in apt-get) printf redis-server ;; *) printf redis ;; esac
}

has_redis() { found redis-server || "$ENVIRONMENT/bin/redis-server" --version >/dev/null 2>&1; }

say_without_bubblewrap() {
    say "bubblewrap is missing, so no code will be run or proved in a sandbox: install it with \`$(install_command bubblewrap)\`; only for the demo's own sample code, IMPROVEMENT_SANDBOX=none does without."
}

say_without_redis() {
    say "redis-server is missing and this Python has none bundled, so nothing can be stored: install it with \`$(install_command "$(redis_package)")\`, or set REDIS_URL."
}

bring_system_programs() {
    if ! found bwrap && may_install; then say "installing bubblewrap with $(manager)"; install_package bubblewrap; fi
    if ! has_redis && may_install; then say "installing redis with $(manager)"; install_package "$(redis_package)"; fi
}

name_missing_programs() {
    found bwrap || say_without_bubblewrap
    has_redis || say_without_redis
}

# --- the interpreter ---------------------------------------------------------------------------------------------

fits() { "$1" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1; }
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

choose_python() {
    chosen=''
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        fits "$candidate" || continue
        [ -n "$chosen" ] || chosen=$candidate
        if has_venv "$candidate"; then chosen=$candidate; return; fi
    done
}

refuse_where_incomplete() {
    choose_python
    lacks='' packages=''
    lack() { lacks="$lacks${lacks:+, }$1"; packages="$packages${packages:+ }$2"; }
    if [ -z "$chosen" ]; then
        seen=$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null)
        case "$(manager)" in apt-get) python_packages='python3 python3-venv' ;; pacman) python_packages=python ;; *) python_packages=python3 ;; esac
        lack "Python 3.11, 3.12 or 3.13 (python3 here: ${seen:-none})" "$python_packages"
    elif ! has_venv "$chosen"; then
        lack "the venv module of $chosen" "$(basename "$chosen")-venv"
    fi
    found git || lack git git
    found make || lack make make
    [ -z "$lacks" ] && return
    say "This machine lacks $lacks: install with \`$(install_command "$packages")\`, then run make setup again."
    exit 2
}

# --- the environment ---------------------------------------------------------------------------------------------

# One process tells whether .venv was finished, from these files, in this folder, with this Python.
key() {
    "$ENVIRONMENT/bin/python" -I -S -c '
import hashlib, os, sys
whole = hashlib.sha256()
for name in ("requirements.lock", "pyproject.toml", "setup/uv.txt"):
    with open(name, "rb") as file:
        whole.update(file.read())
print(whole.hexdigest(), sys.version.split()[0], os.getcwd())' 2>/dev/null
}

is_finished() {
    [ -f "$STAMP" ] && current=$(key) && [ "$current" = "$(cat "$STAMP")" ]
}

take_turn() {
    if found flock; then
        exec 9<. && { flock -n 9 || { say "another set-up is at work in this folder: waiting for it"; flock 9; }; }
        return
    fi
    turn="${TMPDIR:-/tmp}/livhana-setup-$(pwd | cksum | cut -d' ' -f1)"
    until mkdir "$turn" 2>/dev/null; do
        holder=$(cat "$turn/holder" 2>/dev/null)
        if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -rf "$turn"; else sleep 1; fi
    done
    echo $$ >"$turn/holder"
    trap 'rm -rf "$turn"' EXIT
}

with_uv() {
    "$ENVIRONMENT/bin/python" -m pip install -q --disable-pip-version-check --retries 2 --require-hashes -r setup/uv.txt &&
        "$ENVIRONMENT/bin/uv" pip install -q --python "$ENVIRONMENT/bin/python" --require-hashes -r requirements.lock &&
        "$ENVIRONMENT/bin/uv" pip install -q --python "$ENVIRONMENT/bin/python" --no-deps --no-build-isolation --offline -e .
}

with_pip() {
    "$ENVIRONMENT/bin/python" -m pip install -q --disable-pip-version-check --retries 2 --require-hashes -r requirements.lock &&
        "$ENVIRONMENT/bin/python" -m pip install -q --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
}

# Proofs start pytest hundreds of times in a sandbox that cannot write: compiled now, each start is twice as fast.
compile_pytest() {
    PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 "$ENVIRONMENT/bin/python" -m pytest --version >/dev/null 2>&1
}

make_environment() {
    say "making .venv from requirements.lock (about 700 MB; once)"
    told=$(rm -rf "$ENVIRONMENT" 2>&1 && "$chosen" -m venv "$ENVIRONMENT" 2>&1) || {
        say "$told"
        say "Could not make .venv with $chosen: see the lines above, free some space or pass another interpreter as PYTHON=…, then run make setup again."
        exit 1
    }
    with_uv || { say "uv did not manage: trying pip, which takes some minutes"; with_pip; } || {
        say "Could not install the packages of requirements.lock: check the network (or the index that pip is set up for), then run make setup again."
        exit 1
    }
    compile_pytest
    bring_system_programs
    key >"$STAMP.new" && mv "$STAMP.new" "$STAMP"
}

trap 'say "interrupted: the next make setup starts .venv anew"; exit 130' INT TERM
if ! is_finished; then
    refuse_where_incomplete
    take_turn
    is_finished || make_environment
fi
name_missing_programs
exit 0
