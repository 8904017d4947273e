"""What lies in the workspace as an attacker may write it: notebooks and their parameters, plans, contracts, profiles, configuration."""

from __future__ import annotations

import ast
import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from tests.cli.shell import daicho
from tests.conftest import TODAY, WARD_SMALL, make_workspace
from tests.gate.toy import REPOSITORY, grant, launched, serving
from tests.gate.toy import make_workspace as make_toy
from tests.kernels.benches import bench, execute, running_kernel

from daicho.core.config import Config, load_config
from daicho.core.errors import DaichoError, DisclosureError, UsageError, VaultError
from daicho.gate.client import GateClient
from daicho.gate.roles import user_name
from daicho.gate.server import GateServer
from daicho.runs.notebooks import check_parameters, load_report, report_names
from daicho.runs.plans import planned_jobs, read_plan
from daicho.seal import seal_available

needs_landlock = pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer")
ME = user_name(os.getuid())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """An empty workspace; what a test plants, it takes away."""
    return make_workspace(tmp_path_factory.mktemp("files") / "office")


@pytest.fixture
def own(tmp_path: Path) -> Config:
    return make_workspace(tmp_path / "own")


# Parameters

INJECTIONS = (
    '"; import os; os.remove("x") #',
    "'; raise SystemExit #",
    'x"\nimport os',
    "x'''\nimport os\n'''",
    'x"""\nimport os\n"""',
    "x\\",
    'x\\"\nimport os',
    "x\r\nimport os",
    "x\u2028import os",
    "x\x0cimport os",
    "{__import__('os')}",
    "%run evil.py",
    "!id",
    "../../var/keys/vault.key",
    "file:///etc/passwd",
    "\x00",
    "",
)


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_parameter_stays_text_whatever_it_holds(office: Config, text: str) -> None:
    for name in report_names(office):
        report = load_report(office, name)
        free = [key for key, item in report.parameters.items() if item.type == "str" and key != "as_of" and not key.endswith("_on")]
        checked = check_parameters(report, dict.fromkeys(free, text))
        filled = parameterize_notebook(load_notebook_node(str(report.path)), checked)
        cells = [cell for cell in filled.cells if "injected-parameters" in cell.metadata.get("tags", [])]
        for cell in cells:
            statements = ast.parse(cell.source).body
            assert {statement.targets[0].id: ast.literal_eval(statement.value) for statement in statements} == checked  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", [["A"], {"a": 1}, None, 1.5, True, "2026-04-01; import os", "2026-04-01\n", "٢٠٢٦-٠٤-٠١"])
def test_a_day_and_a_year_take_nothing_but_a_day_and_a_year(office: Config, value: object) -> None:
    report = load_report(office, "coverage")
    for name in ("as_of", "fiscal_year"):
        with pytest.raises(UsageError, match=f"the parameter {name}"):
            check_parameters(report, {name: value})


@pytest.mark.parametrize("name", ["__builtins__", "daicho", "ledger", "as_of; import os", "", "__class__"])
def test_no_other_name_can_be_set_by_a_parameter(office: Config, name: str) -> None:
    with pytest.raises(UsageError, match="has no parameter"):
        check_parameters(load_report(office, "coverage"), {name: "1"})


@pytest.mark.parametrize(
    "source",
    [
        'x: int = __import__("os").system("touch pwned")',
        'import os\nx: str = ""',
        "x: str = f'{open(1)}'",
        "x: (lambda: 1)() = 1",
        "x: str = 'a' if 1 else 'b'",
        "x: str = (",
        "x: int = " + "(" * 500 + "1" + ")" * 500,
    ],
)
def test_a_parameters_cell_is_read_and_never_run(own: Config, source: str) -> None:
    notebook = nbformat.read(own.notebooks_dir / "data_quality.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    cell.source = source
    nbformat.write(notebook, own.notebooks_dir / "evil.ipynb")
    told = daicho(own, "report", "evil")
    assert told.code == 2 and "evil.ipynb" in told.sentence
    assert not list(own.root.rglob("pwned")) and not Path("pwned").exists()


@pytest.mark.parametrize("name", ["../notebooks/coverage", "/etc/passwd", "coverage/../coverage", ".", "..", "", "coverage.ipynb", "a\0b"])
def test_a_report_is_named_and_not_a_path(office: Config, name: str) -> None:
    with pytest.raises(UsageError, match="there is no report"):
        load_report(office, name)


# Plans

PLAN = """
title = "{title}"
start = 2026-04-01
[schedule]
every = "month"
day = 1
[[reports]]
report = "{report}"
{more}
"""


def plan_jobs(config: Config, folder: Path, *, title: str = "試験", report: str = "coverage_district", more: str = "") -> object:
    path = folder / "evil.toml"
    path.write_text(PLAN.format(title=title, report=report, more=more), encoding="utf-8")
    return planned_jobs(read_plan(path), config=config, on=TODAY)


@pytest.mark.parametrize("listed", ["../reference/statutory", "../../../evil", "/tmp/evil", "district/../district", ".", ""])
def test_a_plan_reads_no_list_outside_the_code_lists(own: Config, tmp_path: Path, listed: str) -> None:
    (own.root.parent / "evil.csv").write_text("code,label\nA,芝\n", encoding="utf-8")
    if listed:
        with pytest.raises(UsageError):
            plan_jobs(own, tmp_path, more=f'for_each = "{listed}"')


@pytest.mark.parametrize("code", ["../../x", "/tmp/x", "a/b", "a\\\\b/..", "x" * 300, "a\nb"])
def test_a_code_that_is_a_path_names_no_file(own: Config, tmp_path: Path, code: str) -> None:
    path = own.contracts_dir / "codelists" / "district.csv"
    header = path.read_text(encoding="utf-8-sig").splitlines()[0]
    row = ['"' + code + '"', "芝", *[""] * (header.count(",") - 1)]
    path.write_text(header + "\n" + ",".join(row) + "\n", encoding="utf-8")
    with pytest.raises(UsageError):
        plan_jobs(own, tmp_path, more='for_each = "district"')


@pytest.mark.parametrize(
    "more",
    [
        'report_dir = "/tmp"',
        'parameters = {out = "/tmp/x"}',
        'parameters = {as_of = "$(id)"}',
        'parameters = {fiscal_year = "previous_month; import os"}',
    ],
)
def test_a_plan_sets_nothing_but_what_its_report_takes(office: Config, tmp_path: Path, more: str) -> None:
    with pytest.raises(UsageError):
        plan_jobs(office, tmp_path, more=more)


@needs_landlock
@pytest.mark.parametrize(("profile", "role"), [("statutory", "analyst"), ("everything", "officer"), ("settlement", "analyst")])
def test_a_profile_in_plan_or_notebook_gives_nobody_more_than_his_role(tmp_path: Path, profile: str, role: str) -> None:
    with (
        bench(settings=grant(ME, role, "2027-03-31")) as made,
        pytest.raises(DaichoError) as refused,
        running_kernel(made, profile=profile),
    ):
        pytest.fail("the kernel started")
    assert isinstance(refused.value, DisclosureError)


# Contracts and profiles


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


WEAKENED: dict[str, Callable[[Config], None]] = {
    "a name becomes operational": lambda config: replaced(
        config.contracts_dir / "extracts" / "resident.odcs.yaml", "classification: direct_identifier", "classification: operational"
    ),
    "the number becomes operational": lambda config: replaced(
        config.contracts_dir / "extracts" / "vaccination.odcs.yaml", "classification: link_key", "classification: operational"
    ),
    "a lot becomes operational": lambda config: replaced(
        config.contracts_dir / "extracts" / "vaccination.odcs.yaml", "classification: sensitive", "classification: operational"
    ),
    "the lock is gone": lambda config: (config.contracts_dir / "contracts.lock").unlink(),
}


@pytest.mark.parametrize("how", WEAKENED)
def test_a_contract_weakened_behind_the_lock_takes_nothing_in(own: Config, how: str) -> None:
    WEAKENED[how](own)
    refused = daicho(own, "intake", WARD_SMALL)
    assert refused.code in (1, 2), refused.out + refused.err
    assert not own.vault_dir.exists() or not list(own.vault_dir.rglob("*.duckdb"))
    assert daicho(own, "check").code in (1, 2)


def ask(config: Config, profile: str = "public") -> str:
    with serving(config), GateClient.connect(config) as client:
        return client.measure("residents", by=["sex"], profile=profile).facts.release_id


@pytest.mark.parametrize("change", [("threshold: 10", "threshold: 3"), ("complement: true", "complement: false")])
def test_changed_thresholds_make_another_release_and_the_earlier_one_stays_what_it_was(tmp_path: Path, change: tuple[str, str]) -> None:
    config = make_toy(tmp_path)
    rules = config.contracts_dir / "disclosure.yaml"
    agreed, before = rules.read_text(encoding="utf-8"), ask(config)
    stored = (config.releases_dir / f"{before}.arrow").read_bytes()
    replaced(rules, *change)
    with contextlib.suppress(DisclosureError):  # two tables under different rules may not stand together either
        assert ask(config) != before
    rules.write_text(agreed, encoding="utf-8")
    assert ask(config) == before and (config.releases_dir / f"{before}.arrow").read_bytes() == stored


@pytest.mark.parametrize(
    "change",
    [
        ("threshold: 10", "threshold: 1"),
        ("threshold: 10", "threshold: 0"),
        ("threshold: 10", "threshold: -5"),
        ("threshold: 10", "threshold: true"),
        ("threshold: 10", "threshold: 10.5"),
        ("threshold: 10", "threshold: !!python/object/apply:os.system ['touch pwned']"),
        ("refuse_derivable: true", "refuse_derivable: 1"),
        ("complement: true", "complemnt: true"),
    ],
)
def test_no_gate_starts_under_profiles_that_protect_nobody(tmp_path: Path, change: tuple[str, str]) -> None:
    config = make_toy(tmp_path)
    replaced(config.contracts_dir / "disclosure.yaml", *change)
    with pytest.raises(UsageError, match="disclosure"), serving(config):
        pytest.fail("the gate started")
    assert not list(tmp_path.rglob("pwned")) and not Path("pwned").exists()


# Configuration


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Config, Config]]:
    """An office whose gate runs and which grants only the analyst, and a workspace of the analyst's own over the same state folder."""
    office = make_toy(tmp_path / "office", roles=grant(ME, "analyst", "2027-03-31"))
    other = make_toy(tmp_path / "other", roles=f'\n[state]\nfolder = "{office.state_dir}"\n' + grant(ME, "officer", "2027-03-31"))
    replaced(other.contracts_dir / "disclosure.yaml", "threshold: 10", "threshold: 2")
    with serving(office):
        yield office, other


def test_another_workspace_over_the_same_state_folder_meets_the_offices_rules_and_roles(two: tuple[Config, Config]) -> None:
    office, other = two
    assert other.state_dir == office.state_dir
    with pytest.raises(UsageError, match="already runs"):
        GateServer(other, engine=None)  # type: ignore[arg-type]
    with GateClient.connect(other) as client:
        assert client.role == "analyst" and "statutory" not in client.profiles
        assert client.measure("residents", by=["sex"], profile="public").facts.strictness > 0
        with pytest.raises(DisclosureError):
            launched(other, client, role="officer", profiles=["statutory"], default_profile="statutory")


def test_other_keys_open_nothing(ward: Config, tmp_path: Path) -> None:
    own = make_workspace(tmp_path / "own", settings={"folder": f'"{ward.state_dir}"', "keys": f'"{tmp_path / "keys"}"'})
    for made in (False, True):
        if made:
            shutil.copytree(ward.key_dir, tmp_path / "keys")
            replaced(tmp_path / "keys" / "vault.key", '"secret_hex": "', '"secret_hex": "00')
        told = daicho(own, "query", "residents")
        assert told.code == 5 and not told.out


@needs_landlock
def test_where_a_kernel_can_be_sealed_it_is_whatever_the_configuration_allows() -> None:
    with bench(settings="\n[seal]\nallow_unsealed = true\n") as made, running_kernel(made) as kernel:
        assert kernel.is_sealed
        code = f"try:\n    print(open({str(made.config.vault_dir / 'canary')!r}).read())\nexcept PermissionError:\n    print('refused')"
        assert execute(kernel, [code]) == ["refused\n"]


@pytest.mark.parametrize("text", ["allow_unsealed = 1", 'allow_unsealed = "false"', "allow_unseald = true", "policy = []"])
def test_a_seal_setting_that_is_no_plain_yes_or_no_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="seal"):
        make_toy(tmp_path, roles=f"\n[seal]\n{text}\n")


# Code

FORBIDDEN = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            safe = [keyword for keyword in node.keywords if keyword.arg == "Loader" and ast.unparse(keyword.value) == "_StrictLoader"]
            yield "yaml.safe_load" if safe else ast.unparse(node.func)
            if any(keyword.arg == "shell" and not _is_false(keyword.value) for keyword in node.keywords):
                yield "shell=True"


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_the_library_unpickles_evaluates_and_shells_nothing() -> None:
    bad = {"eval", "exec", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "shell=True", "tempfile.mktemp"}
    for path in (REPOSITORY / "lib" / "daicho").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & FORBIDDEN and not set(calls(tree)) & bad, path.name


def test_a_release_that_holds_a_pickled_object_is_not_read(tmp_path: Path) -> None:
    config = make_toy(tmp_path)
    release = ask(config)
    planted = config.releases_dir / f"{release}.arrow"
    planted.write_bytes(b"\x80\x04\x95" + b"cposix\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(VaultError, match="damaged"):
        ask(config)
    assert not Path("pwned").exists() and load_config(config.root) == config
