import json

import pytest

from livhana_assets.loop.sources.coverage import (
    FileCoverage,
    UnreadableCoverage,
    coverage_of,
    merged_by_path,
    parse_coverage,
)

EXPECTED = (FileCoverage("shop/cart.py", 4, 3),)


def test_coverage_py_json_is_read():
    report = {"files": {"shop/cart.py": {"summary": {"num_statements": 4, "covered_lines": 3}}}}
    assert parse_coverage("coverage.json", json.dumps(report).encode()) == EXPECTED


def test_cobertura_xml_is_read():
    lines = "".join(f'<line number="{n}" hits="{hits}"/>' for n, hits in enumerate((1, 2, 0, 5), 1))
    xml = f'<coverage><packages><package><classes><class filename="shop/cart.py"><lines>{lines}</lines></class></classes></package></packages></coverage>'
    assert parse_coverage("coverage.xml", xml.encode()) == EXPECTED


def test_lcov_is_read():
    assert (
        parse_coverage("lcov.info", b"TN:\nSF:shop/cart.py\nDA:1,1\nDA:2,9\nDA:3,0\nDA:4,2\nend_of_record\n")
        == EXPECTED
    )


def test_a_file_without_lines_counts_as_covered():
    assert FileCoverage("empty.py", 0, 0).share == 1.0


@pytest.mark.parametrize("content", [b"", b"{", b"<coverage", b'{"files": 3}', b"SF:a\nDA:x\n", b"hello"])
def test_what_is_no_report_is_named_as_such(content):
    with pytest.raises(UnreadableCoverage, match=r"coverage\.txt"):
        parse_coverage("coverage.txt", content)


RAN, MISSING = frozenset({1, 2, 4}), frozenset({3})


@pytest.mark.parametrize(
    "content",
    [
        b'{"files": {"shop/cart.py": {"summary": {"num_statements": 4, "covered_lines": 3},'
        b' "executed_lines": [1, 2, 4], "missing_lines": [3]}}}',
        b'<coverage><class filename="shop/cart.py"><methods><method><lines><line number="1" hits="1"/></lines></method></methods>'
        b'<lines><line number="1" hits="1"/><line number="2" hits="2"/><line number="3" hits="0"/><line number="4" hits="5"/></lines>'
        b"</class></coverage>",
        b"SF:shop/cart.py\nDA:1,1\nDA:2,9\nDA:3,0\nDA:4,2\nDA:4,0,abc\nend_of_record\n",
    ],
    ids=["coverage.py", "cobertura", "lcov"],
)
def test_every_format_tells_which_lines_were_run_and_counts_each_once(content):
    [file] = parse_coverage("report", content)
    assert (file.ran, file.missing, file.lines, file.covered) == (RAN, MISSING, 4, 3)


def test_what_one_of_two_reports_saw_run_is_run():
    one = FileCoverage("cart.py", 3, 1, frozenset({1}), frozenset({2, 3}))
    other = FileCoverage("cart.py", 3, 1, frozenset({2}), frozenset({1, 3}))
    [merged] = merged_by_path([one, other]).values()
    assert (merged.ran, merged.missing, merged.covered) == (frozenset({1, 2}), frozenset({3}), 2)


def test_a_path_under_another_root_is_matched_where_it_is_clear():
    files = merged_by_path(
        [FileCoverage("shop/cart.py", 4, 3), FileCoverage("a/x.py", 1, 1), FileCoverage("b/x.py", 1, 0)]
    )
    assert coverage_of("services/shop/cart.py", files) == FileCoverage("shop/cart.py", 4, 3)
    assert coverage_of("x.py", files) is None and coverage_of("other.py", files) is None
