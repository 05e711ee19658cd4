"""What the proposals room, and every room after it, asks of the world: an analyst, a store, the target repository, a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from livhana_assets.loop.patterns.model import ErrorPattern, Exemplar, Frame, Language
from livhana_assets.loop.proposals.model import Evidence, Hypothesis, Origin, Proposal
from livhana_assets.loop.proposals.testing import TestRun
from livhana_assets.loop.sources.ports import CodeHistory, Commit

NO_COMMIT = "0" * 40


# --- the analyst -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Crash:
    """A crash pattern laid over the repository: what an analyst sees."""

    pattern: ErrorPattern
    exemplar: Exemplar
    language: Language
    frames: tuple[Frame, ...]
    """The exemplar's in-app frames outermost first, `file` mapped to the path inside the repository."""
    paths: tuple[str, ...]
    """Every file of the base commit."""
    read: Callable[[str], str | None]
    """A file's text at the base commit; None where there is none or it is no text."""
    commits: Callable[[], Sequence[Commit]] = tuple
    """The latest commits of the base, newest first, with the paths that they touched."""


@dataclass(frozen=True)
class Reproduction:
    """A test that should fail on the base as production did.

    `render(None)` is the file's content with a bare call, enough to fail by the crash. `render(value)` also asserts the
    result: `value` is a literal in the language, as `probe` printed it with the patch applied, or `type:NAME` where the result is
    no literal, or `raises:NAME` where the fix raises a clear error.
    """

    path: str
    test_id: str
    function: str
    """The in-app function that it calls."""
    depth: int
    """0 calls the innermost frame's function, 1 its caller, and so on."""
    render: Callable[[str | None], str]
    probe: str
    """A script that makes the same call and writes {"value": literal in the language, "type": name} or {"raises": type name} to the report."""


@dataclass(frozen=True)
class Candidate:
    """One possible fix: whole new texts of existing source files."""

    template: str
    title: str
    why: str
    edits: Mapping[str, str]
    hypothesis: Hypothesis
    raises: str = ""
    """The exception that callers get instead, where the fix turns a crash into a clear domain error."""
    likelihood: float = 0.5
    """How likely the analyst holds it to be right, before what became of the template's earlier fixes is weighed in."""
    depth: int = 0
    """How many frames outward of the crash it changes; inner ones are tried first."""


@dataclass(frozen=True)
class Thought:
    """What a second look at a crash gave: nothing of it is believed before it is proved."""

    by: str = ""
    """Who had it; empty where there was no answer."""
    hypotheses: tuple[Hypothesis, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    refused: tuple[Evidence, ...] = ()
    """Fixes that were offered and could not even be tried, each with the reason."""
    told: tuple[Evidence, ...] = ()
    """Who was asked, for what, and what it cost; or why there was no answer."""
    fell_back: str = ""
    """Why the rules decide alone, as the end of a sentence; empty where there was an answer."""
    origin: Origin | None = None
    micro_dollars: int = 0


NO_THOUGHT = Thought()


class Analyst(Protocol):
    """Thinks about a crash. Never runs anything; what it returns is proved by `proposals.proof` or refused."""

    name: str

    def hypotheses(self, crash: Crash) -> tuple[Hypothesis, ...]:
        """At least one, the likeliest first; each with what would refute it."""
        ...

    def reproductions(self, crash: Crash) -> tuple[Reproduction, ...]:
        """Innermost first. Empty where the logged context is not enough to rebuild the call."""
        ...

    def missing(self, crash: Crash) -> tuple[str, ...]:
        """What the logged context lacks to rebuild the other frames' calls, innermost first: `lookup is not exported`."""
        ...

    def candidates(self, crash: Crash) -> Iterable[Candidate]:
        """Likeliest first, lazily; nothing where no template fits."""
        ...

    def think_again(self, crash: Crash, refused: Sequence[Evidence], *, provable: bool) -> Thought:
        """A second, deeper look, asked for only where none of `candidates` could be proved; `refused` says what was tried and why it fell.

        Where nothing is `provable`, because the crash could not be reproduced, only its cause is asked for. Never raises for what the
        one who is asked does: a failure is a thought that says so. NO_THOUGHT of an analyst that has no more to say."""
        ...


# --- the store -------------------------------------------------------------------------------------------------------


class StoreError(Exception):
    """The store could not do what was asked; the message is one sentence that says what to do."""


class NoSuchProposal(StoreError):
    pass


class StaleVersion(StoreError):
    """Somebody changed the proposal meanwhile: read it again."""


class PatternAlreadyOpen(StoreError):
    """The pattern has an open proposal already."""


class StoreUnavailable(StoreError):
    """The store did not answer; nothing was changed, or the same operation id can be sent again to find out."""


class AuditBroken(StoreError):
    """The audit's hash chain does not hold."""


@dataclass(frozen=True)
class AuditEntry:
    """One line of the audit. `hash` is sha256 over the entry's canonical JSON without it, `previous` the hash of the line before."""

    sequence: int
    at: str
    actor: str
    action: str
    proposal_id: str
    details: Mapping[str, Any]
    previous: str
    hash: str


class ProposalStore(Protocol):
    """The authority. Each write is one atomic step (compare, set, summary, audit), idempotent by its operation id, durable when acknowledged."""

    def get(self, proposal_id: str) -> Proposal:
        """Raises NoSuchProposal."""
        ...

    def proposals(self) -> tuple[Proposal, ...]:
        """All of them, newest first."""
        ...

    def open_for(self, pattern_id: str) -> Proposal | None: ...

    def add(self, proposal: Proposal, *, actor: str, operation: str) -> Proposal:
        """Raises PatternAlreadyOpen. The same operation again returns what the first one stored."""
        ...

    def save(
        self,
        proposal: Proposal,
        *,
        expected_version: int,
        actor: str,
        action: str,
        operation: str,
        details: Mapping[str, Any] | None = None,
    ) -> Proposal:
        """Replace version `expected_version` by `proposal` (version + 1). Raises StaleVersion, NoSuchProposal."""
        ...

    def record(
        self,
        *,
        actor: str,
        action: str,
        operation: str,
        proposal_id: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        """An audit line without a change of any proposal."""
        ...

    def audit(self, after: int = 0) -> Iterator[AuditEntry]:
        """Oldest first; only the lines after sequence `after`."""
        ...

    def changed_since(self, sequence: int) -> tuple[int, tuple[str, ...]]:
        """The audit's present last line, and the proposals that the lines after `sequence` are about. Cheap where nothing changed."""
        ...

    def remember(self, category: str, at: datetime, entry: Mapping[str, Any]) -> str:
        """Store `knowledge:{category}:{timestamp}` and return its key. Categories: bugfix, refusal, learning, …"""
        ...

    def knowledge(self, category: str) -> tuple[Mapping[str, Any], ...]:
        """Oldest first."""
        ...

    def paused(self) -> bool: ...

    def pause(self, paused: bool, *, actor: str) -> None: ...


# --- the target repository -------------------------------------------------------------------------------------------


class TargetError(Exception):
    """The target repository cannot be used as asked; the message is one sentence that says what to do."""


class PatchDoesNotApply(TargetError):
    pass


class HeadMoved(TargetError):
    """The branch is not where it was expected; nothing was changed."""


class BranchCheckedOut(TargetError):
    """The branch is checked out somewhere, so moving it would make that checkout look edited."""


@dataclass(frozen=True)
class FileChange:
    """One path of a commit against its base, as git's raw diff tells it. Modes are octal strings, 000000 where absent."""

    path: str
    status: Literal["A", "M", "D", "T", "R", "C"]
    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str
    added: int
    removed: int
    binary: bool


class TargetRepo(CodeHistory, Protocol):
    """The repository to improve, through a clone of our own. Nothing here touches a checkout, index, stash, hook or configuration of the user's.

    What it inherits raises TargetError where the target cannot be read."""

    location: str

    def branch(self) -> str:
        """The branch to improve: the configured one, else the remote's HEAD."""
        ...

    def resolve(self, name: str) -> str | None:
        """The commit that a release's name (commit, tag, branch) means; None where it means none."""
        ...

    def contains(self, commit: str, landed: str) -> bool:
        """Whether `commit` holds the landed one, by ancestry or by patch-id."""
        ...

    def blobs(self, commit: str, paths: Sequence[str]) -> dict[str, str | None]: ...

    def tree(self, commit: str) -> str: ...

    def build(self, base: str, edits: Mapping[str, bytes | None], message: str, at: datetime) -> str:
        """A commit on `base` with whole new file contents (None deletes), kept under refs/livhana/. Same input, same commit."""
        ...

    def apply(self, base: str, patch: str, message: str, at: datetime) -> str:
        """A commit on `base` with the patch applied exactly. Raises PatchDoesNotApply; no fuzz, no three-way, no half."""
        ...

    def transplant(self, base: str, patch: str, message: str, at: datetime) -> str:
        """As `apply`, but on a base whose files changed elsewhere: whole context, lines may have moved. Raises PatchDoesNotApply."""
        ...

    def diff(self, base: str, commit: str) -> str:
        """The patch between two commits that `apply` takes: full index, binary, no renames, no external drivers."""
        ...

    def changes(self, base: str, commit: str) -> tuple[FileChange, ...]: ...

    def checkout(self, commit: str) -> AbstractContextManager[Path]:
        """A fresh throw-away folder with the commit's files and a `.git` that means nothing; removed at the end."""
        ...

    def land(self, commit: str, branch: str, expected: str | None) -> None:
        """Copy the commit's objects into the target, then make one compare-and-set ref update there (None: the branch must not exist).

        Raises HeadMoved or BranchCheckedOut with nothing changed."""
        ...

    def delete_branch(self, branch: str, expected: str) -> None:
        """Remove a branch that is where we left it. Raises HeadMoved or BranchCheckedOut with nothing changed."""
        ...


# --- the sandbox -----------------------------------------------------------------------------------------------------


class SandboxUnavailable(Exception):
    """There is no sandbox that holds; nothing is executed. The message says how to get one."""


@dataclass(frozen=True)
class Limits:
    seconds: float = 120.0
    cpu_seconds: int = 120
    memory_mb: int = 2048
    processes: int = 256
    disk_mb: int = 512
    output_bytes: int = 1_048_576
    report_bytes: int = 33_554_432


@dataclass(frozen=True)
class Ran:
    """What a sandboxed command did. `report` is what it wrote to the descriptor named by LIVHANA_REPORT_FD."""

    exit_code: int | None
    ended_by: Literal["exit", "time", "memory", "processes", "disk", "output"]
    output: str
    report: bytes
    seconds: float


@dataclass(frozen=True)
class Canary:
    """One thing that the sandbox must not let out, tried at start."""

    name: str
    held: bool
    detail: str = ""


class Sandbox(Protocol):
    """Runs a target's code: no network, no secrets, no writes outside the checkout, bounded in everything. Fails closed."""

    level: str
    """`bubblewrap`, or `none` where the operator said so by name."""

    def run(
        self,
        command: Sequence[str],
        checkout: Path,
        *,
        environment: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
        limits: Limits | None = None,
    ) -> Ran:
        """Raises SandboxUnavailable. `checkout` is the only writable folder besides private temporary ones, and the working directory."""
        ...

    def canaries(self) -> tuple[Canary, ...]: ...


class TestRunner(Protocol):
    """Runs a target's tests in a checkout through the sandbox, with our own reporter. One per language of tests."""

    name: str
    """What the proof shows: `pytest`, `node --test`, or the command."""

    def run(self, checkout: Path, ids: Sequence[str] = ()) -> TestRun:
        """The whole suite, or only some test files or ids. Plugins and configuration that the patch could bring are the gates' concern."""
        ...

    def probe(self, checkout: Path, script: str) -> Mapping[str, Any] | None:
        """Run a Reproduction's probe script; the JSON object it wrote to the report, None where it wrote none."""
        ...
