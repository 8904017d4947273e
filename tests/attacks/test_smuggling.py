"""Output channels of a notebook: whatever an analyst hides in an output is either not in the document or found by the scanner.

The kernel never holds an identifier; this plants one as if it did, in every place of an executed notebook that a document could carry on.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from tests.conftest import TODAY, make_workspace
from tests.intake.extract_factory import RESIDENT, write_extract
from tests.publish import builders as build

from daicho.core.config import Config
from daicho.core.errors import UsageError
from daicho.intake.load import take_in
from daicho.present.theme import VEGALITE_MIME
from daicho.runs.publish import publish_html
from daicho.runs.scan.scanner import Scanner
from daicho.vault.identifiers import load_identifier_index

NAME, NUMBER = "金糸雀髙橋一子", "7012345678"
CODED = base64.b64encode(NAME.encode()).decode()
VEGA = VEGALITE_MIME


def chart(change: Callable[[dict[str, Any]], object]) -> NotebookNode:
    spec = copy.deepcopy(build.trend_chart())
    change(spec)
    return new_code_cell("", outputs=[new_output("display_data", data={VEGA: spec, "text/plain": NAME})])  # type: ignore[no-untyped-call]


def rows_with(name: str) -> Callable[[dict[str, Any]], object]:
    """A column that nothing draws."""

    def change(spec: dict[str, Any]) -> None:
        for values in [spec.get("data", {}).get("values", []), *spec.get("datasets", {}).values()]:
            for row in values:
                row[name] = NAME

    return change


def markdown(source: str, **more: Any) -> NotebookNode:
    return new_markdown_cell(source, **more)  # type: ignore[no-untyped-call]


def code(source: str = "", *outputs: NotebookNode, **more: Any) -> NotebookNode:
    return new_code_cell(source, outputs=list(outputs), **more)  # type: ignore[no-untyped-call]


def shown(**data: Any) -> NotebookNode:
    return new_output("display_data", data={key.replace("_", "/"): value for key, value in data.items()}, metadata={"note": NAME})  # type: ignore[no-untyped-call]


PLACES: dict[str, Callable[[], NotebookNode]] = {
    "alternative text of a chart": lambda: chart(lambda spec: spec.update(description=f"折れ線グラフ。{NAME}")),
    "alternative text, letter by letter": lambda: chart(lambda spec: spec.update(description="　".join(NAME))),
    "alternative text, invisible letters between": lambda: chart(lambda spec: spec.update(description="\u200b".join(NAME))),
    "alternative text in base64": lambda: chart(lambda spec: spec.update(description=f"図 {CODED}")),
    "alternative text, a number in groups": lambda: chart(lambda spec: spec.update(description="図 7012-345-678")),
    "title of a chart": lambda: chart(lambda spec: spec.update(title=NAME)),
    "usermeta of a chart": lambda: chart(lambda spec: spec.update(usermeta={"seen": NAME})),
    "name of a chart": lambda: chart(lambda spec: spec.update(name=NAME)),
    "a column that no mark draws": lambda: chart(rows_with("unused")),
    "a parameter of a chart": lambda: chart(lambda spec: spec.update(params=[{"name": "p", "value": NAME}])),
    "metadata of a cell": lambda: markdown("本文", metadata={"seen": NAME}),
    "attachment of a cell": lambda: markdown("本文", attachments={f"{NAME}.png": {"image/png": CODED}}),
    "comment in prose": lambda: markdown(f"本文<!-- {NAME} -->"),
    "title of a link": lambda: markdown(f'[本文](https://laws.e-gov.go.jp/ "{NAME}")'),
    "address of a link": lambda: markdown(f"[本文](https://laws.e-gov.go.jp/?q={NUMBER})"),
    "alternative text of a picture": lambda: markdown(f"![{NAME}](x.png)"),
    "stream of a cell": lambda: code("", new_output("stream", name="stdout", text=NAME)),  # type: ignore[no-untyped-call]
    "traceback of a cell": lambda: code("", new_output("error", ename="E", evalue=NAME, traceback=[NAME])),  # type: ignore[no-untyped-call]
    "source of a cell": lambda: code(f"x = {NAME!r}"),
    "html output": lambda: code("", shown(text_html=f"<p hidden>{NAME}</p>")),
    "picture output": lambda: code("", shown(image_png=CODED)),
    "json output": lambda: code("", shown(application_json=json.dumps({"x": NAME}))),
}


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Scanner:
    folder = tmp_path_factory.mktemp("smuggling")
    config: Config = make_workspace(folder / "office")
    row = {"宛名番号": NUMBER, "氏名": NAME, "漢字氏名": NAME, "カナ氏名": "カナリアタカハシ", "住所": "東京都港区赤坂二丁目11番777号"}
    take_in([write_extract(folder / "r.csv", RESIDENT, [row])], config=config, today=TODAY)
    return Scanner(load_identifier_index(config))


@pytest.mark.parametrize("place", PLACES)
def test_what_a_notebook_hides_is_not_in_the_document_or_is_found(scanner: Scanner, tmp_path: Path, place: str) -> None:
    page = tmp_path / "a.html"
    try:
        publish_html(build.notebook(markdown("本文"), PLACES[place]()), document=build.facts(), out=page)
    except UsageError:
        return  # no such document is made
    raw = page.read_text(encoding="utf-8")
    is_inside = any(written in raw for written in (NAME, NUMBER, CODED, json.dumps(NAME).strip('"'), "　".join(NAME), "7012-345-678"))
    found = {finding.kind for finding in scanner.scan([page])}
    assert found or not is_inside
    if place.startswith(("alternative text of a chart", "alternative text,", "alternative text in", "title of a chart", "a column")):
        assert found
