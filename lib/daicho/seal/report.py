"""What is known about a kernel's seal: whether it is on, and the result of each attempt to get through it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class SelfTestResult:
    """One attempt from inside. `check` is its stable id; `passed` says that the attempt was refused."""

    check: str
    label_ja: str
    label_en: str
    passed: bool


@dataclass(frozen=True)
class SealReport:
    """The seal of one kernel. Not sealed: Landlock is missing (`abi` 0) and the workspace allows that; then nothing was tested."""

    is_sealed: bool
    abi: int
    results: tuple[SelfTestResult, ...]

    @property
    def checks(self) -> list[tuple[str, bool]]:
        """Each check with whether it passed, as a report's footer prints them."""
        return [(result.label_ja, result.passed) for result in self.results]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SealReport:
        """Read what `as_dict` wrote."""
        results = tuple(SelfTestResult(**result) for result in data["results"])
        return cls(is_sealed=bool(data["is_sealed"]), abi=int(data["abi"]), results=results)
