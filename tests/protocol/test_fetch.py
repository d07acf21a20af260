"""%fetch and %export with the real binary and a local web server that misbehaves on order."""

import gzip
import hashlib
import http.server
import io
import itertools
import os
import pathlib
import signal
import subprocess
import tarfile
import threading
import time
import zipfile

import pytest

SLOW = 4 if os.environ.get("ATELIER_SLOW") else 1


class Site(http.server.ThreadingHTTPServer):
    """Serves `files` (path -> bytes). `break_after`: closes each connection after so many
    bytes of a body, an iterator: after another number each time; `log` holds (path, Range, status)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.log = {}, []
        self.break_after, self.ranges, self.tags, self.delay = None, True, True, 0
        self.says_which = True  # a part comes with its Content-Range
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def plain(self, status, **headers):
        self.server.log.append((self.path, self.headers.get("Range"), status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        site = self.server
        if self.path == "/loop":
            return self.plain(302, Location="/loop")
        if self.path.startswith("/hop/"):
            return self.plain(302, Location=self.path.removeprefix("/hop"))
        if self.path == "/out":
            return self.plain(302, Location="file:///etc/passwd")
        if self.path not in site.files:
            return self.plain(404)
        body = site.files[self.path]
        tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        if site.tags and self.headers.get("If-None-Match") == tag:
            return self.plain(304)
        start, asked = 0, self.headers.get("Range")
        if asked and site.ranges and self.headers.get("If-Range", tag) == tag:
            start = int(asked.removeprefix("bytes=").split("-")[0])
            if start >= len(body):
                return self.plain(416)
        status = 206 if start else 200
        site.log.append((self.path, asked, status))
        self.send_response(status)
        if start and site.says_which:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if site.tags:
            self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        body = body[start:]
        after = site.break_after
        after = next(after) if hasattr(after, "__next__") else after
        try:
            if after is not None and len(body) > after:
                self.wfile.write(body[:after])
                self.close_connection = True
                return None
            for at in range(0, len(body), 20000):
                self.wfile.write(body[at:at + 20000])
                if site.delay:
                    time.sleep(site.delay)
        except OSError:
            pass
        return None


@pytest.fixture
def site():
    server = Site()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cells(atelier_binary, tmp_path):
    """Runs cells in one workspace; gives (exit code, all it said). cells.start does not wait."""

    def start(text, **environment):
        script = tmp_path / "cells.atl"
        script.write_text(text)
        env = {**os.environ, "ATELIER_WORKSPACE": str(tmp_path / "w"), **environment}
        return subprocess.Popen([atelier_binary, "run", script], cwd=tmp_path, env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(text, **environment):
        process = start(text, **environment)
        said, _ = process.communicate(timeout=100)
        return process.returncode, said

    run.folder, run.start = tmp_path, start
    return run


def table(rows=5000):
    lines = ["id,name,score"]
    lines += [f"{i},name {i % 17},{i * 7919 % 1000 / 10:g}" for i in range(rows)]
    return ("\n".join(lines) + "\n").encode()


def works(result):
    assert result[0] == 0, result[1]
    return result[1]


def fails(result, *words):
    assert result[0] == 1, result[1]
    for word in words:
        assert word in result[1], result[1]


def exported(cells, name):
    works(cells(f"%export {name} out.csv\n"))
    return (cells.folder / "out.csv").read_bytes()


def test_file_and_export(cells):
    (cells.folder / "t.csv").write_bytes(table())
    said = works(cells("%fetch t t.csv\n"))
    assert "5,000" in said
    assert exported(cells, "t") == table()
    works(cells("%export t t.jsonl\n\n# %%\n%fetch u t.jsonl\n"))
    assert exported(cells, "u") == table()
    fails(cells("%fetch t nothing.csv\n"), "nothing.csv")
    fails(cells("%export t t.parquet\n"), "t.parquet")


def test_web_and_cache(cells, site):
    site.files["/d/t.csv"] = table()
    works(cells(f"%fetch t {site.url}/d/t.csv\n"))
    assert exported(cells, "t") == table()
    said = works(cells(f"%fetch t {site.url}/d/t.csv\n"))
    assert "from the cache" in said and site.log[-1][2] == 304
    site.files["/d/t.csv"] = table(10)
    works(cells(f"%fetch t {site.url}/d/t.csv\n"))
    assert exported(cells, "t") == table(10)
    works(cells(f"%fetch t {site.url}/d/t.csv --fresh\n"))
    assert site.log[-1][2] == 200
    fails(cells(f"%fetch t {site.url}/d/none.csv\n"), "404")


def test_redirects(cells, site):
    site.files["/t.csv"] = table(10)
    works(cells(f"%fetch t {site.url}/hop/hop/hop/t.csv\n"))
    assert exported(cells, "t") == table(10)
    fails(cells(f"%fetch t {site.url}/loop\n"), "redirects more than 10 times")
    fails(cells(f"%fetch t {site.url}/out\n"))


def test_a_broken_download_is_continued(cells, site):
    body = table(20000)
    site.files["/t.csv"] = body
    site.break_after = len(body) // 3 + 1
    works(cells(f"%fetch t {site.url}/t.csv\n"))
    assert exported(cells, "t") == body
    assert [status for _, _, status in site.log] == [200, 206, 206]


def test_a_part_that_does_not_say_which_is_refused(cells, site):
    body = table(20000)
    site.files["/t.csv"] = body
    site.break_after, site.says_which = len(body) // 3 + 1, False
    fails(cells(f"%fetch t {site.url}/t.csv\n"), "sent a part without saying which")


def test_it_goes_on_in_a_later_cell(cells, site):
    body = table(20000)
    site.files["/t.csv"] = body
    site.break_after = 0
    fails(cells(f"%fetch t {site.url}/t.csv\n"), "broke")
    cache = cells.folder / "w/cache"
    assert not list(cache.glob("*.data"))
    site.break_after = None
    site.delay = 0.3
    process = cells.start(f"%fetch t {site.url}/t.csv\n")
    wait_for_part(cache, 30000)
    process.kill()
    process.communicate()
    site.delay = 0
    said = works(cells(f"%fetch t {site.url}/t.csv\n"))
    assert "continued" in said and site.log[-1][2] == 206
    assert exported(cells, "t") == body


def wait_for_part(cache, size):
    end = time.monotonic() + 20 * SLOW
    while time.monotonic() < end:
        if any(part.stat().st_size >= size for part in cache.glob("*.part")):
            return
        time.sleep(0.02)
    pytest.fail("the download does not move")


def test_a_changed_file_is_not_continued(cells, site):
    """The part of the old file and the rest of the new one would be a mixture."""
    site.files["/t.csv"] = table(20000)
    site.delay = 0.3
    process = cells.start(f"%fetch t {site.url}/t.csv\n")
    wait_for_part(cells.folder / "w/cache", 30000)
    process.kill()
    process.communicate()
    site.delay = 0
    site.files["/t.csv"] = table(20000).replace(b"name", b"mane")
    works(cells(f"%fetch t {site.url}/t.csv\n"))
    assert exported(cells, "t") == site.files["/t.csv"]


@pytest.mark.parametrize("ranges, tags", [(False, True), (True, False)])
def test_servers_that_cannot_continue(cells, site, ranges, tags):
    site.files["/t.csv"] = table(2000)
    site.ranges, site.tags = ranges, tags
    site.break_after = 5000
    fails(cells(f"%fetch t {site.url}/t.csv\n"), "broke")
    site.break_after = None
    works(cells(f"%fetch t {site.url}/t.csv\n"))
    assert exported(cells, "t") == table(2000)


def test_a_link_that_breaks_here_and_there_is_given_up(cells, site):
    """Without a tag each attempt begins anew: only a new furthest byte is progress."""
    site.files["/t.csv"] = table(2000)
    site.tags = False
    site.break_after = itertools.cycle([3000, 5000])
    fails(cells(f"%fetch t {site.url}/t.csv\n"), "broke")
    assert 5 <= len(site.log) <= 8


def test_interrupt(cells, site):
    """SIGINT ends a download within a moment, and the cell says so."""
    site.files["/t.csv"] = table(50000)
    site.delay = 0.5
    process = cells.start(f"%fetch t {site.url}/t.csv\n")
    wait_for_part(cells.folder / "w/cache", 20000)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert time.monotonic() - started < 1 * SLOW
    assert process.returncode != 0 and "nterrupted" in said


def test_unreachable_and_foreign(cells, site):
    with_port = f"http://127.0.0.1:{site.server_port}"
    site.files["/t.csv"] = table(10)
    works(cells(f"%fetch t {with_port}/t.csv\n"))
    site.shutdown()
    site.server_close()
    assert "from the cache" in works(cells(f"%fetch t {with_port}/t.csv\n"))
    fails(cells(f"%fetch t {with_port}/other.csv\n"), "nothing answers")
    fails(cells("%fetch t gopher://x/t.csv\n"), "gopher")


def test_mirror(cells):
    mirror = cells.folder / "mirror"
    mirror.mkdir()
    (mirror / "my table.csv").write_bytes(table(20))
    said = works(cells("%fetch t https://no.such.host.invalid/a/my%20table.csv?x=1#y\n",
                       ATELIER_MIRROR=str(mirror)))
    assert "$ATELIER_MIRROR" in said
    assert exported(cells, "t") == table(20)


def test_sha256(cells, site):
    body = table(100)
    site.files["/t.csv"] = body
    good = hashlib.sha256(body).hexdigest()
    works(cells(f"%fetch t {site.url}/t.csv --sha256 {good}\n"))
    asked = len(site.log)
    assert "cache" in works(cells(f"%fetch t {site.url}/t.csv --sha256 {good.upper()}\n"))
    assert len(site.log) == asked  # the digest proves it: nobody was asked
    fails(cells(f"%fetch t {site.url}/t.csv --sha256 {'0' * 64}\n"), good)
    fails(cells(f"%fetch t {site.url}/t.csv --sha256 12\n"), "64 hexadecimal")


def archive(kind, files):
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            for name, body in files.items():
                z.writestr(name, body)
    else:
        with tarfile.open(fileobj=out, mode="w:gz") as t:
            for name, body in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(body)
                t.addfile(info, io.BytesIO(body))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_archives(cells, kind):
    files = {"a/one.csv": table(30), "b/one.csv": table(40), "b/two.tsv": b"x\ty\n1\t2\n",
             "../../escape.csv": table(5), "c.csv.gz": gzip.compress(table(7))}
    (cells.folder / "x.bin").write_bytes(archive(kind, files))
    fails(cells("%fetch t x.bin\n"), "5 files", "a/one.csv")
    fails(cells("%fetch t x.bin --member one.csv\n"), "2 names")
    works(cells("%fetch t x.bin --member b/one.csv\n"))
    assert exported(cells, "t") == table(40)
    works(cells("%fetch t x.bin --member two.tsv\n"))
    assert exported(cells, "t") == b"x,y\n1,2\n"
    works(cells("%fetch t x.bin --member c.csv.gz\n"))
    assert exported(cells, "t") == table(7)
    works(cells("%fetch t x.bin --member escape.csv\n"))
    assert exported(cells, "t") == table(5)
    assert not (cells.folder.parent / "escape.csv").exists()
    fails(cells("%fetch t x.bin --member tow.tsv\n"), "b/two.tsv?")
    assert not [p for p in (cells.folder / "w/cache").iterdir() if "unpacked" in p.name]


def test_single_gzip(cells):
    (cells.folder / "t.csv.gz").write_bytes(gzip.compress(table(50)))
    works(cells("%fetch t t.csv.gz\n"))
    assert exported(cells, "t") == table(50)


def test_what_a_killed_fetch_unpacked_goes(cells):
    body = table(200000) * 20
    (cells.folder / "t.csv.gz").write_bytes(gzip.compress(body, 1))
    cache = cells.folder / "w/cache"
    process = cells.start("%fetch t t.csv.gz\n")
    end = time.monotonic() + 20 * SLOW
    while not list(cache.glob("unpacked-*")) and time.monotonic() < end:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    assert len(list(cache.glob("unpacked-*"))) == 1
    works(cells("%datasets\n"))
    assert not list(cache.glob("unpacked-*"))


def test_a_damaged_archive(cells):
    body = archive("tgz", {"t.csv": os.urandom(50000)})
    (cells.folder / "x.tgz").write_bytes(body[:len(body) // 2])
    fails(cells("%fetch t x.tgz\n"), "damaged")
    assert not list(pathlib.Path(cells.folder / "w/cache").glob("unpacked*"))


def test_options_override(cells):
    (cells.folder / "t.txt").write_bytes("größe;ort\n1,5;—\n2,5;N/A\n".encode("utf-16"))
    works(cells("%fetch t t.txt --missing —\n"))
    assert exported(cells, "t").decode() == "größe,ort\n1.5,\n2.5,N/A\n"
    (cells.folder / "u.txt").write_bytes(b"# about\n1|2\n3|4|5\n6|7\n")
    works(cells("%fetch u u.txt --skip-lines 1 --delimiter pipe --header no --names a,b "
                "--types a=text --on-bad-row skip\n"))
    assert exported(cells, "u") == b"a,b\n1,2\n6,7\n"
    fails(cells("%fetch u u.txt --skip-lines 1 --delimiter pipe --header no\n"), "3")
    fails(cells("%fetch u u.txt --types a=txt\n"), "txt")
    fails(cells("%fetch u u.txt --delimiter abc\n"), "--delimiter")


@pytest.mark.parametrize("option", [
    "--missing unknown", "--types a=text", "--names a,b", "--encoding utf-8", "--decimal .",
    "--header yes", "--skip-lines 1", "--delimiter comma", "--quote none"])
def test_json_lines_take_no_option_of_csv(cells, option):
    (cells.folder / "t.jsonl").write_text('{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n')
    fails(cells(f"%fetch t t.jsonl {option}\n"), option.split()[0], "JSON lines", "leave it out")
    works(cells("%fetch t t.jsonl --on-bad-row skip\n"))


def test_the_bank_zip(cells, atelier_data):
    works(cells(f"%fetch bank {atelier_data}/bank/bank-additional.zip "
                "--member bank-additional-full.csv\n"))
    want = (atelier_data / "bank/bank-additional/bank-additional-full.csv").read_bytes()
    got = exported(cells, "bank").replace(b"\n", b"\r\n")
    assert got.count(b"\n") == 41189 and got[:200] == want[:200]
