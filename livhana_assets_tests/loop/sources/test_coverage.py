import json

import pytest

from livhana_assets.loop.sources.coverage import FileCoverage, UnreadableCoverage, parse_coverage

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
