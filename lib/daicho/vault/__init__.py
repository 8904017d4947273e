"""Layer 2: the pseudonymised tables, encrypted at rest, append-by-batch with snapshots. Opened by intake and the gate alone."""

from daicho.vault.derived import DerivedTables
from daicho.vault.snapshots import SnapshotInfo, erasures_made, latest_snapshot, newest_snapshot, open_snapshot, snapshot_info

__all__ = ["DerivedTables", "SnapshotInfo", "erasures_made", "latest_snapshot", "newest_snapshot", "open_snapshot", "snapshot_info"]
