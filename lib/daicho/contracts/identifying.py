"""Which columns of a file name a person: by the headers of the extract contracts. For tools that read files from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from daicho.contracts.classes import Treatment
from daicho.contracts.loader import load_contracts
from daicho.contracts.recognise import fold_header
from daicho.core.errors import DisclosureError


def refuse_identifying(headers: Sequence[str], *, contracts_dir: Path, file_name: str) -> None:
    """Raise DisclosureError, naming the header, when one is that of an item which intake does not keep as it is.

    Those are the items that are dropped, pseudonymised or coarsened: names, numbers, addresses. Their cells may stand in no answer.
    """
    for contract in load_contracts(contracts_dir).values():
        for column in contract.columns:
            if column.rule.treatment is Treatment.KEEP:
                continue
            names = {fold_header(name) for name in (column.header, *column.aliases)}
            for header in headers:
                folded = fold_header(header)
                if folded in names or (column.prefix and any(folded.startswith(name) for name in names)):
                    raise DisclosureError(
                        f"{file_name}: the column {header} of the extract {contract.kind} names a person and may stand in no table: "
                        "take a file without it, or name other columns."
                    )
