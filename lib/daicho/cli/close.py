"""`daicho close`: close a month of payment for good."""

from __future__ import annotations

import json
import re

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.core.errors import UsageError

_SHOWN = (
    ("events_count", "claims"), ("paid_count", "paid"), ("gross_yen", "gross"), ("copay_yen", "self-payment"), ("payable_yen", "payable"),
    ("fee_yen", "administration fee"), ("rounding_yen", "rounding"), ("adjustments_yen", "adjustments"), ("total_yen", "total"),
    ("carried_in_yen", "doses of earlier fiscal years"), ("carried_out_yen", "held, carried out"),
)  # fmt: skip


@click.command(cls=DaichoCommand)
@click.argument("what", type=click.Choice(["payments"]))
@click.option("--month", required=True, metavar="YYYY-MM", help="Month of payment (支払月) to close.")
@click.option("--accept-blocked", is_flag=True, help="Close although bills of the month are blocked (see claim_differences).")
@click.option("--purpose", default="daicho close", help="Purpose of use, kept in the access log.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def close(session: Session, what: str, month: str, accept_blocked: bool, purpose: str, style: str) -> None:
    """Close a month of payment: its claims and amounts stay as they are now, and later corrections are adjustments in an open month.

    A closed month is read again and checked; its digest stays the same. For officers.

    Example: daicho close payments --month 2026-04
    """
    from daicho.gate.client import GateClient
    from daicho.gate.process import running_gate

    if not re.fullmatch(r"[12][0-9]{3}-(0[1-9]|1[0-2])", month):
        raise UsageError(f"--month {month} is no month; write it as 2026-04.")
    config = session.config()
    with running_gate(config), GateClient.connect(config) as client:
        closed = client.close_month(int(month.replace("-", "")), accept_blocked=accept_blocked, purpose=purpose)
    path = config.state_dir / "closes" / closed["record"]
    if style == "json":
        click.echo(json.dumps({**closed, "path": str(path)}, ensure_ascii=False))
        return
    click.echo(f"{month}: {'closed' if closed['is_new'] else 'closed on ' + closed['closed_on'] + ', unchanged'}")
    for name, label in _SHOWN:
        click.echo(f"  {label}: {closed['totals'][name]:,}{' yen' if name.endswith('_yen') else ''}")
    if closed["rows_erased"]:
        click.echo(f"  {closed['rows_erased']:,} lines have been erased since; the totals are those of the day of closing")
    click.echo(f"sha256 {closed['sha256']}")
    click.echo(f"{path}")
