"""A crash becomes a proved fix or a specification: real git, a real sandbox, the real rules analyst."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.adapters.test_runners import PytestRunner
from livhana_assets.loop.patterns.model import Count, DayCount, ErrorPattern, Exemplar, Frame
from livhana_assets.loop.proposals.drafting import draft_bugfix
from livhana_assets.loop.proposals.expected import nonsense
from livhana_assets.loop.proposals.knowledge import NO_RECORD, Record
from livhana_assets.loop.proposals.model import Effect, Evidence, Hypothesis, Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import NO_THOUGHT, Analyst, Candidate, Crash, Reproduction, Thought
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.proposals.queue import draft_patterns
from livhana_assets_tests.repositories import clean_repository, git

pytestmark = pytest.mark.doors

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
POLICY = Policy(min_errors=5)
SHOP = '''def rate(grams: int, bands: list) -> int:
    """The rate of the first band that is heavy enough."""
    band = find(grams, bands)
    return band["rate"] * 2


def find(grams, bands):
    for band in bands:
        if grams <= band["limit"]:
            return band
    return None


def parse(text: str) -> float:
    return float(text)


def shown(text: str) -> str:
    return "%.2f" % parse(text).real
'''
SUITE = "from shop.rates import rate\n\n\ndef test_light():\n    assert rate(5, [{'limit': 10, 'rate': 2}]) == 4\n"
FILES = {"shop/__init__.py": "", "shop/rates.py": SHOP, "tests/__init__.py": "", "tests/test_rates.py": SUITE}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> ProvingGround:
    return a_ground(tmp_path_factory.mktemp("drafting"), FILES)


def a_ground(folder: Path, files: dict[str, str]) -> ProvingGround:
    target = GitTarget(str(clean_repository(folder / "target", files)), folder / "home")
    target.refresh()
    sandbox = BubblewrapSandbox()
    return ProvingGround(target, (PytestRunner(sandbox, Path(sys.executable)),), sandbox.level)


def a_pattern(
    error_type: str, message: str, line: int, function: str, *locals_: dict[str, object], occurrences: int = 9
) -> ErrorPattern:
    """A crash of shop/rates.py, seen with each of these variables."""
    exemplars = tuple(
        Exemplar(
            error_id=f"e{number}", occurred_at=AT, release=None, endpoint="GET /rate", message=message, stack_trace="",
            frames=(Frame(file="/srv/app/shop/rates.py", function=function, line=line, locals=variables or None),),
        )
        for number, variables in enumerate(locals_)
    )  # fmt: skip
    return ErrorPattern(
        pattern_id="error-0123456789ab", fingerprint="0123456789ab" + "0" * 20, rule="frames", title=f"{error_type} in {function}",
        service="shop", language="python", error_type=error_type, occurrences=occurrences, first_seen=AT, last_seen=AT,
        days=(DayCount(day=AT.date(), occurrences=occurrences),), endpoints=(Count(name="GET /rate", occurrences=occurrences),),
        releases=(), customers=3, exemplars=exemplars,
    )  # fmt: skip


NO_BAND = a_pattern(
    "TypeError",
    "'NoneType' object is not subscriptable",
    4,
    "rate",
    {"grams": 50, "bands": [{"limit": 10, "rate": 2}], "band": None},
)


def draft(
    pattern: ErrorPattern, ground: ProvingGround, analyst: Analyst | None = None, record: Record = NO_RECORD
) -> Proposal:
    base = ground.target.head()
    assert base
    effect = Effect(repository=ground.target.location, branch="main", land="branch")
    return draft_bugfix(
        pattern, analyst=analyst or RulesAnalyst(), ground=ground, policy=POLICY, effect=effect, base=base, now=AT,
        record=record,
    )  # fmt: skip


def test_a_crash_becomes_a_proved_fix_that_says_what_it_returns(ground: ProvingGround) -> None:
    made = draft(NO_BAND, ground)
    assert made.status is Status.PROPOSED
    assert made.proof and made.proof.holds
    assert [step.name for step in made.proof.steps[:7]] == [
        "base",
        "patched 1",
        "reverted 1",
        "patched 2",
        "reverted 2",
        "patched 3",
        "reverted 3",
    ]
    assert made.proof.demanded == ("tests/test_rates.py::test_light",)
    assert "assert rate(50" in made.implementation.patch
    assert all(gate.passed for gate in made.gates)
    assert ground.target.apply(made.proof.base_commit, made.implementation.patch, "again", AT)


def test_drafting_changes_nothing_in_the_target(ground: ProvingGround) -> None:
    before = (
        git(Path(ground.target.location), "for-each-ref"),
        git(Path(ground.target.location), "status", "--porcelain"),
    )
    draft(NO_BAND, ground)
    assert before == (
        git(Path(ground.target.location), "for-each-ref"),
        git(Path(ground.target.location), "status", "--porcelain"),
    )


def test_without_logged_variables_it_becomes_a_specification_that_says_so(ground: ProvingGround) -> None:
    made = draft(a_pattern("TypeError", "'NoneType' object is not subscriptable", 4, "rate", {}), ground)
    assert made.status is Status.SPECIFIED
    assert made.proof is None and not made.implementation.patch
    told = "not enough to rebuild the failing call as a test: no variables were logged with the frames of the trace"
    assert told in made.unproved_reason
    assert made.hypotheses


def test_a_title_names_the_path_in_the_repository_and_no_half_statement(ground: ProvingGround) -> None:
    traced = {"title": 'TypeError in rate (checkout/shop/rates.py): return band["rate"] *', "rule": "frames"}
    made = draft(a_pattern("TypeError", "…", 4, "rate", {}).model_copy(update=traced), ground)
    assert made.title == "Look into TypeError in rate (shop/rates.py)"
    assert made.description.startswith(
        "TypeError in rate (shop/rates.py) was seen 9 times for 3 customers at GET /rate."
    )
    elsewhere = {**traced, "occurrences": 1, "customers": 1, "exemplars": ()}
    made = draft(NO_BAND.model_copy(update=elsewhere), ground)
    assert made.title == "Look into TypeError in rate (checkout/shop/rates.py)"
    assert "was seen 1 time for 1 customer at" in made.description


def test_a_specification_says_which_variable_is_missing(ground: ProvingGround) -> None:
    half = {"grams": {"$repr": "<Grams 5>"}, "band": None}
    made = draft(a_pattern("TypeError", "'NoneType' object is not subscriptable", 4, "rate", half), ground)
    assert made.unproved_reason.endswith("as a test: rate: `grams` is only a repr")


def test_variables_that_do_not_crash_again_prove_nothing(ground: ProvingGround) -> None:
    fine = {"grams": 5, "bands": [{"limit": 10, "rate": 2}], "band": None}
    made = draft(a_pattern("TypeError", "'NoneType' object is not subscriptable", 4, "rate", fine), ground)
    assert made.status is Status.SPECIFIED
    assert made.unproved_reason.endswith(
        "does not fail as production did: expected TypeError in rate (shop/rates.py), seen: passed"
    )


def test_a_package_that_the_sandbox_lacks_is_named_with_what_to_set(tmp_path: Path) -> None:
    secret = "sk-ant-api03-" + "Ab1" * 20
    lacking = "import absent_package\n\n" + SHOP
    suite = "def test_nothing():\n    pass\n"
    files = {**FILES, "shop/rates.py": lacking, "tests/test_rates.py": suite}
    made = draft(NO_BAND.model_copy(update={"exemplars": shifted(2)}), a_ground(tmp_path, files))
    assert "ModuleNotFoundError: No module named 'absent_package'" in made.unproved_reason
    assert "in IMPROVEMENT_SANDBOX_READABLE" in made.unproved_reason
    files["shop/rates.py"] = f"raise OSError('no {secret} ' + 'x' * 999)\n\n" + SHOP
    made = draft(NO_BAND.model_copy(update={"exemplars": shifted(2)}), a_ground(tmp_path / "other", files))
    assert "seen: the test did not run: 1 error: OSError: no " in made.unproved_reason
    assert secret not in made.unproved_reason and len(made.unproved_reason) < 500
    assert "IMPROVEMENT_SANDBOX_READABLE" not in made.unproved_reason


def shifted(lines: int) -> tuple[Exemplar, ...]:
    """The exemplars of NO_BAND in a file that has so many more lines above."""
    frames = [frame.model_copy(update={"line": frame.line + lines}) for e in NO_BAND.exemplars for frame in e.frames]
    return tuple(e.model_copy(update={"frames": (frames[0],)}) for e in NO_BAND.exemplars)


def test_a_trace_from_outside_the_repository_becomes_a_specification(ground: ProvingGround) -> None:
    pattern = NO_BAND.model_copy(
        update={
            "exemplars": tuple(
                e.model_copy(update={"frames": (Frame(file="/srv/other/thing.py", function="f", line=1),)})
                for e in NO_BAND.exemplars
            )
        }
    )
    assert draft(pattern, ground).unproved_reason == "no frame of the trace is a file of the repository"


class Scripted:
    """An analyst that offers the given texts of shop/rates.py, with the rules' reproductions."""

    name = "scripted"

    def __init__(self, *texts: str) -> None:
        self._texts = texts
        self._rules = RulesAnalyst()

    def hypotheses(self, crash: Crash) -> tuple[Hypothesis, ...]:
        return (Hypothesis(statement="it was scripted", refuted_by="another script"),)

    def reproductions(self, crash: Crash) -> tuple[Reproduction, ...]:
        return self._rules.reproductions(crash)

    def missing(self, crash: Crash) -> tuple[str, ...]:
        return self._rules.missing(crash)

    def think_again(self, crash: Crash, refused: Sequence[Evidence], *, provable: bool) -> Thought:
        return NO_THOUGHT

    def candidates(self, crash: Crash) -> Iterator[Candidate]:
        for text in self._texts:
            yield Candidate(
                "scripted", "Scripted", "a test says so", {"shop/rates.py": text}, self.hypotheses(crash)[0]
            )


def test_a_fix_for_one_value_of_many_is_refused(ground: ProvingGround) -> None:
    empty_only = SHOP.replace("return float(text)", "return float(text or 0)")
    pattern = a_pattern("ValueError", "could not convert string to float", 15, "parse", {"text": ""}, {"text": "a lot"})
    made = draft(pattern, ground, Scripted(empty_only))
    assert made.status is Status.SPECIFIED
    assert any("1 other occurrence:" in tried.value for tried in made.evidence)


def test_a_fix_that_breaks_the_suite_is_refused(ground: ProvingGround) -> None:
    breaks = SHOP.replace('    return band["rate"] * 2', '    return band["rate"] if band else 0')
    made = draft(NO_BAND, ground, Scripted(breaks))
    assert made.status is Status.SPECIFIED
    [tried] = [one for one in made.evidence if one.label == "tried: Scripted"]
    assert tried.value == (
        "whole suite: expected that it passes the 1 test of pytest that passed before, "
        "but 1 no longer passes, first tests/test_rates.py::test_light"
    )
    assert "reprove" not in tried.source


def test_a_fix_that_swallows_is_refused_before_it_runs(ground: ProvingGround) -> None:
    body = '    try:\n        return band["rate"] * 2\n    except Exception:\n        return 0\n'
    made = draft(NO_BAND, ground, Scripted(SHOP.replace('    return band["rate"] * 2\n', body)))
    assert any("no swallowed exceptions" in tried.value for tried in made.evidence)


def test_the_first_candidate_that_is_proved_wins(ground: ProvingGround) -> None:
    wrong, right = (
        SHOP,
        SHOP.replace(
            '    return band["rate"] * 2', '    if band is None:\n        return 0\n    return band["rate"] * 2'
        ),
    )
    made = draft(NO_BAND, ground, Scripted(wrong + "\n# nothing\n", right))
    assert made.status is Status.PROPOSED
    assert "if band is None" in made.implementation.patch


def test_a_missing_value_written_into_a_text_is_never_pinned_as_the_right_answer(ground: ProvingGround) -> None:
    glued = SHOP.replace('    return band["rate"] * 2', '    return band["rate"] * 2 if band else f"rate:{band}"')
    made = draft(NO_BAND, ground, Scripted(glued))
    assert made.status is Status.SPECIFIED
    [why] = [tried.value for tried in made.evidence if tried.label == "tried: Scripted"]
    assert why == "the call then gives 'rate:None': None is written into a text, which is no answer"


@pytest.mark.parametrize(
    ("value", "test", "word"),
    [
        ('"urn:undefined:undefined"', "serialize({ nss: undefined });", "undefined"),
        ('{ total: "NaN EUR" }', "total([]);", "NaN"),
        ("'Dear [object Object]'", "greet(name);", "[object Object]"),
        ("['a', 'null']", "split(None)", "null"),
        ("undefined", "find({});", ""),
        ("{'a': None}", "find({})", ""),
        ('"undefined behaviour"', 'shown("undefined behaviour");', ""),
        ("'Nonesuch, nullable'", "find({})", ""),
        ("""'{"a": null}'""", "dumps({})", ""),
        ("'x' * 1000", "find({})", ""),
    ],
)
def test_which_values_are_nonsense(value: str, test: str, word: str) -> None:
    why = nonsense(value, test)
    assert f"{word} is written into a text" in why if word else why == ""


class Twofold(Scripted):
    """Offers two fixes that can both be proved, each by a template of its own."""

    def candidates(self, crash: Crash) -> Iterator[Candidate]:
        for candidate, name in zip(super().candidates(crash), ("first", "second"), strict=True):
            yield replace(candidate, template=name)


def test_a_template_that_was_refused_thrice_is_tried_after_its_equal(ground: ProvingGround) -> None:
    guards = [f'    if band is None:\n        return {value}\n    return band["rate"] * 2' for value in (0, 1)]
    analyst = Twofold(*(SHOP.replace('    return band["rate"] * 2', guard) for guard in guards))
    assert draft(NO_BAND, ground, analyst).template == "first"
    assert draft(NO_BAND, ground, analyst, record={"first": (0, 3)}).template == "second"


def test_one_pattern_has_one_open_proposal(ground: ProvingGround) -> None:
    store, made = MemoryProposalStore(), draft(NO_BAND, ground)
    first = draft_patterns([NO_BAND], store=store, draft=lambda _: made, policy=POLICY)
    again = draft_patterns([NO_BAND], store=store, draft=lambda _: replace_id(made), policy=POLICY)
    assert [p.id for p in first.proposals] == [made.id]
    assert again.proposals == () and made.id in again.left_alone[0].why
    assert "nothing new" in again.told()


def test_a_rare_pattern_is_left_alone_with_the_reason() -> None:
    rare = NO_BAND.model_copy(update={"occurrences": 4})
    drafted = draft_patterns([rare], store=MemoryProposalStore(), draft=never, policy=POLICY)
    assert drafted.left_alone[0].why == "seen 4 times, 5 are asked for"
    once = draft_patterns(
        [rare.model_copy(update={"occurrences": 1})], store=MemoryProposalStore(), draft=never, policy=POLICY
    )
    assert once.left_alone[0].why == "seen 1 time, 5 are asked for"
    assert once.told() == "nothing new: 1 pattern is open, refused or too rare"


def test_a_defect_in_drafting_one_pattern_leaves_the_others_alone(ground: ProvingGround) -> None:
    made, other = draft(NO_BAND, ground), NO_BAND.model_copy(update={"pattern_id": "error-ffffffffffff"})

    def brittle(pattern: ErrorPattern) -> Proposal:
        if pattern.pattern_id == other.pattern_id:
            raise LookupError("a rule tripped")
        return made

    drafted = draft_patterns([other, NO_BAND], store=MemoryProposalStore(), draft=brittle, policy=POLICY)
    assert drafted.proposals == (made,)
    [left] = drafted.left_alone
    assert left.broke and "a rule tripped" in left.why


def never(pattern: ErrorPattern) -> Proposal:
    raise AssertionError(f"{pattern.pattern_id} must not be drafted")


def replace_id(proposal: Proposal) -> Proposal:
    return proposal.model_copy(update={"id": "bugfix-9999999999"})


def test_the_proving_ground_keeps_a_baseline_per_commit(ground: ProvingGround) -> None:
    base = ground.target.head()
    assert base
    [runner] = ground.runners
    assert ground.baseline(base, runner) is ground.baseline(base, runner)
    assert replace(ground, _baselines={}).baseline(base, runner).demanded == {"tests/test_rates.py::test_light"}
