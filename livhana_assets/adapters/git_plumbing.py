"""Running git so that nothing but git runs: no hook, filter, pager, monitor, prompt or configuration of anybody else's."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from livhana_assets.loop.proposals.ports import TargetError

LOCAL_SECONDS = 300.0

CLOSED_CONFIGURATION: tuple[tuple[str, str], ...] = (
    ("safe.directory", "*"),
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.autocrlf", "false"),
    ("core.safecrlf", "false"),
    ("core.quotePath", "false"),
    ("core.pager", "cat"),
    ("core.commitGraph", "false"),
    ("apply.whitespace", "nowarn"),
    ("apply.ignoreWhitespace", "no"),
    ("commit.gpgSign", "false"),
    ("i18n.commitEncoding", "utf-8"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("submodule.recurse", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("advice.detachedHead", "false"),
    # Said on standard error about our GIT_GRAFT_FILE, it would end a ref update whose parent was killed: nobody reads there.
    ("advice.graftFileDeprecated", "false"),
    ("protocol.allow", "never"),
)

_CLOSED_ENVIRONMENT = {
    "LC_ALL": "C",
    "HOME": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_PARAMETERS": "",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "false",
    "GIT_AUTHOR_NAME": "Liv Hana",
    "GIT_AUTHOR_EMAIL": "improvement@livhana.invalid",
    "GIT_COMMITTER_NAME": "Liv Hana",
    "GIT_COMMITTER_EMAIL": "improvement@livhana.invalid",
}


class GitFailed(TargetError):
    """git ended with an unexpected exit code, or (`code` None) did not end. `reason` is what it said, as one line."""

    def __init__(self, command: str, code: int | None, stderr: str) -> None:
        self.code = code
        self.stderr = stderr
        self.reason = _reason(stderr) or f"git {command} ended with exit code {code}"
        super().__init__(f"git {command} failed: {self.reason}; `livhana doctor` looks at the target.")


@dataclass(frozen=True)
class Answer:
    code: int
    out: bytes
    err: str

    @property
    def line(self) -> str:
        return os.fsdecode(self.out).strip()

    @property
    def fields(self) -> list[str]:
        """The NUL-separated fields of a `-z` answer; names that are not UTF-8 keep their bytes as surrogates."""
        return [os.fsdecode(part) for part in self.out.split(b"\0") if part]


def closed_environment(git_dir: Path | None, configuration: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
    """The whole environment of a git command: nothing is inherited but PATH."""
    pairs = [*CLOSED_CONFIGURATION, *configuration]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        **_CLOSED_ENVIRONMENT,
        "GIT_CONFIG_COUNT": str(len(pairs)),
    }
    for number, (name, value) in enumerate(pairs):
        environment[f"GIT_CONFIG_KEY_{number}"] = name
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    if git_dir is not None:
        environment["GIT_DIR"] = str(git_dir)
    return environment


@dataclass(frozen=True)
class Git:
    """git on one repository's folder of objects and refs. Arguments are a list, never a shell line."""

    git_dir: Path | None
    configuration: tuple[tuple[str, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        codes: Sequence[int] = (0,),
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        keep_open: Sequence[int] = (),
        seconds: float = LOCAL_SECONDS,
    ) -> Answer:
        """Raises GitFailed for any other exit code and when the time is up."""
        try:
            done = subprocess.run(
                ["git", *arguments],
                input=stdin,
                capture_output=True,
                cwd=cwd or self.git_dir,
                env={**closed_environment(self.git_dir, self.configuration), **self.environment, **(environment or {})},
                pass_fds=keep_open,
                # Who kills our process group leaves this git to its last few milliseconds, with the lock it was given.
                start_new_session=bool(keep_open),
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            raise GitFailed(arguments[0], None, f"git {arguments[0]} did not end within {seconds:.0f} s") from None
        except OSError as error:
            raise GitFailed(arguments[0], None, _not_started(error)) from None
        answer = Answer(done.returncode, done.stdout, os.fsdecode(done.stderr))
        if answer.code not in codes:
            raise GitFailed(arguments[0], answer.code, answer.err)
        return answer

    def pipe(self, first: Sequence[str], second: Sequence[str], *, seconds: float = LOCAL_SECONDS) -> bytes:
        """What `git first | git second` prints, without holding what goes between them."""
        environment = {**closed_environment(self.git_dir, self.configuration), **self.environment}
        with subprocess.Popen(
            ["git", *first],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.git_dir,
            env=environment,
        ) as source:
            try:
                done = subprocess.run(
                    ["git", *second],
                    stdin=source.stdout,
                    capture_output=True,
                    cwd=self.git_dir,
                    env=environment,
                    timeout=seconds,
                )
            except subprocess.TimeoutExpired:
                source.kill()
                raise GitFailed(first[0], None, f"git {first[0]} did not end within {seconds:.0f} s") from None
        return done.stdout

    def holds(self, commit: str) -> bool:
        return self.run("cat-file", "-e", f"{commit}^{{commit}}", codes=(0, 1, 128)).code == 0

    def is_ancestor(self, older: str, newer: str) -> bool:
        return self.run("merge-base", "--is-ancestor", older, newer, codes=(0, 1, 128)).code == 0

    def refs(self, *prefixes: str) -> dict[str, str]:
        listed = self.run("for-each-ref", "--format=%(objectname) %(refname)", *prefixes).out
        pairs = (os.fsdecode(line).split(" ", 1) for line in listed.splitlines())
        return {name: sha for sha, name in pairs}

    def names_a_ref(self, ref: str) -> bool:
        return self.run("check-ref-format", ref, codes=(0, 1)).code == 0 if "\0" not in ref else False


@contextmanager
def locked(path: Path, *, seconds: float | None = None) -> Iterator[int]:
    """Alone among processes and threads for this path. Gives the descriptor; a child that keeps it open keeps the lock.

    Raises TargetError where it is not free within so many seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, path, seconds)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path, seconds: float | None) -> None:
    if seconds is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TargetError(
                    f"A git command holds {path} for {seconds:.0f} s: end that one, then try again."
                ) from None
            time.sleep(0.05)


_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def unquote(name: bytes) -> str:
    """A path as git prints it without -z: C-quoted where it holds something unusual."""
    if not (name.startswith(b'"') and name.endswith(b'"')):
        return os.fsdecode(name)

    def plain(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8)]) if code.isdigit() else _ESCAPES.get(code, code)

    return os.fsdecode(re.sub(rb"\\([0-7]{3}|.)", plain, name[1:-1]))


def _not_started(error: OSError) -> str:
    if shutil.which("git") is None:
        return "git is not on PATH; install git, then repeat the command"
    return f"git cannot be started: {error}"


def _reason(stderr: str) -> str:
    lines = [
        line.strip() for line in stderr.splitlines() if line.strip() and not line.startswith(("hint:", "warning:"))
    ]
    chosen = next((line for line in lines if line.startswith(("error:", "fatal:"))), lines[-1] if lines else "")
    return re.sub(r"^(error|fatal): ", "", chosen)[:300]
