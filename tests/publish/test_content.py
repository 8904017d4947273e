"""What of a notebook is published, and how it is numbered."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from tests.publish import builders as build

from daicho.runs.publish.content import Prose, read_content
from daicho.runs.publish.figures import Figure
from daicho.runs.publish.markdown import plain_text
from daicho.runs.publish.tables import Table


def test_only_markdown_tables_and_charts_are_gathered_in_reading_order() -> None:
    content = read_content(build.full_notebook(), title=build.TITLE)
    kinds = [type(block) for block in content.blocks]
    assert kinds == [Prose, Prose, Prose, Table, Prose, Figure, Prose, Figure, Prose, Figure, Figure, Prose, Table, Table, Prose]


def test_tables_and_figures_are_numbered_apart_from_one() -> None:
    content = read_content(build.full_notebook(), title=build.TITLE)
    assert [table.number for table in content.tables] == [1, 2, 3]
    assert [figure.number for figure in content.figures] == [1, 2, 3, 4]


def test_first_heading_that_repeats_the_title_is_left_out() -> None:
    content = read_content(build.notebook(build.markdown_cell("# 題名\n\n本文")), title="題名")
    assert content.headings == ()
    other = read_content(build.notebook(build.markdown_cell("# 題名\n\n本文")), title="別の題")
    assert [heading.text for heading in other.headings] == ["題名"]


def test_heading_levels_never_skip_one() -> None:
    content = read_content(build.notebook(build.markdown_cell("## 甲\n\n#### 乙\n\n##### 丙\n\n## 丁")), title="")
    assert [(heading.level, heading.anchor) for heading in content.headings] == [(1, "s1"), (2, "s2"), (3, "s3"), (1, "s4")]


def test_notes_and_cautions_are_told_from_other_markdown_output() -> None:
    note = new_code_cell("", outputs=[build.output({"text/markdown": ["基準日\n", "終わり"]}, daicho={"role": "note"})])
    plain = new_code_cell("", outputs=[build.output({"text/markdown": "所見"})])
    caution = new_code_cell("", outputs=[build.output({"text/markdown": "> **注意**"}, daicho={"role": "caution"})])
    blocks = read_content(build.notebook(note, plain, caution), title="").blocks
    assert [block.role for block in blocks if isinstance(block, Prose)] == ["note", "", "caution"]
    last = blocks[2]
    assert isinstance(last, Prose)
    assert [node["kind"] for node in last.nodes] == ["paragraph"]
    first = blocks[0]
    assert isinstance(first, Prose)
    assert plain_text(first.nodes[0]["inlines"]) == "基準日終わり"


def test_a_sentence_said_twice_in_a_row_is_said_once() -> None:
    def said(words: str) -> NotebookNode:
        return new_code_cell("", outputs=[build.output({"text/markdown": words})])

    content = read_content(build.notebook(said("示せない。"), said("示せない。"), said("別の文。"), said("示せない。")), title="")
    assert len(content.blocks) == 3
