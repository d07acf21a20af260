"""execute_request: order, counting, silence, errors, what is aborted."""

import json
import time

import zmq


def test_busy_input_output_idle_in_this_order(echo):
    cell = echo.run("print one\nresult two")
    assert cell.types() == ["status", "execute_input", "stream", "execute_result", "status"]
    assert [c["execution_state"] for c in cell.contents("status")] == ["busy", "idle"]
    assert cell.contents("execute_input")[0]["code"] == "print one\nresult two"
    assert cell.reply["status"] == "ok"
    assert cell.reply["user_expressions"] == {} and cell.reply["payload"] == []


def test_the_parent_of_everything_is_the_whole_request_header(echo):
    client = echo.client
    message = client.session.msg("execute_request", {"code": "print x", "silent": False})
    client.shell_channel.send(message)
    cell = echo.finish(message["header"]["msg_id"])
    for answer in [cell.message, *cell.messages]:
        for field in ("msg_id", "session", "msg_type", "username"):
            assert answer["parent_header"][field] == message["header"][field]


def test_reply_comes_before_idle(echo):
    """Whoever sees idle finds the reply there already."""
    message_id = echo.client.execute("print x")
    echo.output(message_id)
    reply = echo.client.get_shell_msg(timeout=0.5)
    assert reply["parent_header"]["msg_id"] == message_id


def test_only_stored_cells_count(echo):
    first = echo.run("print a").reply["execution_count"]
    assert echo.run("print b").reply["execution_count"] == first + 1
    assert echo.run("print c", store_history=False).reply["execution_count"] == first + 1
    assert echo.run("print d", silent=True).reply["execution_count"] == first + 1
    assert echo.run("  \n").reply["execution_count"] == first + 1
    assert echo.run("print e").reply["execution_count"] == first + 2


def test_a_cell_shows_its_number(echo):
    cell = echo.run("result 4")
    count = cell.reply["execution_count"]
    assert cell.contents("execute_input")[0]["execution_count"] == count
    assert cell.contents("execute_result")[0]["execution_count"] == count


def test_silent_shows_nothing_not_even_stray_prints_or_errors(echo):
    cell = echo.run("print a\nputs b\nresult c\ndisplay d\nerror", silent=True)
    assert cell.types() == ["status", "status"]
    assert cell.reply["status"] == "error"


def test_an_error_says_what_where_and_what_to_do(echo):
    cell = echo.run("error it is wrong", stop_on_error=False)
    assert cell.reply["status"] == "error"
    assert cell.reply["ename"] == "InvalidInput"
    assert cell.reply["evalue"] == "it is wrong"
    shown = "\n".join(cell.reply["traceback"])
    assert "error\n^" in shown and "do not ask for it" in shown
    (published,) = cell.contents("error")
    assert published == {k: cell.reply[k] for k in ("ename", "evalue", "traceback")}


def test_what_was_printed_stands_before_the_error(echo):
    cell = echo.run("print a\nputs b\nerror", stop_on_error=False)
    assert cell.types()[-2:] == ["error", "status"]
    assert cell.text() == "a\nb\n"


def test_an_error_aborts_what_is_queued_and_only_that(echo):
    first = echo.client.execute("sleep 0.2\nerror")
    queued = [echo.client.execute(f"print {i}") for i in range(3)]
    info = echo.client.kernel_info()
    assert echo.finish(first).reply["status"] == "error"
    # The client has the error: what it sends from now on is meant to run.
    after = echo.client.execute("print after")
    for message_id in queued:
        cell = echo.finish(message_id)
        assert cell.reply["status"] == "aborted"
        assert isinstance(cell.reply["execution_count"], int)
        assert cell.types() == ["status", "status"]
    assert echo.reply(info)["content"]["status"] == "ok"
    assert echo.finish(after).text() == "after\n"


def test_run_all_stops_at_an_error_that_comes_at_once(echo):
    """The cells that follow are still on their way when the first one fails."""
    session = echo.session()
    for _ in range(10):
        messages = [session.msg("execute_request", {"code": code})
                    for code in ("error", "print a", "print b")]
        wire = [session.serialize(message) for message in messages]
        with echo.socket(zmq.DEALER, "shell") as shell:
            for frames in wire:
                shell.send_multipart(frames)
                time.sleep(0.002)
            states = [json.loads(shell.recv_multipart()[-1])["status"] for _ in wire]
        assert states == ["error", "aborted", "aborted"]


def test_a_cell_sent_after_the_error_arrived_runs(echo):
    for _ in range(10):
        assert echo.run("error").reply["status"] == "error"
        assert echo.run("print on").text() == "on\n"


def test_stop_on_error_false_lets_the_queue_run(echo):
    first = echo.client.execute("sleep 0.1\nerror", stop_on_error=False)
    second = echo.client.execute("print on")
    assert echo.finish(first).reply["status"] == "error"
    assert echo.finish(second).text() == "on\n"


def test_stop_on_error_is_true_when_absent(echo):
    ids = []
    for code in ("sleep 0.1\nerror", "print no"):
        message = echo.client.session.msg("execute_request", {"code": code})
        echo.client.shell_channel.send(message)
        ids.append(message["header"]["msg_id"])
    assert [echo.finish(i).reply["status"] for i in ids] == ["error", "aborted"]


def test_user_expressions_are_answered_one_by_one(echo):
    cell = echo.run("print x", user_expressions={"good": "42", "wrong": "bad"})
    answers = cell.reply["user_expressions"]
    assert answers["good"]["status"] == "ok"
    assert answers["good"]["data"] == {"text/plain": "42"}
    assert answers["wrong"]["status"] == "error" and answers["wrong"]["ename"] == "NotFound"


def test_help_goes_to_the_pager(echo):
    cell = echo.run("page how to do it")
    (page,) = cell.reply["payload"]
    assert page == {"source": "page", "data": {"text/plain": "how to do it"}, "start": 0}
    assert cell.types() == ["status", "execute_input", "status"]


def test_displays_and_their_updates_share_an_id(echo):
    cell = echo.run("display a\nupdate b\nclear wait")
    (shown,), (updated,) = cell.contents("display_data"), cell.contents("update_display_data")
    assert shown["data"] == {"text/plain": "a", "text/html": "<b>shown</b>"}
    assert shown["transient"] == updated["transient"] == {"display_id": "echo-1"}
    assert cell.contents("clear_output") == [{"wait": True}]


def test_clear_goes_behind_what_was_printed_before(start, atelier_binary, tmp_path):
    kernel = start(command=[str(atelier_binary), "kernel"],
                   ATELIER_WORKSPACE=str(tmp_path / "workspace"))
    cell = kernel.run("!echo before\n%clear\n!echo between\n%clear --wait\n!echo after")
    assert cell.reply["status"] == "ok"
    shown = [m for m in cell.messages if m["msg_type"] in ("stream", "clear_output")]
    assert [m["content"].get("text", m["content"].get("wait")) for m in shown] == [
        "before\n", False, "between\n", True, "after\n"]


def test_text_with_emoji_and_combining_marks_survives(echo):
    text = "naïve e\u0301 \U0001f9e0\U0001f468\u200d\U0001f469 \"quoted\" \\ \t\x01"
    assert echo.run(f"print {text}").text() == text + "\n"


def test_an_interrupt_leaves_the_queue_to_stop_on_error(echo):
    first = echo.client.execute("sleep 20")
    second = echo.client.execute("print x")
    time.sleep(0.1)
    echo.control("interrupt_request")
    assert echo.finish(first).reply["ename"] == "Interrupted"
    assert echo.finish(second).reply["status"] == "aborted"
