"""Traces as the JVM prints them. The one of Hadoop is an excerpt of GitBugs (Hadoop issue 13401290, CC BY 4.0)."""

from __future__ import annotations

import pytest

from livhana_assets.loop.patterns.fingerprints import Fingerprint, fingerprint
from livhana_assets.loop.patterns.traces import parse_trace

HADOOP = """Expected to find 'invalid-test-host:0' but got unexpected exception: java.net.UnknownHostException: invalid-test-host/<unresolved>:0
\tat org.apache.hadoop.net.NetUtils.connect(NetUtils.java:592)
\tat org.apache.hadoop.net.NetUtils.connect(NetUtils.java:551)
\tat org.apache.hadoop.net.TestNetUtils.testInvalidAddress(TestNetUtils.java:109)"""


def java_trace(
    line: int = 12, more: int = 12, accessor: int = 41, inner: str = "java.sql.SQLTimeoutException: no lease after 5 s"
) -> str:
    return (
        'Exception in thread "http-nio-8080-exec-3" com.shop.OrderFailed: order 17\n'
        f"\tat com.shop.orders.Orders.place(Orders.java:{line}) ~[classes/:na]\n"
        f"\tat com.shop.orders.Orders.lambda$retry${line}(Orders.java:{line + 9})\n"
        f"\tat jdk.internal.reflect.GeneratedMethodAccessor{accessor}.invoke(Unknown Source)\n"
        f"\tat com.shop.Api$$Lambda${accessor}/0x000000080{accessor}.run(Unknown Source)\n"
        "\tat java.base/java.lang.Thread.run(Thread.java:833)\n"
        "\tSuppressed: java.lang.IllegalStateException: while closing\n"
        "\t\tat com.shop.Pool.close(Pool.java:7)\n"
        "\tCaused by: java.io.IOException: in the suppressed one\n"
        "\t\tat com.shop.Pool.flush(Pool.java:3)\n"
        f"Caused by: {inner}\n"
        f"\tat com.shop.db.Leases.take(Leases.java:{line + 1})\n"
        f"\t... {more} more\n"
    )


def of(trace: str, message: str = "order 17") -> Fingerprint:
    return fingerprint(trace, "com.shop.OrderFailed", message, "orders")


def test_a_chain_of_causes_is_read_without_what_was_suppressed() -> None:
    trace = parse_trace(java_trace(), "com.shop.OrderFailed", "order 17")
    assert trace.exception_chain == (
        ("com.shop.OrderFailed", "order 17"),
        ("java.sql.SQLTimeoutException", "no lease after 5 s"),
    )
    assert [frame.function for frame in trace.frames][-1] == "com.shop.orders.Orders.place"
    assert [frame.file for frame in trace.raised[1].frames] == ["com/shop/db/Leases.java"]


def test_lines_lambdas_and_made_classes_do_not_change_a_fingerprint() -> None:
    assert of(java_trace(line=99, more=3, accessor=7)) == of(java_trace())
    assert of(java_trace().replace("order 17", "order 4"), "order 4") == of(java_trace())


def test_another_cause_or_method_is_another_crash() -> None:
    other = java_trace(inner="java.sql.SQLIntegrityConstraintViolationException: twice")
    assert (
        len({of(java_trace()).value, of(other).value, of(java_trace().replace("Orders.place", "Orders.cancel")).value})
        == 3
    )


def test_the_title_says_type_method_and_message() -> None:
    assert of(java_trace()).title == "OrderFailed in Orders.place (shop/orders/Orders.java): order <*>".replace(
        "shop/orders", "orders"
    )


def test_a_librarys_own_crash_is_grouped_by_its_frames_without_the_test_runners() -> None:
    runner = (
        "\n\tat org.junit.runners.ParentRunner.run(ParentRunner.java:413)\n\tat java.lang.Thread.run(Thread.java:750)"
    )
    made = fingerprint(HADOOP + runner, None, None)
    assert made.rule == "frames"
    assert not any("ParentRunner" in part or "Thread.run" in part for part in made.parts)
    assert any("NetUtils.connect" in part for part in made.parts)
    assert made.value == fingerprint(HADOOP.replace("592", "600"), None, None).value


@pytest.mark.parametrize("start", ["Suppressed: ", "Caused by: ", "\tSuppressed: "])
def test_a_trace_that_was_cut_out_of_another_is_read_too(start: str) -> None:
    text = f"{start}java.nio.file.AccessDeniedException: /srv/x\n\tat com.shop.Files.open(Files.java:3)\n\t... 2 more"
    trace = parse_trace(text)
    assert trace.raised[0].type == "java.nio.file.AccessDeniedException"
    assert [frame.function for frame in trace.frames] == ["com.shop.Files.open"]


def test_typescript_traces_are_read_as_v8_prints_them() -> None:
    text = "TypeError: no price\n    at Cart.total (/srv/app/src/cart.ts:14:9)\n    at async file:///srv/app/src/api/orders.mts:3:5"
    trace = parse_trace(text, "TypeError", "no price")
    assert (trace.language, [frame.file for frame in trace.frames]) == (
        "javascript",
        ["/srv/app/src/api/orders.mts", "/srv/app/src/cart.ts"],
    )
