"""Hostile programs, each really run in the sandbox, and what the machine looks like afterwards."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.unconfined_sandbox import UnconfinedSandbox
from livhana_assets.loop.proposals.ports import Limits, Ran

LIMITS = Limits(
    seconds=8, cpu_seconds=8, memory_mb=256, processes=24, disk_mb=16, output_bytes=16_384, report_bytes=65_536
)
ROOT = Path(__file__).resolve().parents[2]


def attack(program: str, checkout: Path, limits: Limits = LIMITS, sandbox=None) -> Ran:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return (sandbox or BubblewrapSandbox()).run(command, checkout, limits=limits)


def alive_with(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def gone_within(mark: str, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not alive_with(mark):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def checkout(tmp_path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    return folder


REFUSED = """
    import ctypes, errno, os
    libc = ctypes.CDLL(None, use_errno=True)
    def refused(name, *arguments):
        ctypes.set_errno(0)
        answer = getattr(libc, name)(*arguments)
        print(name, answer, errno.errorcode.get(ctypes.get_errno(), "-"))
"""


def test_keys_of_the_user_and_files_beside_the_checkout_are_not_there(checkout, tmp_path):
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519").write_text("PRIVATE KEY")
    ran = attack(
        f"""
        import os, pathlib
        print(os.listdir({str(tmp_path)!r}))
        for path in ({str(tmp_path / ".ssh" / "id_ed25519")!r}, "/etc/shadow", os.path.expanduser("~root/.ssh/id_ed25519")):
            try: print(pathlib.Path(path).read_text())
            except OSError as error: print(type(error).__name__)
        """,
        checkout,
    )
    assert ran.output.split() == ["['checkout']", *["FileNotFoundError"] * 3]


def test_a_secret_of_our_environment_is_in_no_environment_inside(checkout, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-very-secret")
    ran = attack(
        """
        import pathlib
        seen = [path.read_bytes() for path in pathlib.Path("/proc").glob("[0-9]*/environ")]
        print(len(seen) > 1, any(b"sk-very-secret" in text or b"ANTHROPIC" in text for text in seen))
        """,
        checkout,
    )
    assert ran.output.split() == ["True", "False"]


def test_nothing_outside_the_checkout_can_be_written(checkout, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("ours")
    ran = attack(
        f"""
        import os
        for path in ({str(victim)!r}, {str(ROOT / "evil")!r}):
            try: open(path, "w").write("in a private folder at most")
            except OSError: pass
        for path in ("/usr/bin/evil", "/etc/passwd", "/evil",
                     "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/dev/evil", "/dev/shm/../evil"):
            try: open(path, "r+" if os.path.exists(path) else "w").close(); print("WRITTEN", path)
            except OSError: pass
        """,
        checkout,
    )
    assert ran.output == ""
    assert victim.read_text() == "ours"
    assert not (ROOT / "evil").exists()


def test_the_interpreter_that_runs_the_tests_cannot_be_changed(checkout):
    ran = attack(
        """
        import os, sys
        for prefix in (sys.prefix, sys.base_prefix):
            try: open(os.path.join(prefix, "evil.pth"), "w")
            except OSError as error: print(error.strerror)
        """,
        checkout,
    )
    assert ran.output.splitlines() == ["Read-only file system"] * 2


def test_a_link_to_the_outside_leads_nowhere(checkout, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("ours")
    (checkout / "link").symlink_to(secret)
    ran = attack(
        f"""
        import os
        try: open("link").read(); print("READ")
        except OSError as error: print(type(error).__name__)
        os.unlink("link"); os.symlink({str(tmp_path)!r}, "link")
        try: open("link/made", "w"); print("WRITTEN")
        except OSError as error: print(type(error).__name__)
        """,
        checkout,
    )
    assert "READ" not in ran.output and not (tmp_path / "made").exists()
    assert secret.read_text() == "ours"


def test_git_can_neither_be_read_nor_replaced(checkout):
    (checkout / ".git").write_text("gitdir: /somewhere\n")
    ran = attack(
        """
        import os
        print(repr(open(".git").read()))
        for change in (lambda: os.unlink(".git"), lambda: os.rename(".git", "g"), lambda: os.rename(__import__("tempfile").mkstemp(dir=".")[1], ".git")):
            try: change(); print("CHANGED")
            except OSError as error: print(error.strerror)
        """,
        checkout,
    )
    assert "CHANGED" not in ran.output and "somewhere" not in ran.output
    assert (checkout / ".git").read_text() == "gitdir: /somewhere\n"


def test_neither_the_world_nor_a_port_of_the_host_is_reachable(checkout):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as hidden:
        hidden.bind("\0livhana-host")
        hidden.listen()
        ran = attack(
            f"""
            import socket
            for family, where in ((2, ("1.1.1.1", 53)), (2, ("169.254.169.254", 80)), (2, ("127.0.0.1", {server.getsockname()[1]})),
                                  (10, ("2606:4700:4700::1111", 53)), (1, "\\0livhana-host")):
                try:
                    s = socket.socket(family); s.settimeout(1); s.connect(where); print("REACHED", where)
                except OSError as error: pass
            for family in (40, 17, 38, 44):
                try: socket.socket(family, socket.SOCK_STREAM if family == 40 else socket.SOCK_RAW); print("OPENED", family)
                except OSError: pass
            print("tried")
            """,
            checkout,
        )
    assert ran.output == "tried\n"


def test_a_fork_bomb_ends_at_the_limit_of_processes(checkout):
    ran = attack("import os\nwhile True: os.fork()", checkout)
    assert (ran.ended_by, ran.exit_code) == ("processes", None)


def test_a_fork_bomb_of_the_shell_ends_too(checkout):
    ran = BubblewrapSandbox().run(["/bin/sh", "-c", "b() { b | b & }; b; sleep 100"], checkout, limits=LIMITS)
    assert ran.ended_by == "processes"


def test_many_threads_end_at_a_limit(checkout):
    ran = attack(
        """
        import threading, time
        threading.stack_size(65536)
        try:
            for _ in range(5000): threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
        except RuntimeError: pass
        time.sleep(100)
        """,
        checkout,
        replace(LIMITS, processes=4),
    )
    assert ran.ended_by == "processes"


def test_one_process_cannot_take_more_memory_than_allowed(checkout):
    ran = attack("held = bytearray(10**9)", checkout)
    assert "MemoryError" in ran.output and ran.exit_code == 1


@pytest.mark.parametrize("kind", ["MAP_PRIVATE", "MAP_SHARED"])
def test_memory_of_many_processes_is_counted_together(kind, checkout):
    ran = attack(
        f"""
        import mmap, os, time
        for _ in range(6):
            if os.fork() == 0: break
        held = mmap.mmap(-1, 80 * 2**20, flags=mmap.{kind} | mmap.MAP_ANONYMOUS)
        for at in range(0, len(held), 4096): held[at] = 1
        time.sleep(100)
        """,
        checkout,
    )
    assert ran.ended_by == "memory"


def test_memory_that_no_process_maps_cannot_be_had(checkout):
    program = (
        REFUSED
        + """
    refused("memfd_create", b"x", 0)
    refused("shmget", 0, 10**9, 0o1600)
    """
    )
    assert [line.split()[2] for line in attack(program, checkout).output.splitlines()] == ["EPERM", "EPERM"]


def test_shared_pages_are_not_counted_twice(checkout):
    ran = attack(
        """
        import os, time
        held = bytearray(os.urandom(1 << 20)) * 80
        children = [pid for pid in (os.fork() for _ in range(4)) if pid]
        time.sleep(0.4)
        """,
        checkout,
    )
    assert ran.ended_by == "exit"


def test_a_full_disk_ends_the_work(checkout):
    ran = attack(
        """
        import itertools, time
        for number in itertools.count():
            open(f"file{number}", "wb").write(b"x" * 2**20); time.sleep(0.001)
        """,
        checkout,
    )
    assert ran.ended_by == "disk"


def test_a_file_without_a_name_counts_as_disk(checkout):
    ran = attack(
        """
        import os, time
        held = []
        for number in range(6):
            file = open(f"f{number}", "wb"); os.unlink(f"f{number}"); file.write(b"x" * (8 * 2**20)); file.flush(); held.append(file)
        time.sleep(100)
        """,
        checkout,
    )
    assert ran.ended_by == "disk"


def test_one_file_cannot_grow_past_the_limit(checkout):
    ran = attack("f = open('big', 'wb')\nwhile True: f.write(b'x' * 2**20)", checkout)
    assert ran.exit_code != 0
    assert (checkout / "big").stat().st_size <= LIMITS.disk_mb * 2**20


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm", "/home/sandbox"])
def test_temporary_folders_are_small(place, checkout):
    ran = attack(
        f"""
        import itertools
        try:
            for number in itertools.count():
                open(f"{place}/file{{number}}", "wb").write(b"x" * 2**20)
        except OSError as error: print(error.strerror, number <= 64)
        """,
        checkout,
    )
    assert ran.output == "No space left on device True\n"


def test_a_loop_that_ignores_every_signal_ends_in_time(checkout):
    program = """
    import signal
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True: pass
    """
    ran = attack(program, checkout, replace(LIMITS, seconds=0.5))
    assert (ran.ended_by, ran.exit_code) == ("time", None)


DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sleep", ["{mark}", "1000"])
    os._exit(0)
os.wait(); time.sleep(0.1); print("left")
"""


@pytest.mark.parametrize("sandbox", [BubblewrapSandbox(), UnconfinedSandbox()], ids=lambda sandbox: sandbox.level)
def test_a_daemon_does_not_outlive_the_run(sandbox, checkout):
    mark = f"livhana-daemon-{sandbox.level}-{os.getpid()}"
    ran = attack(DAEMON.format(mark=mark), checkout, sandbox=sandbox)
    assert ran.output == "left\n" and ran.ended_by == "exit"
    assert alive_with(mark) == []


def test_a_flood_of_output_is_cut_and_ended(checkout):
    ran = attack("import os\nwhile True: os.write(1, b'begin' + b'x' * 65536)", checkout)
    assert (ran.ended_by, ran.exit_code) == ("output", None)
    assert ran.output.startswith("begin") and "bytes left out" in ran.output
    assert len(ran.output) < LIMITS.output_bytes + 100


def test_long_output_keeps_its_beginning_and_its_end(checkout):
    ran = attack("print('first'); print('x' * 60000); print('last')", checkout)
    assert ran.ended_by == "exit" and ran.output.startswith("first\n") and ran.output.endswith("last\n")


def test_a_flood_of_the_report_is_cut_and_ended(checkout):
    ran = attack("import os\nwhile True: os.write(int(os.environ['LIVHANA_REPORT_FD']), b'x' * 65536)", checkout)
    assert ran.ended_by == "output"
    assert len(ran.report) < LIMITS.report_bytes + 100


def test_killing_the_first_process_or_everything_harms_nobody(checkout):
    ran = attack(
        """
        import os, signal
        print(os.getppid() in (0, 1, 2))
        for pid in (os.getppid(), 1, -1):
            try: os.kill(pid, signal.SIGKILL)
            except OSError as error: print(error.strerror)
        print("still here", flush=True)
        """,
        checkout,
    )
    assert ran.ended_by == "exit" and os.getppid() > 0
    assert attack("print('next')", checkout).output == "next\n"


def test_tracing_mounting_and_new_namespaces_are_refused(checkout):
    program = (
        REFUSED
        + """
    refused("ptrace", 0, 0, 0, 0)
    refused("ptrace", 16, 1, 0, 0)
    refused("process_vm_readv", 1, 0, 0, 0, 0, 0)
    refused("mount", b"none", b"/tmp", b"tmpfs", 0, None)
    refused("umount2", b"/tmp", 2)
    refused("unshare", 0x10000000)
    refused("setns", 0, 0)
    refused("chroot", b"/tmp")
    refused("sethostname", b"x", 1)
    """
    )
    told = [line.split() for line in attack(program, checkout).output.splitlines()]
    assert {name for name, _, _ in told} >= {"ptrace", "mount", "unshare", "setns"}
    assert all((answer, error) == ("-1", "EPERM") for _, answer, error in told), told


def test_other_doors_of_the_kernel_are_refused(checkout):
    numbers = {"io_uring_setup": 425, "keyctl": 250, "add_key": 248, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
               "open_by_handle_at": 304, "pidfd_getfd": 438, "clone3": 435, "kexec_load": 246}  # fmt: skip
    if os.uname().machine != "x86_64":
        numbers = {"io_uring_setup": 425, "pidfd_getfd": 438, "clone3": 435}
    program = (
        REFUSED
        + f"""
    for name, number in {numbers!r}.items():
        ctypes.set_errno(0)
        print(name, libc.syscall(number, 0, 0, 0, 0, 0), errno.errorcode.get(ctypes.get_errno()))
    print("clone", libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0), errno.errorcode.get(ctypes.get_errno()))
    """
    )
    told = {line.split()[0]: line.split()[1:] for line in attack(program, checkout).output.splitlines()}
    assert told.keys() >= numbers.keys()
    assert all(
        answer == ["-1", "ENOSYS" if "io_uring" in name or name == "clone3" else "EPERM"]
        for name, answer in told.items()
    )


def test_no_key_can_be_pressed_on_a_terminal(checkout):
    ran = attack(
        """
        import errno, fcntl, os, pty
        main, other = pty.openpty()
        for request in (0x5412, 0x541C, 0x5412 | 1 << 32):
            try: fcntl.ioctl(other, request & 0xFFFFFFFF, b"x"); print("PRESSED")
            except OSError as error: print(errno.errorcode[error.errno])
        try: open("/dev/tty"); print("TERMINAL")
        except OSError: pass
        """,
        checkout,
    )
    assert ran.output.split() == ["EPERM"] * 3


def test_a_settable_user_id_program_gives_no_rights(checkout):
    ran = BubblewrapSandbox().run(["/bin/su", "-c", "id"], checkout, limits=LIMITS)
    assert ran.exit_code != 0 and "uid=0" not in ran.output


SUPERVISOR = """
import sys
from pathlib import Path
from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
BubblewrapSandbox().canaries()
print("ready", flush=True)
BubblewrapSandbox().run([sys.executable, "-c", sys.argv[2]], Path(sys.argv[1]))
"""


def test_nothing_outlives_a_killed_supervisor(checkout):
    mark = f"livhana-orphan-{os.getpid()}"
    daemon = DAEMON.format(mark=mark) + "\ntime.sleep(1000)"
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, checkout, daemon], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert supervisor.stdout is not None and supervisor.stdout.readline() == b"ready\n"
        until = time.monotonic() + 5
        while not alive_with(f"{mark}\0") and time.monotonic() < until:
            time.sleep(0.02)
        assert alive_with(f"{mark}\0")
    finally:
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait()
        supervisor.stdout.close()
    assert gone_within(mark, 3)
