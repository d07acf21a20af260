"""stdin: questions, answers, interrupts while one waits."""

import time
from queue import Empty

import zmq
import pytest
from harness import SLOW


def question(kernel):
    message = kernel.client.get_stdin_msg(timeout=10)
    assert message["msg_type"] == "input_request"
    return message


def test_a_question_and_its_answer(echo):
    message_id = echo.client.execute("ask your name?")
    asked = question(echo)
    assert asked["content"] == {"prompt": "your name?", "password": False}
    assert asked["parent_header"]["msg_id"] == message_id
    echo.client.input("Ada \U0001f469")
    assert echo.finish(message_id).text() == "got Ada \U0001f469\n"


def test_a_password_says_so(echo):
    message_id = echo.client.execute("ask password")
    assert question(echo)["content"]["password"] is True
    echo.client.input("secret")
    assert echo.finish(message_id).reply["status"] == "ok"


def test_what_was_printed_is_seen_before_the_question(echo):
    message_id = echo.client.execute("print before\nask x")
    question(echo)
    echo.wait_for_stream("before", timeout=5)
    echo.client.input("y")
    assert echo.reply(message_id)["content"]["status"] == "ok"
    echo.wait_for_state("idle")


def test_where_input_is_not_allowed_the_cell_fails_at_once(echo):
    begun = time.monotonic()
    cell = echo.run("ask x", allow_stdin=False)
    assert cell.reply["ename"] == "Unsupported"
    assert time.monotonic() - begun < 1 * SLOW
    with pytest.raises(Empty):
        echo.client.get_stdin_msg(timeout=0.1)


def test_an_old_answer_is_no_answer_to_a_new_question(echo):
    echo.client.input("stale")
    time.sleep(0.1)
    message_id = echo.client.execute("ask now?")
    question(echo)
    time.sleep(0.1)
    echo.client.input("fresh")
    assert echo.finish(message_id).text() == "got fresh\n"


def test_an_answer_that_names_another_question_is_dropped(echo):
    first = echo.client.execute("ask one")
    old = question(echo)
    echo.control("interrupt_request")
    assert echo.finish(first).reply["ename"] == "Interrupted"
    second = echo.client.execute("ask two")
    new = question(echo)
    for asked, value in ((old, "to the old"), (new, "to the new")):
        answer = echo.client.session.msg("input_reply", {"value": value}, parent=asked)
        echo.client.stdin_channel.send(answer)
    assert echo.finish(second).text() == "got to the new\n"


def test_end_of_input(echo):
    message_id = echo.client.execute("ask x")
    question(echo)
    echo.client.input("\x04")
    assert echo.finish(message_id).reply["ename"] == "Unsupported"


def test_an_interrupt_ends_the_wait(echo):
    message_id = echo.client.execute("ask x")
    question(echo)
    begun = time.monotonic()
    echo.control("interrupt_request")
    assert echo.finish(message_id).reply["ename"] == "Interrupted"
    assert time.monotonic() - begun < 0.5 * SLOW
    assert echo.run("print on").text() == "on\n"


def test_another_client_cannot_answer(echo):
    message_id = echo.client.execute("ask x")
    question(echo)
    session = echo.session()
    with echo.socket(zmq.DEALER, "stdin") as socket:
        session.send(socket, "input_reply", {"value": "from a stranger"})
        time.sleep(0.2)
    echo.client.input("from its own")
    assert echo.finish(message_id).text() == "got from its own\n"
