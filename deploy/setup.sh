#!/bin/sh
# Installs the loop as a systemd service on one machine, from this folder: user, folders, virtual environment from requirements.lock, units, log rotation.
# Again it only brings things up to date: the environment file and the data are never touched. As root: sh deploy/setup.sh
# DESTDIR=FOLDER puts everything under FOLDER, makes no user, and starts nothing: for packages and tests. SKIP_VENV=1 leaves the environment out.
set -eu
cd "$(dirname "$0")/.."
DESTDIR=${DESTDIR:-}
USER_NAME=livhana-improvement
PROGRAM=/opt/livhana-improvement
DATA=/var/lib/livhana-improvement
CONFIGURATION=/etc/livhana-improvement

say() { printf '%s\n' "$*"; }

refuse_where_impossible() {
    [ -n "$DESTDIR" ] && return
    [ "$(id -u)" = 0 ] || { say "Run it as root: it makes a user, folders and units." >&2; exit 2; }
    command -v systemctl >/dev/null || { say "There is no systemd here: start livhana up by what this machine has." >&2; exit 2; }
}

make_user() {
    [ -n "$DESTDIR" ] || id "$USER_NAME" >/dev/null 2>&1 ||
        useradd --system --user-group --home-dir "$DATA" --no-create-home --shell /usr/sbin/nologin "$USER_NAME"
}

owned() {
    [ -n "$DESTDIR" ] || chown "$USER_NAME:$USER_NAME" "$@"
}

make_folders() {
    mkdir -p "$DESTDIR$PROGRAM" "$DESTDIR$DATA" "$DESTDIR$CONFIGURATION" "$DESTDIR/var/log" "$DESTDIR/etc/systemd/system" "$DESTDIR/etc/logrotate.d"
    chmod 700 "$DESTDIR$DATA"
    owned "$DESTDIR$DATA"
}

# Whole new folders, so that a module that a release has dropped is gone.
copy_program() {
    for part in livhana_assets deploy docs setup; do
        rm -rf "$DESTDIR$PROGRAM/$part.new"
        cp -R "$part" "$DESTDIR$PROGRAM/$part.new"
        rm -rf "$DESTDIR${PROGRAM:?}/$part"
        mv "$DESTDIR$PROGRAM/$part.new" "$DESTDIR$PROGRAM/$part"
    done
    cp pyproject.toml requirements.lock dagster.yaml README.md Makefile "$DESTDIR$PROGRAM/"
    find "$DESTDIR$PROGRAM" -name __pycache__ -type d -prune -exec rm -rf {} +
}

make_environment() {
    if [ -z "${SKIP_VENV:-}" ]; then sh "$DESTDIR$PROGRAM/setup/environment.sh"; fi
}

# Made once. It may hold keys: only root reads it, and systemd hands it on.
write_configuration() {
    file="$DESTDIR$CONFIGURATION/environment"
    [ -e "$file" ] && return
    (
        umask 077
        {
            say "# Settings of the loop, as docs/configuration.md lists them. systemd reads this file: no quotes are needed, and none of the shell's words work."
            say "LIVHANA_HOME=$DATA"
            say "ENABLE_SELF_IMPROVEMENT=false"
            say "#IMPROVEMENT_TARGET_REPO="
            say "#IMPROVEMENT_PUBLIC_URL="
        } >"$file"
    )
}

make_logs() {
    for log in livhana-improvement livhana-improvement-daily livhana-improvement-worker; do
        file="$DESTDIR/var/log/$log.log"
        [ -e "$file" ] || : >"$file"
        chmod 640 "$file"
        owned "$file"
    done
}

install_units() {
    cp deploy/systemd/livhana-improvement*.service deploy/systemd/livhana-improvement.timer "$DESTDIR/etc/systemd/system/"
    cp deploy/systemd/livhana-improvement.logrotate "$DESTDIR/etc/logrotate.d/livhana-improvement"
    [ -n "$DESTDIR" ] || systemctl daemon-reload
}

refuse_where_impossible
make_user
make_folders
copy_program
make_environment
write_configuration
make_logs
install_units
say "Installed. Set IMPROVEMENT_TARGET_REPO in $CONFIGURATION/environment, give somebody a token, then"
say "  systemctl enable --now livhana-improvement.service       everything, with schedules and sensors"
say "or, without the daemon,"
say "  systemctl enable --now livhana-improvement.timer         livhana run daily, every night"
