"""Publish the reports of one run into its folder, and scan the folder before anybody sees it."""

from __future__ import annotations

from pathlib import Path

from daicho.core.config import CONFIG_FILE, Config
from daicho.core.errors import DisclosureError
from daicho.runs.documents import Published, publish_report, report_entry, write_index
from daicho.runs.execute import Executed
from daicho.runs.publish import prepare_publishing
from daicho.runs.publish.viewer import vega_bundle
from daicho.runs.run import ReportJob, RunFacts
from daicho.runs.scan.scanner import Scanner
from daicho.vault.identifiers import load_identifier_index


class Publisher:
    """Holds what publishing and scanning need, loaded once for a run."""

    def __init__(self, facts: RunFacts, folder: Path) -> None:
        self._facts = facts
        self._folder = folder
        self._published: list[Published] = []
        cache = facts.config.state_dir / "cache"
        prepare_publishing(cache_dir=cache, words=_words(facts.config))
        self._scanner = Scanner(load_identifier_index(facts.config), constants=(vega_bundle(cache),))

    def publish(self, job: ReportJob, executed: Executed) -> None:
        """Write one report in every format and scan what was written."""
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
        self._published.append(published)

    def finish(self) -> None:
        """Write and scan the index page."""
        facts = self._facts
        is_sealed = all(item.executed.is_sealed for item in self._published)
        entries = [report_entry(item) for item in self._published]
        index = write_index(
            entries, name=facts.name, config=facts.config, today=facts.today, run_id=facts.run_id, is_sealed=is_sealed, out=self._folder
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


def _words(config: Config) -> list[Path]:
    """Where the words of a workspace's reports stand."""
    folders = (config.contracts_dir / "codelists", config.contracts_dir / "outputs", config.notebooks_dir)
    return [config.root / CONFIG_FILE, *(path for folder in folders for path in sorted(folder.glob("*.*")))]
