"""Pull requests on GitHub, or on a GitHub Enterprise Server of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from livhana_assets.loop.execution.pull_requests import PullRequestsUnavailable, Seen

if TYPE_CHECKING:
    from github.PullRequest import PullRequest
    from github.Repository import Repository

SECONDS = 15
_PATH = re.compile(r"[:/]([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+?)(?:\.git)?/?$")
_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


def repository_of(location: str) -> str | None:
    """`owner/name` out of a repository's URL, by https or ssh; None where it has no such end, or is a folder of this machine."""
    if "://" not in location and "@" not in location:
        return None
    found = None if location.lower().startswith("file:") else _PATH.search(location)
    return f"{found[1]}/{found[2]}" if found else None


class GithubPullRequests:
    """Implements `PullRequests`. `repository` is `owner/name`."""

    def __init__(self, repository: str, *, token: str, url: str) -> None:
        if not _NAME.fullmatch(repository):
            raise PullRequestsUnavailable(f"{repository!r} is no GitHub repository: say owner/name.")
        self._name, self._token, self._url = repository, token, url

    def open(self, *, branch: str, into: str, title: str, body: str) -> Seen:
        with self._answers():
            head = f"{self._name.partition('/')[0]}:{branch}"
            standing = next(iter(self._repository.get_pulls(state="open", head=head, base=into)), None)
            return self._seen(
                standing or self._repository.create_pull(base=into, head=branch, title=title[:250], body=body)
            )

    def look(self, number: int) -> Seen:
        with self._answers():
            return self._seen(self._repository.get_pull(number))

    def close(self, number: int, why: str) -> None:
        with self._answers():
            pull = self._repository.get_pull(number)
            if pull.state == "open":
                pull.create_issue_comment(why)
                pull.edit(state="closed")

    @cached_property
    def _repository(self) -> Repository:
        from github import Auth, Github

        client = Github(
            auth=Auth.Token(self._token), base_url=self._url, timeout=SECONDS, retry=None, seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        )  # fmt: skip
        return client.get_repo(self._name)

    def _seen(self, pull: PullRequest) -> Seen:
        state: Literal["open", "merged", "closed"] = (
            "merged" if pull.merged else "open" if pull.state == "open" else "closed"
        )
        return Seen(
            number=pull.number,
            url=pull.html_url,
            state=state,
            head=pull.head.sha,
            merge_commit=(pull.merge_commit_sha or "") if pull.merged else "",
            by=self._by(pull, state),
        )

    def _by(self, pull: PullRequest, state: str) -> str:
        if state == "merged":
            return pull.merged_by.login if pull.merged_by else ""
        if state == "open":
            return ""
        closed_by = pull.as_issue().closed_by
        return closed_by.login if closed_by else ""

    @contextmanager
    def _answers(self) -> Iterator[None]:
        """What the server says instead of doing it, in one sentence. The token is never in it."""
        import requests
        from github import GithubException

        try:
            yield
        except GithubException as error:
            raise PullRequestsUnavailable(
                f"{self._url} refused ({error.status}) for {self._name}: {_told(error)}; check IMPROVEMENT_GITHUB_TOKEN's rights."
            ) from None
        except requests.RequestException as error:
            raise PullRequestsUnavailable(
                f"{self._url} does not answer ({type(error).__name__}): check IMPROVEMENT_GITHUB_URL and the network."
            ) from None


def _told(error: object) -> str:
    data = getattr(error, "data", None)
    message = data.get("message") if isinstance(data, dict) else data
    return str(message or "no reason given")[:200]
