"""The walkthroughs in the real JupyterLab, in a real browser, in both themes. Leaves
screenshots in build/screenshots/ for people to look at."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build/screenshots"
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def page_of(kernelspec, atelier_data):
    """Opens pages of one Chromium; skipped by name where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not here")
    path = os.environ.get("ATELIER_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("no Chromium on this machine (ATELIER_CHROMIUM)")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield lambda: browser.new_page(viewport={"width": 1280, "height": 960})
        browser.close()


def without_outputs(notebook):
    """The notebook as if it had never run, so that a numbered prompt means: ran now."""
    content = json.loads(notebook.read_text())
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return json.dumps(content)


@pytest.fixture(params=["light", "dark"])
def lab(request, tmp_path, kernelspec, atelier_data):
    """A JupyterLab on copies of the notebooks, in this theme; gives (address, theme)."""
    theme = request.param
    for notebook in (ROOT / "notebooks").glob("0*.ipynb"):
        (tmp_path / notebook.name).write_text(without_outputs(notebook))
    settings = tmp_path / "settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    name = "JupyterLab Light" if theme == "light" else "JupyterLab Dark"
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": name}))
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}))
    # Cells off screen are drawn too, so that all of them can be counted and photographed.
    tracker = tmp_path / "settings/@jupyterlab/notebook-extension"
    tracker.mkdir()
    (tracker / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    port = free_port()
    env = dict(
        os.environ,
        ATELIER_WORKSPACE=str(tmp_path / ".atelier"),
        ATELIER_MIRROR=str(atelier_data / "bank"),
        JUPYTERLAB_SETTINGS_DIR=str(tmp_path / "settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(tmp_path / "workspaces"),
        JUPYTER_CONFIG_DIR=str(tmp_path / "config"),
    )
    log = open(tmp_path / "lab.log", "wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
         f"--port={port}", "--port-retries=0", "--IdentityProvider.token=",
         "--LabApp.expose_app_in_browser=True", f"--notebook-dir={tmp_path}"],
        env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api/status", timeout=2).read()
                break
            except OSError:
                assert server.poll() is None, (tmp_path / "lab.log").read_text()[-2000:]
                time.sleep(0.25)
        yield address, theme
    finally:
        server.send_signal(signal.SIGINT)
        time.sleep(0.2)
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        log.close()


def command(page, name):
    """Starts a command of JupyterLab's; its promise may never end, so it is not awaited."""
    page.evaluate(f"() => {{ window.jupyterapp.commands.execute('{name}'); }}")


def run_all(page, code_cells):
    """Runs every cell and waits until each has its number. A notebook that has just been
    opened may not take the command yet: then it is given again."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        prompts = page.evaluate(
            "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
            ".map(e => e.textContent.replace(/[\\[\\]: ]/g, ''))")
        if len(prompts) == code_cells and all(p.isdigit() for p in prompts):
            return
        if not any(prompts):
            page.locator(".jp-Notebook").click(position={"x": 5, "y": 5})
            command(page, "notebook:run-all-cells")
            page.wait_for_timeout(1200)
        page.wait_for_timeout(300)
    raise AssertionError(f"not all cells ended: {prompts}")


@pytest.mark.parametrize("name", ["01-quickstart", "02-bank", "03-image-classification"])
def test_walk(lab, page_of, name):
    address, theme = lab
    notebook = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text())
    code_cells = sum(cell["cell_type"] == "code" for cell in notebook["cells"])
    page = page_of()
    page.goto(f"{address}/lab/tree/{name}.ipynb?reset")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=60000)
    page.wait_for_timeout(700)  # the notebook is there a moment before its commands are
    run_all(page, code_cells)
    command(page, "application:toggle-left-area")
    theme_now = page.evaluate("document.body.dataset.jpThemeName")
    assert theme_now == ("JupyterLab Light" if theme == "light" else "JupyterLab Dark")
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert page.locator(".jp-OutputArea-output svg").count() > 3
    photograph(page, PICTURES / f"{name}-{theme}")
    page.close()


def photograph(page, stem):
    """Screenshots down the notebook, a screen at a time: stem-01.png, ..."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    for old in stem.parent.glob(f"{stem.name}-*.png"):
        old.unlink()
    panel = ".jp-WindowedPanel-outer"
    page.evaluate(f"document.querySelector('{panel}').scrollTop = 0")
    for shot in range(1, 20):
        page.wait_for_timeout(250)
        page.screenshot(path=f"{stem}-{shot:02d}.png")
        moved = page.evaluate(
            f"(() => {{ const e = document.querySelector('{panel}'); const y = e.scrollTop;"
            " e.scrollTop = y + e.clientHeight - 60; return e.scrollTop > y + 1; })()")
        if not moved:
            return
