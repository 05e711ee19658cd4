"""The few routes of GitHub's REST API that pull requests need, on the loopback interface, over a real bare repository."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from livhana_assets_tests.repositories import git

TOKEN = "ghp_of-a-test"
NAME = "livhana/shop"


@dataclass
class Github:
    """One repository's pull requests. `repository` is where its branches really are."""

    repository: Path
    url: str = ""
    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    broken: bool = False

    # --- what people do there ---

    def merge(self, number: int, by: str, *, squash: bool = False) -> str:
        """Merge as the green button does; the branch's new commit."""
        pull = self.pulls[number - 1]
        work = self.repository.with_name(f"merging-{number}")
        git(self.repository.parent, "clone", "--quiet", "--branch", pull["into"], str(self.repository), str(work))
        how = ("--squash",) if squash else ("--no-ff", "-m", "Merge")
        git(work, "merge", "--quiet", *how, f"origin/{pull['branch']}")
        if squash:
            git(work, "commit", "--quiet", "--message", "Squashed")
        git(work, "push", "--quiet", "origin", f"HEAD:{pull['into']}")
        commit = git(work, "rev-parse", "HEAD")
        pull |= {"state": "closed", "merged_by": by, "merge_commit": commit, "head": self.head(pull)}
        return commit

    def close(self, number: int, by: str) -> None:
        pull = self.pulls[number - 1]
        pull |= {"state": "closed", "closed_by": by, "head": self.head(pull)}

    # --- what the API tells ---

    def head(self, pull: dict[str, Any]) -> str:
        return str(pull.get("head") or git(self.repository, "rev-parse", pull["branch"]))

    def shown(self, pull: dict[str, Any]) -> dict[str, Any]:
        merged_by = pull.get("merged_by")
        return {
            "number": pull["number"], "state": pull["state"], "title": pull["title"], "body": pull["body"],
            "html_url": f"{self.url}/{NAME}/pull/{pull['number']}", "url": f"{self.url}/repos/{NAME}/pulls/{pull['number']}",
            "issue_url": f"{self.url}/repos/{NAME}/issues/{pull['number']}",
            "comments_url": f"{self.url}/repos/{NAME}/issues/{pull['number']}/comments",
            "merged": bool(merged_by), "merged_by": {"login": merged_by} if merged_by else None,
            "merge_commit_sha": pull.get("merge_commit"), "head": {"sha": self.head(pull), "ref": pull["branch"]},
            "base": {"ref": pull["into"]},
        }  # fmt: skip

    def answer(self, method: str, path: str, query: dict[str, list[str]], sent: dict[str, Any]) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        if self.broken:
            return 500, {"message": "Unicorn"}
        found = re.fullmatch(rf"/repos/{NAME}/(pulls|issues)(?:/(\d+))?(/comments)?", path)
        if found is None:
            return 404, {"message": "Not Found"}
        if not found[2]:
            return self._listed(query) if method == "GET" else self._made(sent)
        pull = self.pulls[int(found[2]) - 1]
        if found[3]:
            self.comments.append(sent["body"])
            return 201, {"id": 1, "body": sent["body"]}
        if found[1] == "issues":
            closed_by = pull.get("closed_by")
            return 200, {"number": pull["number"], "closed_by": {"login": closed_by} if closed_by else None}
        if method == "PATCH":
            pull |= {"state": sent["state"], "head": self.head(pull)}
        return 200, self.shown(pull)

    def _listed(self, query: dict[str, list[str]]) -> tuple[int, Any]:
        branch = query["head"][0].partition(":")[2]
        fitting = [
            pull
            for pull in self.pulls
            if pull["branch"] == branch and pull["into"] == query["base"][0] and pull["state"] == query["state"][0]
        ]
        return 200, [self.shown(pull) for pull in fitting]

    def _made(self, sent: dict[str, Any]) -> tuple[int, Any]:
        if len(sent["body"]) > 65_536:
            return 422, {"message": "body is too long"}
        if not git(self.repository, "for-each-ref", f"refs/heads/{sent['head']}"):
            return 422, {"message": "head is invalid"}
        pull = {
            "number": len(self.pulls) + 1, "state": "open", "branch": sent["head"], "into": sent["base"], "title": sent["title"],
            "body": sent["body"],
        }  # fmt: skip
        self.pulls.append(pull)
        return 201, self.shown(pull)


@contextmanager
def serving(repository: Path) -> Iterator[Github]:
    """The server at its address, until the end of the block."""
    github = Github(repository)

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            split = urlsplit(self.path)
            if self.headers.get("Authorization") != f"token {TOKEN}":
                code, answer = 401, {"message": "Bad credentials"}
            else:
                code, answer = github.answer(self.command, split.path, parse_qs(split.query), sent)
            body = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = _handle

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: `asked` tells."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        github.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield github
        finally:
            server.shutdown()
