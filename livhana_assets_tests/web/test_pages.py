"""The review pages through the whole application: guard, sign-in, pages, store and warehouse are the real ones."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.testclient import TestClient

from livhana_assets.adapters.access_file import AccessFile
from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.patterns.errors import error_patterns_day, load_error_patterns
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.proposals.evidence import evidence_of
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import (
    Effect,
    Evidence,
    Gate,
    Hypothesis,
    Implementation,
    Landing,
    Proof,
    Proposal,
    Status,
    Step,
    Verdict,
)
from livhana_assets.loop.proposals.ports import StoreUnavailable
from livhana_assets.settings import Settings
from livhana_assets.web.app import create_app
from livhana_assets.web.desk import Desk, LaunchFailed, Shelf
from livhana_assets.web.entrance import Entrance
from livhana_assets.web.guard import House
from livhana_assets.web.limits import RateLimit
from livhana_assets.web.pages.counting import Counting
from livhana_assets.web.people import Role
from livhana_assets.wiring import Loop
from livhana_assets_tests.a_proposal import a_proposal
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors

HOME = "http://127.0.0.1:3000"
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
PATCH = '''diff --git a/shop/cart.py b/shop/cart.py
index 1111111..2222222 100644
--- a/shop/cart.py
+++ b/shop/cart.py
@@ -46,3 +46,4 @@ class Cart:
     def total(self, cart):
-        return cart["sku"]
+        if "sku" not in cart:  # nothing chosen yet
+            return None
         """<b>end</b>"""
diff --git a/tests/test_cart.py b/tests/test_cart.py
new file mode 100644
--- /dev/null
+++ b/tests/test_cart.py
@@ -0,0 +1,2 @@
+def test_total() -> None:
+    assert Cart().total({}) is None
'''


class Launched:
    """A launcher that writes down what it was asked to start; it refuses while `broken`."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, Mapping[str, str]]] = []
        self.broken = False

    def launch(self, job: str, tags: Mapping[str, str]) -> str:
        if self.broken:
            raise LaunchFailed("Dagster does not answer: start it with `livhana up`.")
        self.jobs.append((job, tags))
        return "0000-abcd"


class House3000:
    """The application on a desk over a store in memory, with a session for each role."""

    def __init__(self, folder: Path, warehouse: DeltaWarehouse, **settings: str) -> None:
        self.store = MemoryProposalStore(now=lambda: NOW)
        loop = Loop(Settings(_env_file=None, LIVHANA_HOME=str(folder), **settings))
        loop.store, loop.warehouse = self.store, warehouse  # each door is opened once; these are open already
        self.launched = Launched()
        self.desk = Desk(loop, self.launched, lambda: NOW, Shelf(self.store))
        access = AccessFile(folder / "access")
        self.tokens = {role.name: access.add(f"{role.name}-person", role.name) for role in Role}
        entrance = Entrance(access, access.key(), lambda: NOW)
        house = House(frozenset({"127.0.0.1"}), access.key(), lambda: NOW, changes=RateLimit(500, 60))
        self.app = create_app(self.desk, entrance, house)

    def as_(self, role: str) -> TestClient:
        client = TestClient(self.app, base_url=HOME, follow_redirects=False, client=("127.0.0.1", 50000))
        assert client.get("/sign-in", params={"token": self.tokens[role]}).status_code == 303
        client.headers["Origin"] = HOME
        return client

    def add(self, proposal: Proposal) -> Proposal:
        return self.store.add(proposal, actor="analyst:rules", operation=f"add:{proposal.id}")

    def move(self, proposal_id: str, to: Status, **changes: Any) -> Proposal:
        before = self.store.get(proposal_id)
        after = advance(before, to, at=NOW, actor="jesse", action=str(to), **changes)
        return self.store.save(
            after,
            expected_version=before.version,
            actor="jesse",
            action=str(to),
            operation=f"{to}:{proposal_id}:{before.version}",
        )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> DeltaWarehouse:
    """Nine crashes on one day, and two more the day after."""
    warehouse = DeltaWarehouse(tmp_path_factory.mktemp("warehouse"))
    rows = [error_row(number) for number in range(9)]
    log_errors(warehouse, [*rows, *(_a_day_later(number) for number in (9, 10))])
    for day in (date(2026, 11, 20), date(2026, 11, 21)):
        fingerprint_day(warehouse, day)
        error_patterns_day(warehouse, day)
    return warehouse


def _a_day_later(number: int) -> dict[str, Any]:
    at = datetime(2026, 11, 21, 7, number, tzinfo=UTC)
    return error_row(number, occurred_at=at, ingested_at=at)


@pytest.fixture
def house(tmp_path: Path, warehouse: DeltaWarehouse) -> Iterator[House3000]:
    yield House3000(tmp_path, warehouse)


def proved(number: int = 1, **changes: Any) -> Proposal:
    """A proposal as drafting makes it: patch, proof that holds, gates."""
    steps = (Step(name="fails on the base", expected="fails", observed="1 failed", passed=True),)
    proof = Proof(
        base_commit="b" * 40, commit="c" * 40, tree="t" * 40, runner="pytest", sandbox="bubblewrap",
        tests=("tests/test_cart.py::test_total",), demanded=("tests/test_a.py::test_b",), steps=steps,
    )  # fmt: skip
    known = {
        "title": f"Return nothing for an empty cart {number}",
        "hypotheses": (Hypothesis(statement="No sku was chosen", refuted_by="a crash with a sku"),),
        "evidence": (
            Evidence(label="occurrences", value="9", source='livhana query "select count(*)"'),
            Evidence(label="customers", value="3", source="livhana query customers"),
            Evidence(label="endpoints", value="GET /cart (9)", source="livhana query endpoints"),
        ),
        "implementation": Implementation(file="shop/cart.py", patch=PATCH, base_commit="b" * 40),
        "proof": proof,
        "gates": (Gate(name="size", passed=True, reason="2 files"), Gate(name="tests", passed=False, reason="one")),
        "effect": Effect(repository="shop.git", branch="main", land="branch"),
    }
    return a_proposal(number, **{**known, **changes})


def a_specification(number: int = 1, **changes: Any) -> Proposal:
    known = {"status": Status.SPECIFIED, "specification": "Ask for the sku first.", "unproved_reason": "no test fails"}
    return a_proposal(number, **{**known, **changes})


def on_the_pattern(warehouse: DeltaWarehouse) -> dict[str, Any]:
    """The fields of a proposal whose evidence was frozen after the first day."""
    (pattern,) = load_error_patterns(warehouse, until=date(2026, 11, 20))
    return {"pattern_id": pattern.pattern_id, "evidence": evidence_of(pattern)}


def landed(house: House3000, proposal: Proposal, **changes: Any) -> Proposal:
    """Added, approved, carried out."""
    house.add(proposal)
    house.move(proposal.id, Status.APPROVED)
    house.move(proposal.id, Status.EXECUTING)
    landing = Landing(commit="d" * 40, branch="main", previous="b" * 40, landed_at=NOW - timedelta(hours=5))
    return house.move(proposal.id, Status.IMPLEMENTED, **{"landing": landing, **changes})


def forms_of(html: str) -> dict[str, dict[str, str]]:
    """Each form's action and its hidden fields."""
    found = re.findall(r'<form [^>]*action="([^"]+)"[^>]*>(.*?)</form>', html, re.DOTALL)
    hidden = r'<input type="hidden" name="(\w+)" value="([^"]*)">'
    return {action: dict(re.findall(hidden, body)) for action, body in found}


def decide(client: TestClient, proposal_id: str, decision: str, **fields: str) -> Any:
    """Load the page and send its form with what a person typed."""
    action = f"/review/proposals/{proposal_id}/{decision}"
    hidden = forms_of(client.get(f"/review/proposals/{proposal_id}").text)[action]
    return client.post(action, data={**hidden, **fields})


def once_counted(client: TestClient, path: str) -> str:
    """The page when the warehouse has been read, which a slow machine does after the first answer."""
    until = time.monotonic() + 30
    while "data-counting" in (page := str(client.get(path).text)) and time.monotonic() < until:
        time.sleep(0.1)
    return page


class Active(HTMLParser):
    """Collects whatever in a page could act, and what it would hide."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag in ("iframe", "object", "embed", "img", "style", "base"):
            self.found.append(tag)
        if tag == "script" and not str(given.get("src", "")).startswith("/review-static/"):
            self.found.append("script")
        self.found += [name for name in given if name.startswith("on") or name == "style"]
        self.found += [
            name for name in ("href", "src", "action") if not str(given.get(name, "/")).startswith(("/", "#"))
        ]


def parsed(html: str) -> Active:
    parser = Active()
    parser.feed(html)
    return parser


PAGES = ("/review", "/review?all=1", "/review/proposals", "/review/proposals/bugfix-0000000001",
         "/review/proposals/bugfix-0000000002", "/review/outcomes/bugfix-0000000003", "/review/dashboard")  # fmt: skip


@pytest.fixture
def full_house(house: House3000) -> House3000:
    """One of each kind: to decide, to accept, landed."""
    house.add(proved(1))
    house.add(a_specification(2))
    verdict = Verdict(
        result="inconclusive", reason="too few requests to tell", measured_at=NOW,
        figures={"beforeOccurrences": 9, "beforeRequests": 90, "afterOccurrences": 0, "afterRequests": 10, "ratio": None},
    )  # fmt: skip
    landed(house, proved(3), verdict=verdict)
    return house


# --- every page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", ["viewer", "reviewer", "admin"])
def test_every_page_is_there_for_every_role_under_a_strict_policy(full_house: House3000, path: str, role: str) -> None:
    answer = full_house.as_(role).get(path)
    assert answer.status_code == 200, answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "private, no-store"
    page = parsed(answer.text)
    assert page.found == []
    assert len(page.ids) == len(set(page.ids))
    assert {"header", "nav", "main", "footer", "h1"} <= set(page.tags)
    assert page.tags.count("h1") == 1


@pytest.mark.parametrize("path", PAGES)
def test_strangers_see_no_page(full_house: House3000, path: str) -> None:
    client = TestClient(full_house.app, base_url=HOME, follow_redirects=False)
    answer = client.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("path", PAGES)
def test_reading_changes_nothing(full_house: House3000, path: str) -> None:
    before = len(full_house.desk.audit())
    full_house.as_("admin").get(path)
    assert len(full_house.desk.audit()) == before
    assert full_house.launched.jobs == []


def test_a_decision_is_not_made_by_get(full_house: House3000) -> None:
    answer = full_house.as_("admin").get("/review/proposals/bugfix-0000000001/approve")
    assert answer.status_code in (404, 405)
    assert full_house.store.get("bugfix-0000000001").status is Status.PROPOSED


def test_every_field_of_a_form_has_a_label(full_house: House3000) -> None:
    page = full_house.as_("admin").get("/review/proposals/bugfix-0000000001").text
    fields = re.findall(r'<(?:textarea|select|input type="text") id="(\w+)"', page)
    assert fields == ["comment", "reason"]
    assert all(f'<label for="{field}">' in page for field in fields)


# --- the queue -------------------------------------------------------------------------------------------------------


def test_the_queue_tells_in_one_line_whom_it_hits_and_how_often(full_house: House3000) -> None:
    page = full_house.as_("viewer").get("/review").text
    assert "Return nothing for an empty cart 1" in page
    assert "9 times, 3 customers, at GET /cart (9)" in page
    assert "20 hours ago" in page


def test_what_the_queue_shows_is_counted_while_it_is_read(house: House3000, warehouse: DeltaWarehouse) -> None:
    asked = Event()

    class Asked:
        def query(self, *words: Any, **more: Any) -> Any:
            asked.set()
            return warehouse.query(*words, **more)

    house.desk.loop.__dict__["warehouse"] = Asked()
    house.add(proved(1, **on_the_pattern(warehouse)))
    house.as_("viewer").get("/review")
    assert asked.wait(30), "nothing was counted while the queue was read"


def test_what_was_counted_ahead_is_there_at_once_and_not_counted_again() -> None:
    read: list[str] = []
    done = Event()

    def count(proposal: Proposal) -> None:
        read.append(proposal.id)
        done.set()

    counting = Counting(count)
    counting.ahead([proved(1), proved(1)])
    assert done.wait(30)
    counted = counting.of(proved(1))
    assert (counted.counting, read) == (False, ["bugfix-0000000001"])


def test_at_most_five_new_ones_are_shown_a_day_and_the_rest_is_one_step_away(house: House3000) -> None:
    for number in range(1, 9):
        house.add(proved(number, created_at=NOW - timedelta(minutes=number)))
    client = house.as_("reviewer")
    first = client.get("/review").text
    assert first.count("<article") == 5
    assert ">3 more wait</a>: no more than five new ones" in first
    assert client.get("/review?all=1").text.count("<article") == 8
    assert "Only the day's share" in client.get("/review?all=1").text


def test_deciding_brings_no_more_new_ones_on_the_same_day(house: House3000) -> None:
    for number in range(1, 8):
        house.add(proved(number, created_at=NOW - timedelta(minutes=number)))
    client = house.as_("reviewer")
    for number in range(3, 8):
        decide(client, f"bugfix-{number:010d}", "reject", reason="no")
    page = client.get("/review").text
    assert "Today's share is decided." in page and "2 more wait" in page
    assert page.count("<article") == 0


def test_how_many_new_ones_a_day_is_a_setting(tmp_path: Path, warehouse: DeltaWarehouse) -> None:
    house = House3000(tmp_path, warehouse, IMPROVEMENT_MAX_NEW_PER_DAY="2")
    for number in range(1, 5):
        house.add(proved(number, created_at=NOW - timedelta(minutes=number)))
    page = house.as_("reviewer").get("/review").text
    assert page.count("<article") == 2
    assert "2 more wait</a>: no more than two new ones" in page


def test_undecided_ones_stay_and_each_day_brings_five_more(house: House3000) -> None:
    for number in range(1, 13):
        house.add(proved(number, created_at=NOW - timedelta(days=1, minutes=number)))
    assert house.as_("reviewer").get("/review").text.count("<article") == 10


def test_the_more_urgent_stands_first(house: House3000) -> None:
    house.add(proved(1, priority="low"))
    house.add(proved(2, priority="critical"))
    page = house.as_("reviewer").get("/review").text
    assert page.index("empty cart 2") < page.index("empty cart 1")


def test_an_empty_queue_says_what_to_do_next(house: House3000) -> None:
    page = house.as_("reviewer").get("/review").text
    assert "Nothing was proposed yet" in page and "livhana ingest errors" in page


def test_what_was_accepted_stands_below_until_somebody_brings_a_patch(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    assert "waiting for a patch" not in client.get("/review").text
    decide(client, "bugfix-0000000002", "accept")
    section = client.get("/review").text.split('id="to-build"')[1].split('id="on-its-way"')[0]
    assert '<a href="/review/proposals/bugfix-0000000002#decide">' in section


def test_what_was_approved_and_what_landed_stand_below(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    assert decide(client, "bugfix-0000000001", "approve").status_code == 303
    page = client.get("/review").text
    on_its_way, late = page.split('id="on-its-way"')[1].split('id="landed"')
    assert "empty cart 1" in on_its_way and "by reviewer-person" in on_its_way
    assert "empty cart 3" in late and "too few requests to tell" in late


# --- one screen ------------------------------------------------------------------------------------------------------


def test_one_screen_tells_everything_a_decision_rests_on(full_house: House3000) -> None:
    page = full_house.as_("reviewer").get("/review/proposals/bugfix-0000000001").text
    shown = [
        "9 times, 3 customers", "No sku was chosen", "a crash with a sku", "shop/cart.py", "tests/test_cart.py", "fails on the base",
        "It holds", "2 files", "Found by rules: no model was called", "The gate tests did not pass", "select count(*)",
        "/assets/proposal?view=partitions&amp;partition=bugfix-0000000001", "dagster%2Fpartition%3Dbugfix-0000000001", "/asset-groups",
        full_house.store.get("bugfix-0000000001").digest,
    ]  # fmt: skip
    assert [text for text in shown if text not in page] == []
    assert "✓</span> passed" in page and "✗</span> failed" in page


def test_the_diff_has_the_colours_of_its_language_and_nothing_of_its_markup(full_house: House3000) -> None:
    page = full_house.as_("reviewer").get("/review/proposals/bugfix-0000000001").text
    assert '<span class="t-k">if</span>' in page
    assert '<tr class="removed"><td class="n">47</td><td class="n"></td>' in page
    assert '<tr class="added"><td class="n"></td><td class="n">47</td>' in page
    assert "&lt;b&gt;end&lt;/b&gt;" in page and "<b>end</b>" not in page


def test_two_hundred_lines_of_a_long_diff_are_open_and_the_rest_is_folded(house: House3000) -> None:
    lines = "".join(f"+line_{number} = {number}\n" for number in range(300))
    patch = f"diff --git a/a.py b/a.py\nnew file mode 100644\n--- /dev/null\n+++ b/a.py\n@@ -0,0 +1,300 @@\n{lines}"
    house.add(proved(1, implementation=Implementation(patch=patch)))
    page = house.as_("reviewer").get("/review/proposals/bugfix-0000000001").text
    opened, folded = page.split("101 more lines of a.py")
    assert "line_198" in opened and "line_199" not in opened and "line_299" in folded


def test_the_days_are_drawn_and_told_and_later_ones_are_no_part_of_the_approval(
    house: House3000, warehouse: DeltaWarehouse
) -> None:
    house.add(proved(1, **on_the_pattern(warehouse)))
    page = once_counted(house.as_("reviewer"), "/review/proposals/bugfix-0000000001")
    assert '<title id="days-title">Occurrences per day</title>' in page
    assert "in the evidence 9, since then, not part of what you approve 2, from 20 Nov 2026 to 21 Nov 2026" in page
    assert '<th scope="row">21 Nov 2026</th><td class="number">0</td><td class="number">2</td>' in page
    assert "2 occurrences since the evidence was frozen</strong>, not part of what you approve" in page


def test_a_pattern_that_the_warehouse_does_not_hold_is_said_so(full_house: House3000) -> None:
    page = once_counted(full_house.as_("reviewer"), "/review/proposals/bugfix-0000000001")
    assert "The warehouse holds no days for this pattern." in page


def test_a_viewer_reads_and_sees_no_form_to_decide_with(full_house: House3000) -> None:
    client = full_house.as_("viewer")
    for path in PAGES:
        assert set(forms_of(client.get(path).text)) <= {"/sign-out", "/review/proposals"}


def test_each_state_shows_the_forms_that_fit_it(full_house: House3000) -> None:
    client = full_house.as_("reviewer")

    def offered(number: int) -> set[str]:
        forms = forms_of(client.get(f"/review/proposals/bugfix-{number:010d}").text)
        return {action.rsplit("/", 1)[1] for action in forms} - {"sign-out"}

    assert offered(1) == {"approve", "reject"}
    assert offered(2) == {"accept", "attach", "reject"}
    assert offered(3) == {"revert"}
    decide(client, "bugfix-0000000001", "approve")
    assert offered(1) == {"execute", "reject"}


# --- deciding --------------------------------------------------------------------------------------------------------


def test_an_approval_is_the_persons_and_of_what_the_person_saw(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    answer = decide(client, "bugfix-0000000001", "approve", comment="looks right")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/review/proposals/bugfix-0000000001?told=approved",
    )
    approval = full_house.store.get("bugfix-0000000001").approval
    assert approval and (approval.by, approval.comment, approval.door) == ("reviewer-person", "looks right", "pages")
    page = client.get(answer.headers["location"]).text
    assert 'role="status">Approved.' in page and "Approved by reviewer-person" in page


def test_a_rejection_keeps_its_reason(full_house: House3000) -> None:
    assert decide(full_house.as_("reviewer"), "bugfix-0000000001", "reject", reason="wrong layer").status_code == 303
    rejected = full_house.store.get("bugfix-0000000001")
    assert (rejected.status, rejected.history[-1].detail) == (Status.REJECTED, "wrong layer")
    assert full_house.store.knowledge("refusal")[0]["reason"] == "wrong layer"


def test_a_rejection_without_a_reason_is_asked_for_it(full_house: House3000) -> None:
    answer = decide(full_house.as_("reviewer"), "bugfix-0000000001", "reject", reason="  ")
    assert answer.status_code == 422
    assert 'role="alert">A rejection needs a reason' in answer.text
    assert full_house.store.get("bugfix-0000000001").status is Status.PROPOSED


def test_a_specification_is_accepted(full_house: House3000) -> None:
    assert decide(full_house.as_("reviewer"), "bugfix-0000000002", "accept").status_code == 303
    assert full_house.store.get("bugfix-0000000002").status is Status.ACCEPTED


def test_an_approved_one_is_carried_out_on_request(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    decide(client, "bugfix-0000000001", "approve")
    assert decide(client, "bugfix-0000000001", "execute").headers["location"].endswith("?told=started")
    assert full_house.launched.jobs == [("execute_proposal", {"dagster/partition": "bugfix-0000000001"})]


def test_a_run_that_does_not_start_is_told_and_the_approval_stands(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    decide(client, "bugfix-0000000001", "approve")
    full_house.launched.broken = True
    answer = decide(client, "bugfix-0000000001", "execute")
    assert answer.status_code == 503
    assert 'role="alert">Dagster does not answer' in answer.text and "Approved by reviewer-person" in answer.text
    assert full_house.store.get("bugfix-0000000001").status is Status.APPROVED


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_what_changed_since_it_was_seen_is_shown_anew_and_not_decided(full_house: House3000, decision: str) -> None:
    client = full_house.as_("reviewer")
    action = f"/review/proposals/bugfix-0000000001/{decision}"
    seen = forms_of(client.get("/review/proposals/bugfix-0000000001").text)[action]
    full_house.move("bugfix-0000000001", Status.PROPOSED, title="Another title", revision=2)
    answer = client.post(action, data={**seen, "reason": "<i>not</i> this"})
    assert answer.status_code == 409
    assert "It changed since you saw it" in answer.text and "Another title" in answer.text
    assert "&lt;i&gt;not&lt;/i&gt; this</textarea>" in answer.text
    assert full_house.store.get("bugfix-0000000001").status is Status.PROPOSED


def test_a_decision_that_no_longer_fits_is_told_why(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    action = "/review/proposals/bugfix-0000000001/reject"
    seen = forms_of(client.get("/review/proposals/bugfix-0000000001").text)[action]
    full_house.move("bugfix-0000000001", Status.APPROVED)
    full_house.move("bugfix-0000000001", Status.EXECUTING)
    answer = client.post(action, data={**seen, "reason": "too late"})
    assert answer.status_code == 409
    assert "bugfix-0000000001 is executing; it cannot become rejected." in answer.text


def test_a_viewer_who_posts_is_refused(full_house: House3000) -> None:
    admin, viewer = full_house.as_("admin"), full_house.as_("viewer")
    page = admin.get("/review/proposals/bugfix-0000000001").text
    digest = forms_of(page)["/review/proposals/bugfix-0000000001/approve"]["digest"]
    own = viewer_token(full_house)
    answer = viewer.post("/review/proposals/bugfix-0000000001/approve", data={"form_token": own, "digest": digest})
    assert answer.status_code == 403
    assert "needs the role reviewer" in answer.text
    assert full_house.store.get("bugfix-0000000001").status is Status.PROPOSED


def viewer_token(house: House3000) -> str:
    from livhana_assets.web.sessions import form_token

    return form_token(house.desk.loop.access.key(), "viewer-person")


@pytest.mark.parametrize("token", ["", "x", "somebody else's"])
@pytest.mark.parametrize("path", ["/review/proposals/bugfix-0000000001/approve", "/review/pause"])
def test_a_form_without_the_persons_own_token_changes_nothing(full_house: House3000, token: str, path: str) -> None:
    digest = full_house.store.get("bugfix-0000000001").digest
    before = len(full_house.desk.audit())
    given = viewer_token(full_house) if token.startswith("somebody") else token
    answer = full_house.as_("admin").post(path, data={"form_token": given, "digest": digest})
    assert answer.status_code == 403
    assert "nothing was changed" in answer.text
    assert len(full_house.desk.audit()) == before


def test_a_form_that_is_too_long_is_refused(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    assert decide(client, "bugfix-0000000001", "reject", reason="x" * 5000).status_code == 422
    assert decide(client, "bugfix-0000000001", "reject", reason="x" * 70_000).status_code == 413
    assert full_house.store.get("bugfix-0000000001").status is Status.PROPOSED


def test_an_admin_pauses_and_resumes_and_everybody_sees_it(full_house: House3000) -> None:
    admin, viewer = full_house.as_("admin"), full_house.as_("viewer")
    hidden = forms_of(admin.get("/review").text)["/review/pause"]
    assert admin.post("/review/pause", data=hidden).status_code == 303
    assert "The loop is paused" in viewer.get("/review/proposals/bugfix-0000000001").text
    assert "/review/resume" not in forms_of(viewer.get("/review").text)
    hidden = forms_of(admin.get("/review").text)["/review/resume"]
    assert admin.post("/review/resume", data=hidden).status_code == 303
    assert "The loop is paused" not in viewer.get("/review").text


def test_a_reviewer_does_not_pause(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    hidden = forms_of(client.get("/review/proposals/bugfix-0000000001").text)
    answer = client.post("/review/pause", data=hidden["/review/proposals/bugfix-0000000001/approve"])
    assert answer.status_code == 403
    assert not full_house.desk.paused()


# --- looking now --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["/review", "/review/dashboard"])
def test_a_reviewer_has_the_loop_look_for_patterns_now_and_is_led_to_its_run(full_house: House3000, page: str) -> None:
    client = full_house.as_("reviewer")
    answer = client.post("/review/analyze", data=forms_of(client.get(page).text)["/review/analyze"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/review?run=0000-abcd")
    assert full_house.launched.jobs == [("draft_proposals", {})]
    assert '<a href="/runs/0000-abcd">its run</a>' in client.get(answer.headers["location"]).text


def test_a_viewer_and_a_paused_loop_look_for_nothing(full_house: House3000) -> None:
    viewer, reviewer = full_house.as_("viewer"), full_house.as_("reviewer")
    hidden = forms_of(reviewer.get("/review").text)["/review/analyze"]
    assert viewer.post("/review/analyze", data={"form_token": viewer_token(full_house)}).status_code == 403
    assert reviewer.post("/review/analyze", data={"form_token": "x"}).status_code == 403
    full_house.store.pause(True, actor="jesse")
    assert "/review/analyze" not in forms_of(reviewer.get("/review").text)
    assert reviewer.post("/review/analyze", data=hidden).status_code == 409
    assert full_house.launched.jobs == []


@pytest.mark.parametrize("run", ["<b>x</b>", "..%2fadmin", "javascript:alert(1)", "A"])
def test_what_is_no_runs_id_leads_nowhere(full_house: House3000, run: str) -> None:
    assert "/runs/" not in full_house.as_("viewer").get(f"/review?run={run}").text.partition("<h1>")[0]


# --- the other pages -------------------------------------------------------------------------------------------------


def test_the_list_is_narrowed_and_paged(house: House3000) -> None:
    for number in range(1, 61):
        house.add(proved(number))
    house.move("bugfix-0000000060", Status.REJECTED)
    client = house.as_("viewer")
    first = client.get("/review/proposals").text
    assert "60 proposals, page 1 of 2" in first and first.count("empty cart") == 50
    assert client.get("/review/proposals?page=2").text.count("empty cart") == 10
    refused = client.get("/review/proposals?status=rejected&type=bugfix").text
    assert "1 proposal." in refused and "empty cart 60" in refused
    assert "No proposal is like that" in client.get("/review/proposals?type=feature").text


def test_the_outcome_shows_both_sides_and_what_each_figure_means(house: House3000, warehouse: DeltaWarehouse) -> None:
    figures = {"beforeOccurrences": 9, "beforeRequests": 90, "afterOccurrences": 1, "afterRequests": 100, "ratio": 0.1}
    verdict = Verdict(result="improved", reason="with 95 % confidence", measured_at=NOW, figures=figures)
    landed(house, proved(3, **on_the_pattern(warehouse)))
    house.move("bugfix-0000000003", Status.IMPROVED, verdict=verdict)
    page = once_counted(house.as_("viewer"), "/review/outcomes/bugfix-0000000003")
    assert "It helped." in page
    assert "100.00 in 1,000 requests (9 in 90)" in page and "10.00 in 1,000 requests (1 in 100)" in page
    assert "before that day 9, from that day on 2" in page and "The change landed on 21 Nov 2026" in page
    assert "the rate since, divided by the rate before" in page


def test_what_has_not_landed_has_no_outcome(full_house: House3000) -> None:
    answer = full_house.as_("viewer").get("/review/outcomes/bugfix-0000000001")
    assert answer.status_code == 404
    assert "has not landed" in answer.text


def test_the_dashboard_counts_from_the_audit_and_leads_to_what_it_counts(full_house: House3000) -> None:
    client = full_house.as_("viewer")
    decide(full_house.as_("reviewer"), "bugfix-0000000001", "reject", reason="no")
    page = client.get("/review/dashboard").text
    assert '<code>improvementsProposed</code></th><td class="number">3</td>' in page
    assert "Proposals that were shown to a person" in page
    assert 'href="/review/proposals?status=rejected">1<' in page
    assert "proposed 3, landed 1, improved 0" in page
    assert "median, of 2 decisions" in page and "$0.00" in page


@pytest.mark.parametrize("path", ["/review/proposals/none", "/review/outcomes/none", "/review/elsewhere"])
def test_what_is_not_there_is_said_on_a_page(full_house: House3000, path: str) -> None:
    answer = full_house.as_("viewer").get(path)
    assert answer.status_code == 404
    assert 'role="alert">There is no' in answer.text


def test_a_store_that_does_not_answer_is_said_on_a_page(house: House3000) -> None:
    class Silent(MemoryProposalStore):
        def changed_since(self, sequence: int) -> tuple[int, tuple[str, ...]]:
            raise StoreUnavailable("Redis does not answer: start it, then load the page again.")

    silent = Silent()
    client = house.as_("viewer")
    object.__setattr__(house.desk, "shelf", Shelf(silent))
    answer = client.get("/review")
    assert answer.status_code == 503
    assert "Redis does not answer" in answer.text


# --- hostile text ----------------------------------------------------------------------------------------------------

HOSTILE = '<script>alert(1)</script>](javascript:alert(1)) ![x](http://evil.test/x.png) \u202eevil\u202c \x1b[31m \u200b \' onload="x()" {{ 7 * 7 }}'


def test_text_from_outside_stays_text_on_every_page(house: House3000) -> None:
    hostile = {
        "title": HOSTILE + "A" * 100_000, "description": HOSTILE + "B" * 100_000,
        "hypotheses": (Hypothesis(statement=HOSTILE, refuted_by=HOSTILE),),
        "evidence": (Evidence(label=HOSTILE, value=HOSTILE * 50, source=HOSTILE), Evidence(label="occurrences", value=HOSTILE, source="")),
        "gates": (Gate(name=HOSTILE, passed=True, reason=HOSTILE),),
        "implementation": Implementation(patch=PATCH.replace("<b>end</b>", HOSTILE).replace("cart.py", f"{HOSTILE}.py")),
        "effect": Effect(repository=HOSTILE, branch=HOSTILE, land="branch"),
    }  # fmt: skip
    house.add(proved(1, **hostile))
    house.add(a_specification(2, specification=HOSTILE, unproved_reason=HOSTILE))
    landed(house, proved(3, **hostile))
    client = house.as_("admin")
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 200
        assert parsed(answer.text).found == [], path
        assert "<script>alert" not in answer.text and 'javascript:alert(1)"' not in answer.text
        assert not set(answer.text) & set("\u202e\u202c\u200b\x1b"), path
    assert "⟦U+202E⟧evil" in client.get("/review").text


def test_what_was_said_by_address_is_chosen_from_our_own_sentences(full_house: House3000) -> None:
    page = full_house.as_("viewer").get("/review/proposals/bugfix-0000000001?told=<b>hello</b>").text
    assert "hello" not in page


# --- colours ---------------------------------------------------------------------------------------------------------


def palettes() -> list[dict[str, str]]:
    css = (Path(__file__).parents[2] / "livhana_assets/web/static/review.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_text_stands_out_from_its_ground_in_both_schemes() -> None:
    code = ("text", "soft", "keyword", "string", "comment", "number", "name", "builtin")
    pairs = [
        *((text, ground) for text in ("text", "soft", "link", "yes", "no") for ground in ("ground", "raised", "warn")),
        *((text, ground) for text in code for ground in ("ground", "added", "removed", "hunk")),
        ("on-go", "go"), ("on-stop", "stop"),
    ]  # fmt: skip
    light_and_dark = palettes()
    assert len(light_and_dark) == 2
    weak = [
        (number, text, ground, round(contrast(palette[text], palette[ground]), 2))
        for number, palette in enumerate(light_and_dark)
        for text, ground in pairs
        if contrast(palette[text], palette[ground]) < 4.5
    ]
    assert weak == []


# --- code in text ----------------------------------------------------------------------------------------------------


def test_code_in_a_text_is_shown_as_code_and_escaped(house: House3000) -> None:
    house.add(proved(1, title="Guard `cart['<b>']` in `total`", description="`a` and ``b`` and `c\nd`"))
    client = house.as_("viewer")
    code = "Guard <code>cart[&#39;&lt;b&gt;&#39;]</code> in <code>total</code>"
    for path in ("/review", "/review/proposals", "/review/proposals/bugfix-0000000001"):
        page = client.get(path).text
        assert code in page, path
    assert "<code>a</code> and ``b`` and `c\nd`" in page
    assert "<title>Guard `cart[" in page
