"""Publish the reports of one run into its folder, and scan the folder before anybody sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daicho.core.errors import DisclosureError
from daicho.runs.documents import entry_as_data, entry_from_data, publish_report, report_entry, write_index
from daicho.runs.execute import Executed
from daicho.runs.jobs import ReportJob
from daicho.runs.journal import file_digest
from daicho.runs.publish import prepare_publishing, workspace_words
from daicho.runs.publish.viewer import vega_bundle
from daicho.runs.run import RunFacts
from daicho.runs.scan.scanner import Scanner
from daicho.vault.identifiers import load_identifier_index


class Publisher:
    """Holds what publishing and scanning need, loaded once for a run."""

    def __init__(self, facts: RunFacts, folder: Path) -> None:
        self._facts = facts
        self._folder = folder
        cache = facts.config.state_dir / "cache"
        prepare_publishing(cache_dir=cache, words=workspace_words(facts.config))
        self._scanner = Scanner(load_identifier_index(facts.config), constants=(vega_bundle(cache),))

    def publish(self, job: ReportJob, executed: Executed) -> tuple[dict[str, Any], dict[str, str]]:
        """Write one report in every format and scan what was written; give its entry in the index and the sha256 of its files."""
        facts = self._facts
        published = publish_report(
            job.report,
            executed,
            config=facts.config,
            profile=job.profile,
            purpose=facts.purpose,
            today=facts.today,
            run_id=facts.run_id,
            out=self._folder,
        )
        self._refuse_identifiers(published.files)
        files = {path.relative_to(self._folder).as_posix(): file_digest(path) for path in published.files}
        return entry_as_data(report_entry(published), is_sealed=executed.is_sealed), files

    def finish(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Write and scan the index page of entries as `publish` gave them."""
        facts = self._facts
        is_sealed = all(entry["is_sealed"] for entry in entries)
        index = write_index(
            [entry_from_data(entry) for entry in entries],
            name=facts.name,
            config=facts.config,
            today=facts.today,
            run_id=facts.run_id,
            is_sealed=is_sealed,
            out=self._folder,
        )
        self._refuse_identifiers((index,))

    def _refuse_identifiers(self, files: tuple[Path, ...]) -> None:
        """Raises DisclosureError naming file and kind, never the value."""
        findings = self._scanner.scan(files)
        if findings:
            first = findings[0]
            raise DisclosureError(
                f"the scan found {len(findings)} identifier(s): {Path(first.file).name} holds {first.kind}; nothing was published: "
                "find where the notebook writes it, and remove it there."
            )
