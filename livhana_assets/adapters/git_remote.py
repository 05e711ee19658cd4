"""A target behind a URL: fetched into our clone, pushed to with a lease, which is the server's compare-and-set."""

from __future__ import annotations

import os
import re
from pathlib import Path

from livhana_assets.adapters.git_local import moved
from livhana_assets.adapters.git_plumbing import Answer, Git, GitFailed, locked
from livhana_assets.loop.proposals.ports import BranchCheckedOut, HeadMoved, TargetError

NETWORK_SECONDS = 900.0
_TRANSPORTS = tuple((f"protocol.{name}.allow", "always") for name in ("https", "http", "ssh", "git", "file"))
_PASSED_ON = (
    "HOME", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY",
)  # fmt: skip
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|[^/:]+@[^/:]+:(?!:)|[A-Za-z0-9.-]{2,}:(?!:)", re.IGNORECASE)


def is_url(location: str) -> bool:
    return bool(_URL.match(location)) and not location.startswith("-")


def shown(location: str) -> str:
    """The URL without a password in it: what proposals, messages and the audit may show."""
    return re.sub(r"^(https?://)[^/]*@", r"\1", location, flags=re.IGNORECASE)


class RemoteSource:
    """A server's repository. What its own hooks and protections do is its administrator's; on this machine none runs."""

    borrows = False

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._lock = folder / "landing.lock"

    def prepare(self, clone: Git) -> None:
        return None

    def fetch(self, clone: Git) -> None:
        specs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        with locked(self._lock, seconds=NETWORK_SECONDS):
            pass  # a push that outlived its process has ended, so that what is fetched tells how it ended
        options = ("--prune", "--force", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--quiet")
        self._ask(clone, "fetch", *options, *self._served("upload"), "--", self._url, *specs)

    def default_branch(self) -> str:
        for line in self._listed("--symref", "HEAD"):
            if line.startswith("ref: refs/heads/"):
                return line.removeprefix("ref: refs/heads/").split("\t", 1)[0]
        raise TargetError(
            f"{shown(self._url)} names no branch as its HEAD: set IMPROVEMENT_TARGET_BRANCH to the one to improve."
        )

    def head(self, branch: str) -> str | None:
        ref = f"refs/heads/{branch}"
        found = (line.split("\t", 1) for line in self._listed(ref))
        return next((sha for sha, name in found if name == ref), None)

    def branches(self) -> list[str]:
        refs = (line.split("\t", 1)[1] for line in self._listed("--heads"))
        return [ref.removeprefix("refs/heads/") for ref in refs]

    def land(self, clone: Git, commit: str, branch: str, expected: str | None) -> None:
        self._push(clone, f"{commit}:refs/heads/{branch}", branch, expected, commit)

    def delete(self, clone: Git, branch: str, expected: str) -> None:
        self._push(clone, f":refs/heads/{branch}", branch, expected, "")

    def identity(self, clone: Git | None, scratch: Path) -> dict[str, str | bool | None]:
        return {"kind": "url", "dirty": None}

    def _push(self, clone: Git, spec: str, branch: str, expected: str | None, commit: str) -> None:
        lease = f"--force-with-lease=refs/heads/{branch}:{expected or ''}"
        with locked(self._lock, seconds=NETWORK_SECONDS) as descriptor:
            present = self.head(branch)
            if present != expected:
                raise HeadMoved(moved(branch, expected, present))
            options = ("--porcelain", "--no-verify", lease, *self._served("receive"), "--", self._url, spec)
            answer = self._ask(clone, "push", *options, codes=(0, 1), keep_open=(descriptor,))
        told = os.fsdecode(answer.out)
        if "\n=\t" in f"\n{told}" and expected != commit:
            raise HeadMoved(moved(branch, expected, self.head(branch)))
        if answer.code:
            raise self._refused(branch, expected, told + answer.err)

    def _refused(self, branch: str, expected: str | None, told: str) -> TargetError:
        if "checked out" in told:
            return BranchCheckedOut(
                f"{branch} is checked out in {shown(self._url)}: land on a branch of its own (IMPROVEMENT_LAND=branch)."
            )
        present = self.head(branch)
        if present != expected or "stale info" in told:
            return HeadMoved(moved(branch, expected, present))
        reason = next((line for line in told.splitlines() if line.startswith("!")), told.strip().splitlines()[-1])
        return TargetError(f"{shown(self._url)} did not take {branch}: {self._clean(reason).replace(chr(9), ' ')}.")

    def _listed(self, *patterns: str) -> list[str]:
        options = [p for p in patterns if p.startswith("--")]
        names = [p for p in patterns if not p.startswith("--")]
        answer = self._ask(Git(None), "ls-remote", *options, *self._served("upload"), "--", self._url, *names)
        return os.fsdecode(answer.out).splitlines()

    def _ask(self, git: Git, *arguments: str, codes: tuple[int, ...] = (0,), keep_open: tuple[int, ...] = ()) -> Answer:
        try:
            environment = self._environment()
            asked = Git(git.git_dir, (*git.configuration, *_TRANSPORTS, *self._credentials(environment)))
            return asked.run(
                *arguments,
                environment=environment,
                codes=codes,
                cwd=git.git_dir or Path("/"),
                keep_open=keep_open,
                seconds=NETWORK_SECONDS,
            )
        except GitFailed as failed:
            raise TargetError(
                f"{shown(self._url)} cannot be reached: {self._clean(failed.reason)}; check the URL, the network and the credentials."
            ) from failed

    def _environment(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes", **passed}

    def _credentials(self, environment: dict[str, str]) -> tuple[tuple[str, str], ...]:
        """The user's own credential helpers and HTTP options: the only configuration of theirs that counts, and only here."""
        if not self._url.lower().startswith(("http://", "https://")):
            return ()
        theirs = {**environment, "GIT_CONFIG_NOSYSTEM": "0", "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", "")}
        found: list[tuple[str, str]] = []
        for scope, file in (
            ("--system", "/etc/gitconfig"),
            ("--global", f"{environment.get('HOME', '/nonexistent')}/.gitconfig"),
        ):
            opened = {**theirs, f"GIT_CONFIG_{scope[2:].upper()}": file}
            answer = Git(None).run(
                "config",
                scope,
                "--includes",
                "-z",
                "--get-regexp",
                r"^(credential|http)\.",
                cwd=Path("/"),
                environment=opened,
                codes=(0, 1, 128),
            )
            found += [(name, value) for name, _, value in (pair.partition("\n") for pair in answer.fields)]
        return tuple(found)

    def _served(self, service: str) -> tuple[str, ...]:
        """For file:// the serving git runs here, as us, so it gets the closed configuration too."""
        if not self._url.lower().startswith("file://"):
            return ()
        closed = "-c safe.directory=* -c core.hooksPath=/dev/null -c core.fsmonitor=false -c gc.auto=0 -c receive.denyCurrentBranch=refuse"
        return (f"--{service}-pack=git {closed} {service}-pack".replace("=*", "='*'"),)

    def _clean(self, text: str) -> str:
        return text.replace(self._url, shown(self._url))
