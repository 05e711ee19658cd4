"""The test runners on small real projects: what a run says, and that nothing half-done ever looks like success."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import textwrap
from pathlib import Path

import pytest

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.test_runners import (
    CommandRunner,
    NodeRunner,
    PytestRunner,
    RunnerMissing,
    RunnerSpec,
    detect_runners,
    make_runner,
)
from livhana_assets.adapters.unconfined_sandbox import UnconfinedSandbox
from livhana_assets.loop.proposals.ports import Limits
from livhana_assets.loop.proposals.testing import TestRun

LIMITS = Limits(seconds=30, cpu_seconds=30, memory_mb=1024, processes=64, disk_mb=64)
PYTHON, NODE = Path(sys.executable), Path(shutil.which("node") or "/usr/bin/node")


class Project:
    """A checkout to write files into and to run."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, path: str, text: str) -> Project:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(text))
        return self

    def pytest(self, *ids: str, **more) -> TestRun:
        return PytestRunner(BubblewrapSandbox(), PYTHON, limits=LIMITS, **more).run(self.root, ids)

    def node(self, *ids: str, **more) -> TestRun:
        return NodeRunner(BubblewrapSandbox(), NODE, limits=LIMITS, **more).run(self.root, ids)

    def detected(self, command: str | None = None) -> tuple[RunnerSpec, ...]:
        paths = sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())
        return detect_runners(paths, self.read, command)

    def read(self, path: str) -> str | None:
        place = self.root / path
        return place.read_text() if place.is_file() else None


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


def outcomes(run: TestRun) -> dict[str, str]:
    return {test_id: result.outcome for test_id, result in run.results.items()}


EVERY_OUTCOME = """
    import pytest

    @pytest.fixture
    def broken(): raise LookupError("no set-up")

    @pytest.fixture
    def untidy():
        yield
        raise OSError("no tear-down")

    def test_passes(): assert True
    def test_fails(): assert 1 == 2
    def test_set_up(broken): pass
    def test_tear_down(untidy): pass
    @pytest.mark.skip
    def test_skipped(): pass
    def test_skips_itself(): pytest.skip("why not")
    @pytest.mark.xfail
    def test_expected_to_fail(): assert False
    @pytest.mark.xfail
    def test_passes_unexpectedly(): pass
    @pytest.mark.xfail(strict=True)
    def test_must_fail(): pass
    @pytest.mark.parametrize("value", [1, "a b"])
    def test_each(value): pass
    class TestGroup:
        def test_inside(self): pass
"""


def test_pytest_tells_every_outcome_by_its_node_id(project):
    run = project.file("tests/test_all.py", EVERY_OUTCOME).pytest()
    told = {test_id.removeprefix("tests/test_all.py::"): outcome for test_id, outcome in outcomes(run).items()}
    assert told == {
        "test_passes": "passed", "test_fails": "failed", "test_set_up": "error", "test_tear_down": "error",
        "test_skipped": "skipped", "test_skips_itself": "skipped", "test_expected_to_fail": "xfailed",
        "test_passes_unexpectedly": "xfailed", "test_must_fail": "failed", "test_each[1]": "passed",
        "test_each[a b]": "passed", "TestGroup::test_inside": "passed",
    }  # fmt: skip
    assert run.complete
    assert run.results["tests/test_all.py::test_set_up"].error_type == "LookupError"


def test_a_failure_names_its_exception_and_its_frames_outermost_first(project):
    project.file("src/shop/__init__.py", "").file(
        "src/shop/cart.py",
        """
        class EmptyCart(Exception): pass
        def total(cart): return price(cart["item"])
        def price(item):
            if item is None: raise EmptyCart("nothing in it")
            return item["price"]
        """,
    )
    run = project.file(
        "tests/test_cart.py",
        """
        from shop.cart import total
        def test_empty(): total({"item": None})
        def test_odd(): total({"item": 5})
        """,
    ).pytest()
    empty, odd = run.results["tests/test_cart.py::test_empty"], run.results["tests/test_cart.py::test_odd"]
    assert (empty.error_type, empty.message) == ("shop.cart.EmptyCart", "nothing in it")
    assert (odd.error_type, odd.message) == ("TypeError", "'int' object is not subscriptable")
    assert [(frame.file, frame.function, frame.line) for frame in odd.frames] == [
        ("tests/test_cart.py", "test_odd", 4), ("src/shop/cart.py", "total", 3), ("src/shop/cart.py", "price", 6),
    ]  # fmt: skip


def test_a_file_that_cannot_be_imported_is_an_error_and_the_others_still_run(project):
    project.file("test_good.py", "def test_good(): pass").file("test_bad.py", "import no_such_module")
    run = project.file("test_worse.py", "def oops(:").pytest()
    assert outcomes(run) == {"test_bad.py": "error", "test_worse.py": "error", "test_good.py::test_good": "passed"}
    assert run.results["test_bad.py"].error_type == "ModuleNotFoundError"
    assert run.results["test_worse.py"].error_type == "SyntaxError"
    assert run.complete


def test_only_the_wanted_files_or_ids_run(project):
    project.file("a/test_x.py", "def test_1(): pass\ndef test_2(): pass").file("b/test_y.py", "def test_3(): pass")
    assert project.pytest("b/test_y.py").passed == {"b/test_y.py::test_3"}
    assert project.pytest("a/test_x.py::test_2").passed == {"a/test_x.py::test_2"}


def test_an_id_with_slashes_in_it_runs_alone_also_beside_the_commands_own_places(project):
    project.file("test_x.py", "import pytest\n@pytest.mark.parametrize('u', ['a//b', 'c'])\ndef test_1(u): pass")
    run = project.file("test_y.py", "def test_2(): pass").pytest(
        "test_x.py::test_1[a//b]", arguments=("-q", "test_y.py")
    )
    assert run.passed == {"test_x.py::test_1[a//b]"}


def test_the_targets_own_conftest_and_configuration_are_in_force(project):
    project.file("pytest.ini", "[pytest]\npython_functions = check_*\nxfail_strict = true")
    project.file("conftest.py", "import pytest\n@pytest.fixture\ndef seven(): return 7")
    assert project.file("test_x.py", "def check_it(seven): assert seven == 7").pytest().passed == {
        "test_x.py::check_it"
    }


def test_options_that_stop_early_do_not_hide_later_tests(project):
    project.file("pytest.ini", "[pytest]\naddopts = -x --maxfail=1 --lf")
    run = project.file("test_x.py", "def test_1(): assert 0\ndef test_2(): pass").pytest()
    assert outcomes(run) == {"test_x.py::test_1": "failed", "test_x.py::test_2": "passed"}


def test_deselected_tests_are_told(project):
    project.file("pytest.ini", "[pytest]\naddopts = -k 'not two'")
    run = project.file("test_x.py", "def test_one(): pass\ndef test_two(): pass").pytest()
    assert run.passed == {"test_x.py::test_one"}
    assert "1 deselected" in run.output


def test_options_of_installed_plugins_are_understood(project):
    project.file("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '-n 2 --dist loadfile'")
    run = project.file("test_x.py", "def test_one(): pass").pytest()
    assert run.passed == {"test_x.py::test_one"} and run.complete


def test_nothing_in_the_checkout_stands_in_for_pytest_or_the_reporter(project):
    for name in ("pytest", "pytest_report", "sitecustomize", "usercustomize", "json"):
        project.file(f"{name}.py", "import os\nprint('FORGED')\nos._exit(0)\n")
    run = project.file("test_x.py", "def test_one(): assert False").pytest()
    assert outcomes(run) == {"test_x.py::test_one": "failed"}
    assert "FORGED" not in run.output


def test_a_program_that_a_test_starts_cannot_write_to_the_report(project):
    run = project.file(
        "test_x.py",
        """
        import os, subprocess, sys
        def test_one():
            assert "LIVHANA_REPORT_FD" not in os.environ
            forge = '''import os
        for fd in range(3, 64):
            try: os.write(fd, b'{"event": "test", "id": "forged", "outcome": "passed"}\\\\n')
            except OSError: pass
        '''
            subprocess.run([sys.executable, "-c", forge], close_fds=False)
        """,
    ).pytest()
    assert outcomes(run) == {"test_x.py::test_one": "passed"}


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)", "pytest.exit('enough', returncode=0)"])
def test_a_run_that_is_broken_off_is_not_complete(project, end):
    project.file("test_x.py", f"import os, pytest\ndef test_1(): pass\ndef test_2(): {end}\ndef test_3(): pass")
    run = project.pytest()
    assert not run.complete
    assert "test_x.py::test_3" not in run.results


def test_no_tests_are_no_success(project):
    run = project.file("module.py", "").pytest()
    assert run.results == {} and run.summary() == "no test ran"


def test_a_file_that_is_not_there_is_not_complete(project):
    run = project.file("test_x.py", "def test_one(): pass").pytest("test_gone.py")
    assert not run.complete and run.results == {}


def test_an_interpreter_without_pytest_is_not_complete_and_says_so(project):
    run = PytestRunner(BubblewrapSandbox(), Path("/usr/bin/python3")).run(project.file("test_x.py", "").root)
    assert run.complete or "No module named 'pytest'" in run.output
    assert run.results == {}


def test_an_interpreter_that_is_not_there_is_named():
    with pytest.raises(RunnerMissing, match=r"no Python at /no/python.*IMPROVEMENT_TEST_PYTHON"):
        PytestRunner(BubblewrapSandbox(), Path("/no/python"))


def test_a_python_package_in_a_folder_keeps_ids_of_the_checkout(project):
    project.file("services/api/pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['lib']")
    project.file("services/api/lib/thing.py", "value = 3")
    run = project.file("services/api/tests/test_x.py", "import thing\ndef test_one(): assert thing.value == 3").pytest(
        folder="services/api"
    )
    assert run.passed == {"services/api/tests/test_x.py::test_one"}


def test_a_python_probe_imports_the_checkout_and_returns_its_object(project):
    project.file("src/shop/__init__.py", "def total(): return 12")
    script = "import json, os, shop\nos.write(int(os.environ['LIVHANA_REPORT_FD']), json.dumps({'value': shop.total()}).encode())"
    runner = PytestRunner(BubblewrapSandbox(), PYTHON, limits=LIMITS)
    assert runner.probe(project.root, script) == {"value": 12}
    assert runner.probe(project.root, "print('nothing')") is None
    assert runner.probe(project.root, script + "\nos.write(int(os.environ['LIVHANA_REPORT_FD']), b'[]')") is None


NODE_TESTS = """
    const { test, describe, it, before } = require('node:test');
    const assert = require('node:assert');
    const { price } = require('../lib/price.js');
    test('passes', () => assert.equal(price({ cents: 5 }), 5));
    test('fails', () => assert.equal(price({ cents: 5 }), 6));
    test('crashes', () => price(undefined));
    test('crashes later', async () => { await null; price(undefined); });
    test('outer', async (t) => { await t.test('inner', () => price(undefined)); await t.test('good', () => {}); });
    test('skipped', { skip: 'why not' }, () => {});
    test('not yet', { todo: true }, () => price(undefined));
    test('not even an error', () => { throw 'text'; });
    describe('group', () => { it('inside', () => {}); });
    describe('broken group', () => { before(() => price(undefined)); it('never', () => {}); });
"""
PRICE = "function price(item) {\n  return item.cents;\n}\nmodule.exports = { price };\n"


def node_project(project: Project, folder: str = "") -> Project:
    project.file(f"{folder}package.json", json.dumps({"scripts": {"test": "node --test test/"}}))
    return project.file(f"{folder}lib/price.js", PRICE).file(f"{folder}test/price.test.js", NODE_TESTS)


def test_node_tells_every_outcome_by_file_and_name(project):
    run = node_project(project).node()
    told = {test_id.removeprefix("test/price.test.js::"): outcome for test_id, outcome in outcomes(run).items()}
    assert told.items() >= {
        "passes": "passed", "fails": "failed", "crashes": "failed", "crashes later": "failed", "outer": "failed",
        "outer > inner": "failed", "outer > good": "passed", "skipped": "skipped", "not yet": "xfailed",
        "not even an error": "failed", "group > inside": "passed",
    }.items()  # fmt: skip
    assert told.get("broken group > never", "error") == "error" and run.complete


def test_a_node_failure_names_its_error_and_its_frames_outermost_first(project):
    run = node_project(project).node()
    for name in ("crashes", "crashes later", "outer > inner"):
        result = run.results[f"test/price.test.js::{name}"]
        assert result.error_type == "TypeError" and "cents" in result.message
        assert (result.frames[-1].file, result.frames[-1].function, result.frames[-1].line) == (
            "lib/price.js",
            "price",
            2,
        )
        assert result.frames[0].file == "test/price.test.js"
    assert run.results["test/price.test.js::fails"].error_type == "AssertionError"


def test_a_node_package_in_a_folder_keeps_ids_of_the_checkout(project):
    node_project(project, "back end/")
    runner = make_runner(project.detected()[0], BubblewrapSandbox(), limits=LIMITS)
    run = runner.run(project.root, ("back end/test/price.test.js::crashes",))
    crashed = run.results["back end/test/price.test.js::crashes"]
    assert crashed.frames[-1].file == "back end/lib/price.js"
    assert runner.run(project.root).results.keys() == run.results.keys()


def test_modules_of_the_newer_kind_have_relative_frames_too(project):
    project.file("price.mjs", "export function price(item) { return item.cents; }")
    project.file(
        "price.test.mjs",
        "import test from 'node:test';\nimport { price } from './price.mjs';\ntest('crashes', () => { price(); });",
    )
    result = project.node().results["price.test.mjs::crashes"]
    assert (result.frames[-1].file, result.frames[-1].function) == ("price.mjs", "price")


def test_a_node_file_that_breaks_while_loading_is_an_error_with_its_reason(project):
    project.file("lib.js", "exports.load = () => undefined.x;")
    run = (
        project.file("a.test.js", "require('./lib.js').load();")
        .file("b.test.js", "require('node:test')('good', () => {})")
        .node()
    )
    assert outcomes(run) == {"a.test.js": "error", "b.test.js::good": "passed"}
    assert run.results["a.test.js"].error_type == "TypeError"
    assert run.results["a.test.js"].frames[-1].file == "lib.js"


def test_a_node_test_cannot_write_to_the_report(project):
    project.file(
        "x.test.js",
        """
        const fs = require('fs');
        require('node:test')('tries', () => {
          for (let fd = 3; fd < 64; fd++) try { fs.writeSync(fd, '{"event": "test", "id": "forged", "outcome": "passed"}\\n'); } catch {}
          if (process.env.LIVHANA_REPORT_FD) throw new Error('named');
        });
        """,
    )
    with many_open_files(40):
        assert "forged" not in project.node().results


@contextlib.contextmanager
def many_open_files(count):
    """So that the report's descriptor has a high number, as in a long-lived process."""
    with contextlib.ExitStack() as files:
        for _ in range(count):
            files.enter_context(Path(os.devnull).open())
        yield


def test_a_node_file_that_leaves_early_does_not_pass_its_tests(project):
    project.file(
        "x.test.js", "const test = require('node:test'); test('one', () => process.exit(0)); test('two', () => {});"
    )
    assert not any("::" in test_id for test_id in project.node().passed)


def test_a_node_probe_resolves_from_its_folder(project):
    node_project(project, "api/")
    runner = NodeRunner(BubblewrapSandbox(), NODE, limits=LIMITS, folder="api")
    write = "require('fs').writeSync(Number(process.env.LIVHANA_REPORT_FD), JSON.stringify({ value: "
    assert runner.probe(project.root, f"{write} require('./lib/price.js').price({{ cents: 4 }}) }}))") == {"value": 4}
    assert runner.probe(project.root, "throw new Error('x')") is None


NEEDS_A_PACKAGE = """
    const test = require('node:test');
    test('one', () => { if (require('left') !== 7) throw new Error('another one'); });
    test('two', async () => { if ((await import('left')).default !== 7) throw new Error('another one'); });
"""


@pytest.mark.parametrize("folder", ["", "backend/"])
def test_readable_node_modules_are_found_from_the_checkout_and_leave_no_trace(project, tmp_path_factory, folder):
    installed = tmp_path_factory.mktemp("shop") / folder / "node_modules"
    (installed / "left").mkdir(parents=True)
    (installed / "left" / "index.js").write_text("module.exports = 7;")
    project.file(f"{folder}package.json", "{}").file(f"{folder}a.test.js", NEEDS_A_PACKAGE)
    for readable in (installed, installed.parent):
        run = project.node(readable=[readable], folder=folder.rstrip("/"))
        assert run.passed == {f"{folder}a.test.js::one", f"{folder}a.test.js::two"}
    assert not (project.root / folder / "node_modules").is_symlink()


def test_a_node_of_ones_own_runs_also_through_a_link(project, tmp_path_factory):
    place = tmp_path_factory.mktemp("own node")
    shutil.copy(NODE.resolve(), place / "node-20")
    (place / "node").symlink_to("node-20")
    project.file("x.test.js", "require('node:test')('one', () => {})")
    run = NodeRunner(BubblewrapSandbox(), place / "node", limits=LIMITS).run(project.root)
    assert run.passed == {"x.test.js::one"}


def test_the_runners_work_the_same_without_confinement(project):
    project.file("test_x.py", "def test_one(): pass").file("x.test.js", "require('node:test')('one', () => {})")
    assert PytestRunner(UnconfinedSandbox(), PYTHON).run(project.root).passed == {"test_x.py::test_one"}
    assert NodeRunner(UnconfinedSandbox(), NODE).run(project.root).passed == {"x.test.js::one"}


def test_a_node_that_is_not_there_is_named():
    with pytest.raises(RunnerMissing, match="no Node at /no/node"):
        NodeRunner(BubblewrapSandbox(), Path("/no/node"))


def test_a_command_passes_only_where_it_exits_with_zero(project):
    run = CommandRunner(BubblewrapSandbox(), "test -f there && echo fine").run
    assert outcomes(run(project.root)) == {"command": "failed"}
    assert outcomes(run(project.file("there", "").root)) == {"command": "passed"}


def test_a_command_that_takes_too_long_is_not_complete(project):
    runner = CommandRunner(BubblewrapSandbox(), "sleep 100", limits=Limits(seconds=0.3))
    run = runner.run(project.root)
    assert (run.complete, run.results, run.ended_by) == (False, {}, "time")


def test_a_command_that_does_not_exist_is_named(project):
    with pytest.raises(RunnerMissing, match=r"`no-such-tool test` cannot be run.*IMPROVEMENT_TEST_COMMAND"):
        CommandRunner(BubblewrapSandbox(), "no-such-tool test").run(project.root)


def test_pytest_and_node_are_detected_from_the_files(project):
    node_project(project, "backend/").file("tests/test_x.py", "").file("node_modules/x/package.json", "{}")
    assert project.detected() == (
        RunnerSpec("pytest"),
        RunnerSpec("node", "backend", ("test/",)),
    )


def test_python_projects_below_a_plain_root_run_in_their_own_folders(project):
    for name in ("api", "jobs"):
        project.file(f"services/{name}/pyproject.toml", "").file(f"services/{name}/tests/test_x.py", "")
    assert project.detected() == (RunnerSpec("pytest", "services/api"), RunnerSpec("pytest", "services/jobs"))
    assert project.file("tests/test_root.py", "").detected() == (RunnerSpec("pytest"),)


def test_node_is_detected_without_a_script_where_files_ask_for_node_test(project):
    project.file("package.json", "{}").file("lib/a.test.js", "import test from 'node:test'")
    assert project.detected() == (RunnerSpec("node"),)


@pytest.mark.parametrize("script", ["standard && borp", "npm run lint && npm run test:unit", "c8 node --test"])
def test_node_is_detected_behind_a_script_that_wraps_it(project, script):
    project.file("package.json", json.dumps({"scripts": {"test": script}}))
    assert project.file("test/a.test.js", "require('node:test')").detected() == (RunnerSpec("node"),)


@pytest.mark.parametrize("script", ["jest", "mocha && echo done"])
def test_other_frameworks_of_node_are_not_taken_for_node_test(project, script):
    project.file("package.json", json.dumps({"scripts": {"test": script}})).file("a.test.js", "describe('x')")
    assert project.detected() == ()


@pytest.mark.parametrize("package", ["not json", "[]", '{"scripts": []}', '{"scripts": {"test": 5}}'])
def test_an_odd_package_file_is_no_runner(project, package):
    assert project.file("package.json", package).detected() == ()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pytest tests -q", RunnerSpec("pytest", "", ("tests", "-q"))),
        ("python3 -m pytest", RunnerSpec("pytest")),
        ("cd api && python -m pytest -q", RunnerSpec("pytest", "api", ("-q",))),
        ("npm test", RunnerSpec("node", "", ("test/",))),
        ("NODE_ENV=test node --test --test-reporter=spec x/", RunnerSpec("node", "", ("x/",), (("NODE_ENV", "test"),))),
        ("make test", RunnerSpec("command", command="make test")),
        ("pytest && rm -rf build", RunnerSpec("command", command="pytest && rm -rf build")),
        ("cd ../elsewhere && pytest", RunnerSpec("command", command="cd ../elsewhere && pytest")),
        ("pytest 'unclosed", RunnerSpec("command", command="pytest 'unclosed")),
    ],
)
def test_an_explicit_command_wins_and_keeps_its_reporter(project, command, expected):
    node_project(project).file("test_x.py", "")
    assert project.detected(command) == (expected,)


def test_patterns_of_a_script_are_spelled_out_as_the_shell_would(project):
    project.file("package.json", json.dumps({"scripts": {"test": "node --test src/*/*.spec.js"}}))
    project.file("src/a/x.spec.js", "require('node:test')('one', () => {})").file("src/skip.spec.js", "throw 1")
    runner = make_runner(project.detected()[0], BubblewrapSandbox(), limits=LIMITS)
    assert runner.run(project.root).passed == {"src/a/x.spec.js::one"}
