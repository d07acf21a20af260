"""jupyter_kernel_test, whole: over the fake language and over the real one."""

import json
import os
import pathlib

import jupyter_kernel_test
import pytest
from harness import FOREIGN, echo_binary


@pytest.fixture(scope="module", autouse=True)
def quiet_environment(tmp_path_factory):
    """Kernels that jupyter_client launches itself inherit our environment."""
    before = dict(os.environ)
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ["ATELIER_WORKSPACE"] = str(tmp_path_factory.mktemp("workspace"))
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def echo_spec(quiet_environment, tmp_path_factory):
    data = tmp_path_factory.mktemp("jupyter")
    folder = pathlib.Path(data) / "kernels/echo"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({
        "argv": [echo_binary(), "-f", "{connection_file}"], "display_name": "Echo",
        "language": "echo", "interrupt_mode": "message"}))
    before = os.environ.get("JUPYTER_PATH", "")
    os.environ["JUPYTER_PATH"] = f"{data}:{before}"
    yield
    os.environ["JUPYTER_PATH"] = before


@pytest.mark.usefixtures("echo_spec")
class TestEcho(jupyter_kernel_test.KernelTests):
    kernel_name = "echo"
    language_name = "echo"
    file_extension = ".echo"
    code_hello_world = "print hello, world"
    code_stderr = "warn careful"
    completion_samples = [{"text": "com", "matches": {"complain"}},
                          {"text": "print x\nup", "matches": {"update"}}]
    complete_code_samples = ["print x", ""]
    incomplete_code_samples = ["print \\"]
    invalid_code_samples = ["invalid"]
    code_page_something = "page help"
    code_generate_error = "error"
    code_execute_result = [{"code": "result 42", "result": "42"},
                           {"code": "result 43", "result": "43"}]
    code_display_data = [{"code": "display x", "mime": "text/html"}]
    code_history_pattern = "result 42"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "print"
    code_clear_output = "clear"


@pytest.mark.usefixtures("echo_spec")
class TestEchoWelcome(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "echo"
    support_iopub_welcome = True


@pytest.mark.usefixtures("kernelspec")
class TestAtelier(jupyter_kernel_test.KernelTests):
    kernel_name = "atelier"
    language_name = "atelier"
    file_extension = ".atl"
    code_hello_world = "!echo hello, world"
    code_stderr = "!echo careful >&2"
    completion_samples = [{"text": "%descr", "matches": {"%describe"}},
                          {"text": "%%tra", "matches": {"%%train"}},
                          {"text": "%show --row", "matches": {"--rows"}}]
    complete_code_samples = ["SELECT 1", "%help", "!ls"]
    incomplete_code_samples = ["SELECT (1", "SELECT 'a", "%%train x"]
    invalid_code_samples = []
    code_page_something = "%show?"
    code_generate_error = "%no-such-magic"
    code_execute_result = [{"code": "SELECT 6 * 7 AS answer", "mime": "text/html"},
                           {"code": "SELECT 'hello'"}]
    code_display_data = [{"code": "%help", "mime": "text/html"}]
    code_history_pattern = "SELECT 6*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "%show"
    code_clear_output = "%clear"


@pytest.mark.usefixtures("kernelspec")
class TestAtelierWelcome(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "atelier"
    support_iopub_welcome = True

