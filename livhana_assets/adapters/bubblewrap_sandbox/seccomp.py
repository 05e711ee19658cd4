"""The system calls that the sandbox refuses, as a filter that bubblewrap loads."""

from __future__ import annotations

import errno
import functools
import io
import os
import tempfile
from typing import Any

from livhana_assets.loop.proposals.ports import SandboxUnavailable

REFUSED = """
ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd
mount umount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr unshare setns
keyctl add_key request_key bpf perf_event_open userfaultfd fanotify_init open_by_handle_at lookup_dcookie quotactl quotactl_fd
init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct syslog iopl ioperm modify_ldt
settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname vhangup nfsservctl uselib
memfd_create memfd_secret shmget
""".split()  # noqa: SIM905 - one word list reads better than sixty quoted words
"""The last line: memory that no process maps is memory that the watchdog does not see."""

ABSENT = ("io_uring_setup", "io_uring_enter", "io_uring_register", "clone3")
"""Answered as an older kernel would, so that programs take their other way; clone3 hides its flags from the filter."""

NAMESPACES = (0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
FAMILIES = (1, 2, 10, 16)
"""unix, inet, inet6, netlink. Others (vsock among them) are not confined by a network namespace, or not needed."""
TERMINAL_INPUT = (0x5412, 0x541C)


@functools.cache
def filter_bytes() -> bytes:
    """The filter as the kernel takes it. Raises SandboxUnavailable where libseccomp is missing."""
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        raise SandboxUnavailable(
            "The sandbox needs libseccomp: install it with `apt-get install libseccomp2`, or say IMPROVEMENT_SANDBOX=none."
        ) from error
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    _refuse_calls(rules, pyseccomp)
    _refuse_arguments(rules, pyseccomp)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _refuse_calls(rules: Any, pyseccomp: Any) -> None:
    for names, code in ((REFUSED, errno.EPERM), (ABSENT, errno.ENOSYS)):
        for name in names:
            if _known(pyseccomp, name):
                rules.add_rule(pyseccomp.ERRNO(code), name)


def _known(pyseccomp: Any, name: str) -> bool:
    try:
        return bool(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name) >= 0)
    except (ValueError, OSError):
        return False


def _refuse_arguments(rules: Any, pyseccomp: Any) -> None:
    refuse, argument = pyseccomp.ERRNO(errno.EPERM), pyseccomp.Arg
    for flag in NAMESPACES:
        rules.add_rule(refuse, "clone", argument(0, pyseccomp.MASKED_EQ, flag, flag))
    for request in TERMINAL_INPUT:
        rules.add_rule(refuse, "ioctl", argument(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, request))
    for family in set(range(max(FAMILIES))) - set(FAMILIES):
        rules.add_rule(refuse, "socket", argument(0, pyseccomp.EQ, family))
    rules.add_rule(refuse, "socket", argument(0, pyseccomp.GT, max(FAMILIES)))


def filter_descriptor() -> int:
    """A fresh descriptor to read the filter from; the caller closes it."""
    descriptor = os.memfd_create("seccomp")
    with io.FileIO(descriptor, "wb", closefd=False) as file:
        file.write(filter_bytes())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
