"""JupyterLab as `daicho lab` serves it, driven through its own interface."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator

import nbformat
import pytest
from tests.kernels.benches import bench
from tests.kernels.labs import Lab, serving_lab
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from daicho.kernels.kernelspec import KERNEL_TITLE
from daicho.seal import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with bench() as made, serving_lab(made) as lab:
        yield lab


async def run_code(lab: Lab, kernel_id: str, code: str) -> str:
    """Run code in a kernel through the server, and return what it printed."""
    address = f"{lab.url.replace('http', 'ws', 1)}api/kernels/{kernel_id}/channels"
    connection = await websocket_connect(HTTPRequest(address, headers={"Authorization": f"token {lab.token}"}))
    header = {"msg_id": "m1", "msg_type": "execute_request", "username": "", "session": "s", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    await connection.write_message(
        json.dumps({"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content})
    )
    printed = ""
    while True:
        message = json.loads(await asyncio.wait_for(connection.read_message(), 60) or "{}")
        if message["parent_header"].get("msg_id") != "m1":
            continue
        if message["msg_type"] == "stream":
            printed += message["content"]["text"]
        if message["msg_type"] == "error":
            printed += message["content"]["ename"]
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            connection.close()
            while await connection.read_message() is not None:  # until the server has closed it too: no socket outlives the loop
                pass
            return printed


def test_only_the_sealed_kernel_is_offered(lab: Lab) -> None:
    _, answer = lab.ask("GET", "api/kernelspecs")
    assert answer["default"] == "daicho"
    assert {name: spec["spec"]["display_name"] for name, spec in answer["kernelspecs"].items()} == {"daicho": KERNEL_TITLE}


@pytest.mark.parametrize("path", ["api/terminals", "api/nbconvert", "lsp/status"])
def test_what_would_run_outside_the_seal_is_not_served(path: str, lab: Lab) -> None:
    assert lab.ask("GET", path)[0] == 404


def test_no_request_is_answered_without_the_token(lab: Lab) -> None:
    stranger = Lab(made=lab.made, url=lab.url, token="")
    assert stranger.ask("GET", "api/kernels")[0] == 403


def test_a_kernel_of_the_lab_is_sealed_and_reaches_the_gate(lab: Lab) -> None:
    canary = lab.made.config.vault_dir / "canary"
    status, kernel = lab.ask("POST", "api/kernels", {"name": "daicho"})
    assert status == 201
    code = (
        f"import daicho\ntry:\n    print(open({str(canary)!r}).read())\nexcept PermissionError:\n    print('refused')\n"
        "print(daicho.open(purpose='試験').measure('residents', by=['district']).frame.height)"
    )
    assert asyncio.run(run_code(lab, kernel["id"], code)) == "refused\n3\n"
    work = lab.made.config.work_dir / "lab" / kernel["id"]
    assert work.is_dir()
    assert lab.ask("POST", f"api/kernels/{kernel['id']}/restart")[0] == 200
    assert asyncio.run(run_code(lab, kernel["id"], code)) == "refused\n3\n"
    assert lab.ask("DELETE", f"api/kernels/{kernel['id']}")[0] == 204
    assert not work.exists()


def test_whatever_kernel_a_request_names_the_sealed_one_starts(lab: Lab) -> None:
    status, kernel = lab.ask("POST", "api/kernels", {"name": "python3"})
    assert status == 201
    code = f"try:\n    print(open({str(lab.made.config.vault_dir / 'canary')!r}).read())\nexcept PermissionError:\n    print('refused')"
    assert asyncio.run(run_code(lab, kernel["id"], code)) == "refused\n"


def test_a_notebook_is_saved_without_its_outputs(lab: Lab) -> None:
    output = nbformat.v4.new_output("stream", text="CANARY")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output], execution_count=3)])
    assert lab.ask("PUT", "api/contents/a.ipynb", {"type": "notebook", "content": notebook})[0] == 201
    saved = (lab.made.config.notebooks_dir / "a.ipynb").read_text()
    assert "CANARY" not in saved
    assert '"execution_count": 3' not in saved


def test_the_vault_is_out_of_reach_of_the_file_browser(lab: Lab) -> None:
    for path in ("api/contents/../var/vault/canary", "api/contents/%2e%2e/var/vault/canary", "files/../var/vault/canary"):
        status, answer = lab.ask("GET", path)
        assert status >= 400
        assert "CANARY" not in str(answer)


def test_pages_may_load_nothing_from_another_host(lab: Lab) -> None:
    request = urllib.request.Request(lab.url + "lab", headers={"Authorization": f"token {lab.token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "connect-src 'self'" in policy
    assert "default-src 'self'" in policy
    assert "http" not in policy
