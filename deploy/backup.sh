#!/bin/sh
# Copies what cannot be made again of a LIVHANA_HOME into a new folder, while the loop works: LIVHANA_HOME=… sh deploy/backup.sh FOLDER
# Restore: that folder is a LIVHANA_HOME; put it where the old one was. A Redis of your own (REDIS_URL) is backed up by its own means, after this.
# The store is copied last: what it is ahead of the warehouse, the next run writes there again.
set -eu
umask 077
home=${LIVHANA_HOME:-.livhana}
target=${1:-}

refuse() { printf '%s\n' "$*" >&2; exit 2; }

[ -n "$target" ] || refuse "Say into which new folder: sh deploy/backup.sh FOLDER"
[ -d "$home" ] || refuse "There is no $home: set LIVHANA_HOME."
[ ! -e "$target" ] || refuse "$target is there already: name a new folder, so that no two backups mix."
mkdir -p "$target"
target=$(cd "$target" && pwd)
cd "$home"

# The files that find prints, with their folders.
copy() { tar --null --no-recursion -T - -cf - | tar -xpf - -C "$target"; }

copy_warehouse() {
    [ -d warehouse ] || return 0
    # A table's log first: the files that it names stay for a day, also where they are compacted meanwhile.
    find warehouse -type f -path '*/_delta_log/*' -print0 | copy
    find warehouse -type f ! -path '*/_delta_log/*' ! -name '*.lock' -print0 | copy
}

copy_access() {
    [ -d access ] || return 0
    find access -type f -print0 | copy
}

ask() { redis-cli -s "$socket" "$@"; }

writes_its_file_anew() { ask INFO persistence | tr -d '\r' | grep -Eq '^aof_rewrite_(in_progress|scheduled):1'; }

copy_file_of_redis() {
    for part in redis/appendonlydir redis/appendonly.aof; do
        [ ! -e "$part" ] || find "$part" -print0 | copy
    done
}

# The append-only file only grows, unless it is written anew: that waits until it is copied.
copy_running_store() {
    command -v redis-cli >/dev/null || refuse "redis-cli is missing: install redis-tools, or copy after livhana down."
    before=$(ask CONFIG GET auto-aof-rewrite-percentage | tail -n 1)
    trap 'ask CONFIG SET auto-aof-rewrite-percentage "$before" >/dev/null' EXIT
    ask CONFIG SET auto-aof-rewrite-percentage 0 >/dev/null
    while writes_its_file_anew; do sleep 1; done
    copy_file_of_redis
}

copy_store() {
    [ -d redis ] || { printf '%s\n' "There is no embedded Redis here: back up the one of REDIS_URL by its own means."; return 0; }
    socket=$(cat redis/redis.socket 2>/dev/null || true)
    if [ -S "$socket" ]; then copy_running_store; else copy_file_of_redis; fi
}

copy_warehouse
copy_access
copy_store
printf '%s\n' "Backed up to $target. Try it: LIVHANA_HOME=$target livhana audit verify, then LIVHANA_HOME=$target livhana down."
