"""The other requests: completion, inspection, history, comms, information."""

import os
import time

import pytest
from harness import quiet


def test_kernel_info_is_the_same_on_both_channels(echo):
    on_shell, _ = echo.ask("kernel_info_request")
    assert on_shell == echo.control("kernel_info_request")["content"]
    assert on_shell["status"] == "ok" and on_shell["implementation"] == "echo"
    assert tuple(map(int, on_shell["protocol_version"].split("."))) >= (5, 3)
    language = on_shell["language_info"]
    assert language["name"] == "echo" and language["file_extension"] == ".echo"
    assert "" not in language.values() and "pygments_lexer" not in language
    assert on_shell["supported_features"] == [] and on_shell["debugger"] is False


@pytest.mark.parametrize("before", ["", "print \U0001f9e0\n", "print e\u0301\u0301 \n", "print ß\n"])
def test_cursors_count_code_points(echo, before):
    code = before + "pri \U0001f469\u200d\U0001f469 more"
    start, end = len(before), len(before) + 3
    reply, _ = echo.ask("complete_request", {"code": code, "cursor_pos": end})
    assert set(reply["matches"]) == {"print", "printf"}
    assert (reply["cursor_start"], reply["cursor_end"]) == (start, end)
    for typed in reply["metadata"]["_jupyter_types_experimental"]:
        assert (typed["start"], typed["end"]) == (start, end)
        assert typed["type"] == "keyword" and typed["text"] in reply["matches"]


@pytest.mark.parametrize("place", [-5, 0, 3, 10**9, None])
def test_a_cursor_anywhere_is_no_danger(echo, place):
    content = {"code": "pri"} if place is None else {"code": "pri", "cursor_pos": place}
    reply, _ = echo.ask("complete_request", content)
    assert reply["status"] == "ok"
    reply, _ = echo.ask("inspect_request", content)
    assert reply["status"] == "ok"


def test_inspect(echo):
    code = "\U0001f9e0 print x"
    reply, _ = echo.ask("inspect_request", {"code": code, "cursor_pos": 4, "detail_level": 0})
    assert reply["found"] and reply["data"] == {"text/plain": "a command"}
    reply, _ = echo.ask("inspect_request", {"code": code, "cursor_pos": 4, "detail_level": 1})
    assert reply["data"] == {"text/plain": "a command, in detail"}
    reply, _ = echo.ask("inspect_request", {"code": "nothing", "cursor_pos": 2})
    assert (reply["found"], reply["data"], reply["metadata"]) == (False, {}, {})


@pytest.mark.parametrize("code,answer", [
    ("print x", {"status": "complete"}),
    ("print \\", {"status": "incomplete", "indent": "  "}),
    ("invalid", {"status": "invalid"}),
])
def test_is_complete(echo, code, answer):
    assert echo.ask("is_complete_request", {"code": code})[0] == answer


def test_an_unknown_comm_target_is_closed_at_once(echo):
    message = echo.client.session.msg(
        "comm_open", {"comm_id": "c1", "target_name": "nobody", "data": {}})
    echo.client.shell_channel.send(message)
    messages = echo.output(message["header"]["msg_id"])
    assert [m["msg_type"] for m in messages] == ["status", "comm_close", "status"]
    assert messages[1]["content"] == {"comm_id": "c1", "data": {}}


def test_messages_to_comms_that_are_gone_are_ignored(echo):
    for kind in ("comm_msg", "comm_close"):
        message = echo.client.session.msg(kind, {"comm_id": "c1", "data": {}})
        echo.client.shell_channel.send(message)
        assert len(echo.output(message["header"]["msg_id"])) == 2
    assert echo.ask("comm_info_request")[0] == {"status": "ok", "comms": {}}


@pytest.mark.parametrize("channel", ["shell", "control"])
@pytest.mark.parametrize("kind", ["no_such_request", "x" * 5000, "create_subshell_request", ""])
def test_unknown_types_do_not_hang_or_kill(echo, channel, kind):
    message = echo.client.session.msg(kind, {})
    getattr(echo.client, f"{channel}_channel").send(message)
    states = [m["content"]["execution_state"] for m in echo.output(message["header"]["msg_id"])]
    assert states == ["busy", "idle"]
    assert echo.run("print on").text() == "on\n"


def test_a_request_to_a_subshell_that_is_not_there_fails(echo):
    message = echo.client.session.msg("execute_request", {"code": "print x"})
    message["header"]["subshell_id"] = "nobody"
    echo.client.shell_channel.send(message)
    cell = echo.finish(message["header"]["msg_id"])
    assert cell.reply["status"] == "error" and cell.reply["ename"] == "NotFound"
    assert cell.types() == ["status", "status"]


def test_connect_gives_the_ports(echo):
    reply, _ = echo.ask("connect_request")
    for port in ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port"):
        assert reply[port] == echo.fields[port]


def test_usage(echo):
    echo.control("usage_request")
    echo.run("sleep 0.05")
    usage = echo.control("usage_request")["content"]
    assert usage["pid"] == echo.process.pid
    assert 1e6 < usage["kernel_memory"] < 1e9
    assert 0 <= usage["kernel_cpu"] < 100 * usage["cpu_count"] + 1
    memory = usage["host_virtual_memory"]
    assert 0 < memory["available"] <= memory["total"] and 0 <= memory["percent"] <= 100


# ---- history


def history(kernel, **content):
    content = {"output": False, "raw": True, **content}
    return kernel.ask("history_request", content)[0]["history"]


def test_history_of_this_session(start):
    kernel = start()
    assert history(kernel, hist_access_type="tail", n=10) == []
    for code in ("print one", "result 2", "print one", "print three", "print hidden"):
        kernel.run(code, store_history=code != "print hidden")
    codes = [line[2] for line in history(kernel, hist_access_type="tail", n=3)]
    assert codes == ["result 2", "print one", "print three"]
    tail = history(kernel, hist_access_type="tail", n=3, output=True)
    assert tail[0] == [tail[0][0], 2, ["result 2", "2"]]
    assert tail[1][2] == ["print one", None]
    ranged = history(kernel, hist_access_type="range", session=0, start=2, stop=4)
    assert [(line[1], line[2]) for line in ranged] == [(2, "result 2"), (3, "print one")]
    found = history(kernel, hist_access_type="search", pattern="*one*", n=10)
    assert [line[1] for line in found] == [1, 3]
    found = history(kernel, hist_access_type="search", pattern="*one*", n=10, unique=True)
    assert [line[1] for line in found] == [3]
    found = history(kernel, hist_access_type="search", pattern="print *", n=2)
    assert [line[1] for line in found] == [3, 4]
    reply, _ = kernel.ask("history_request", {"hist_access_type": "tial"})
    assert reply["status"] == "error" and "tail" in "".join(reply["traceback"])


def test_history_survives_restarts_and_a_kill(tmp_path, start):
    file = str(tmp_path / "history.db")
    for i, end in enumerate(("shutdown", "kill", "stay")):
        kernel = start(arguments=[file])
        kernel.run(f"print {i}a")
        kernel.run(f"print {i}b")
        kernel.ask("kernel_info_request")  # the cell is over when this is answered
        if end == "shutdown":
            kernel.control("shutdown_request", {"restart": True})
        elif end == "kill":
            kernel.process.kill()
        if end != "stay":
            kernel.process.wait(5)
    codes = [line[2] for line in history(kernel, hist_access_type="tail", n=10)]
    assert codes == [f"print {i}{x}" for i in range(3) for x in "ab"]
    for session, number in ((0, 2), (-1, 1), (-2, 0)):
        lines = history(kernel, hist_access_type="range", session=session, start=1, stop=2)
        assert [line[2] for line in lines] == [f"print {number}a"]
    absolute = history(kernel, hist_access_type="tail", n=6)[0][0]
    lines = history(kernel, hist_access_type="range", session=absolute, start=1)
    assert [line[2] for line in lines] == ["print 0a", "print 0b"]
    assert history(kernel, hist_access_type="range", session=-9, start=1) == []


def test_a_history_that_cannot_be_opened_is_kept_in_memory(tmp_path, start):
    broken = tmp_path / "history.db"
    broken.write_text("this is no database, and long enough to say so" * 100)
    kernel = start(arguments=[str(broken)])
    kernel.run("print kept")
    assert [x[2] for x in history(kernel, hist_access_type="tail", n=5)] == ["print kept"]
    assert broken.read_text().startswith("this is no database")


def test_two_kernels_share_a_history(tmp_path, start):
    file = str(tmp_path / "history.db")
    one, two = start(arguments=[file]), start(arguments=[file])
    for i in range(20):
        one.run(f"print one {i}")
        two.run(f"print two {i}")
    codes = {x[2] for x in history(two, hist_access_type="tail", n=100)}
    assert codes == {f"print {name} {i}" for name in ("one", "two") for i in range(20)}
    mine = history(one, hist_access_type="range", session=0, start=1)
    assert [x[2] for x in mine] == [f"print one {i}" for i in range(20)]


def test_nothing_comes_unasked(echo):
    echo.run("print x")
    time.sleep(0.05)
    quiet(echo.client, 0.1)
    assert quiet(echo.client, 0.3) == []


def test_idle_threads_and_descriptors_do_not_grow(echo):
    def counts():
        pid = echo.process.pid
        return len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))

    echo.run("print x")
    before = counts()
    for _ in range(50):
        echo.run("print x\nputs y\nerror")
    assert counts() == before
