"""What a change may be, and who has to say yes to it. The policy's version is part of what is approved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase

from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.model import Priority, Proposal, canonical_json
from livhana_assets.loop.proposals.ports import FileChange
from livhana_assets.loop.sources.paths import is_test_path


@dataclass(frozen=True)
class Policy:
    min_errors: int = 5
    max_files: int = 10
    max_lines_per_file: int = 500
    require_approval: bool = True
    require_tests: bool = True
    max_auto_fixes_per_day: int = 5
    approval_days: int = 14
    protected_paths: tuple[str, ...] = ()
    auto_revert: bool = False

    @property
    def version(self) -> str:
        return hashlib.sha256(canonical_json(asdict(self))).hexdigest()[:12]


SMALL_CHANGE_LINES = 30
"""More changed source lines than this are never landed without a person."""


def is_critical(changes: Sequence[FileChange], policy: Policy) -> bool:
    """Whether a change touches a protected path; such a change always waits for a person."""
    return any(is_protected(change.path, policy) for change in changes)


def is_protected(path: str, policy: Policy) -> bool:
    return any(_matches(path, pattern) for pattern in policy.protected_paths)


def auto_fix_eligible(changes: Sequence[FileChange], *, proved: bool, critical: bool) -> bool:
    """Proved, small, and no protected path."""
    lines = sum(change.added + change.removed for change in changes if not is_test_path(change.path))
    return proved and not critical and lines <= SMALL_CHANGE_LINES


def may_execute_without_person(proposal: Proposal, policy: Policy, auto_executed_today: int) -> bool:
    return (
        not policy.require_approval
        and proposal.auto_fix_eligible
        and not proposal.critical
        and auto_executed_today < policy.max_auto_fixes_per_day
    )


def may_revert_without_person(proposal: Proposal, policy: Policy, auto_executed_today: int) -> bool:
    """A reversal of what made things worse, where the operator said so; never on a protected path, and within the day's limit."""
    return (
        bool(proposal.reverts)
        and policy.auto_revert
        and not proposal.requires_approval
        and not proposal.critical
        and auto_executed_today < policy.max_auto_fixes_per_day
    )


def needs_person(proposal: Proposal, policy: Policy) -> bool:
    """Whether the policy as it is now lets nothing of this kind go without a person."""
    return not policy.auto_revert if proposal.reverts else policy.require_approval


def priority_of(pattern: ErrorPattern, critical: bool) -> Priority:
    """Critical where a protected path is touched; else by how many customers and how often."""
    if critical:
        return "critical"
    if pattern.customers >= 10 or pattern.occurrences >= 50:
        return "high"
    return "medium" if pattern.occurrences >= 5 else "low"


def _matches(path: str, pattern: str) -> bool:
    if pattern.startswith("**/") and fnmatchcase(path, pattern[3:]):
        return True
    return fnmatchcase(path, pattern)
