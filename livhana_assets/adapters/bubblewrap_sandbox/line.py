"""The bubblewrap command line: what is visible inside, what is writable, and nothing else. Facts in docs/design.md, "Sandbox"."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = (
    "passwd", "group", "nsswitch.conf", "hosts", "localtime", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
    "ssl/certs", "alternatives", "mime.types",
)  # fmt: skip
HOME = "/home/sandbox"
NEVER_WHOLE = (Path("/"), Path("/root"), Path("/home"), Path("/etc"), Path("/proc"), Path("/sys"), Path("/dev"))
SHARED_MB = 64


def line(
    command: Sequence[str],
    checkout: Path,
    *,
    environment: Mapping[str, str],
    readable: Sequence[Path],
    temporary_mb: int,
    seccomp: int,
    info: int,
) -> list[str]:
    """bwrap and its arguments, the command last."""
    return [
        *_isolation(seccomp, info),
        *_system(),
        *_proc(),
        *_private(temporary_mb),
        *_readable(readable),
        *("--bind", str(checkout), str(checkout)),
        *_without_git(checkout),
        *(word for name, value in environment.items() for word in ("--setenv", name, value)),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(checkout), "--"),
        *command,
    ]


def _isolation(seccomp: int, info: int) -> list[str]:
    return [
        "bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session",
        "--uid", "1000", "--gid", "1000", "--hostname", "sandbox", "--cap-drop", "ALL", "--clearenv",
        "--seccomp", str(seccomp), "--info-fd", str(info),
    ]  # fmt: skip


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in SYSTEM_FOLDERS:
        folder = Path(name)
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), name)
        elif folder.is_dir():
            yield from ("--ro-bind", name, name)
    yield from ("--dir", "/etc")
    for name in ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def _proc() -> Iterator[str]:
    """Real root owns the kernel's settings under /proc even when it has no capability left, so they are mounted read-only."""
    yield from ("--proc", "/proc")
    if os.geteuid() == 0:
        # processes come and go while this looks, and are not the kernel's settings
        for entry in sorted((e for e in os.scandir("/proc") if not e.name.isdigit()), key=lambda entry: entry.name):
            if not entry.is_symlink() and (entry.is_dir() or entry.stat().st_mode & 0o222):
                yield from ("--ro-bind-try", entry.path, entry.path)


def _private(temporary_mb: int) -> Iterator[str]:
    yield from ("--dev", "/dev")
    for folder, size in (("/dev/shm", SHARED_MB), ("/tmp", temporary_mb), ("/home", temporary_mb)):
        yield from ("--size", str(size * 1_048_576), "--perms", "1777", "--tmpfs", folder)
    yield from ("--dir", HOME)


def _readable(folders: Sequence[Path]) -> Iterator[str]:
    """Outer folders first, so that none hides another. A link is also shown under the path that it leads to."""
    wanted = {path for folder in folders for path in (folder.absolute(), folder.resolve())}
    for path in sorted(wanted):
        if path in NEVER_WHOLE or path == Path.home():
            raise ValueError(f"The sandbox does not show all of {path}; name the folders below it that tests need.")
        if not path.is_relative_to("/usr"):
            yield from ("--ro-bind-try", str(path), str(path))


def _without_git(checkout: Path) -> Iterator[str]:
    git = checkout / ".git"
    if git.is_symlink():
        return
    if git.is_file():
        yield from ("--ro-bind", "/dev/null", str(git))
    elif git.is_dir():
        yield from ("--perms", "0555", "--tmpfs", str(git), "--remount-ro", str(git))
