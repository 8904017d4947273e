"""The chart viewer inside an HTML document: the Vega bundle, the start script, and the policy that lets nothing else run.

The bundle is made by vl-convert from the libraries it carries, so no host is asked. Charts run with Vega's expression interpreter, which
needs no `eval`; the policy therefore names the exact scripts by their hash and allows no other.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from daicho.core.errors import DataError
from daicho.runs.publish.figures import Figure, at_width, number_locale, time_locale, with_font

SCREEN_FONT = '"BIZ UDPGothic","Hiragino Sans","Noto Sans JP","Noto Sans CJK JP","Yu Gothic",Meiryo,daicho,sans-serif'

# Reads the charts from data blocks of the page; a chart that fails leaves its words and does not stop the others. Labels are measured as
# they are laid out, so the page's own typeface must be there first.
_START = """(function () {
  "use strict";
  var options = JSON.parse(document.getElementById("chart-options").textContent);
  function draw() {
    document.querySelectorAll("[data-chart]").forEach(function (place) {
      var spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
      vegaEmbed(place, spec, options).then(function () {
        place.dataset.state = "drawn";
      }).catch(function () {
        place.dataset.state = "failed";
        place.textContent = place.dataset.failed;
      });
    });
  }
  document.fonts.load("11px daicho").then(draw, draw);
})();"""


def viewer_scripts(cache_dir: Path | None = None) -> tuple[str, str]:
    """The two scripts of a page with charts: the Vega bundle and the start script."""
    return vega_bundle(cache_dir), _START


def vega_bundle(cache_dir: Path | None = None) -> str:
    """The Vega, Vega-Lite and Vega-Embed libraries as one script.

    Making it takes about 2.5 s in a new process, so `cache_dir` keeps it between runs, one file a version of vl-convert.
    The folder must be as trusted as the state folder: what lies there runs in the reader's browser.
    """
    if cache_dir is None:
        return _built_bundle()
    kept = cache_dir / f"vega-{version('vl-convert-python')}.js"
    if kept.is_file():
        return kept.read_text(encoding="utf-8")
    bundle = _built_bundle()
    cache_dir.mkdir(parents=True, exist_ok=True)
    # Written aside and renamed: a run that starts meanwhile must not read half a script.
    handle, aside = tempfile.mkstemp(dir=cache_dir, prefix=".vega-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(bundle)
        Path(aside).replace(kept)
    except OSError:
        with contextlib.suppress(OSError):
            Path(aside).unlink()
    return bundle


def content_policy(scripts: Sequence[str]) -> str:
    """The Content-Security-Policy of a page: no host at all, exactly these scripts, inline styles, embedded images."""
    allowed = " ".join(_script_hash(script) for script in scripts) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )  # fmt: skip


def chart_data(figure: Figure) -> str:
    """A chart for the page as JSON that cannot end its script element."""
    spec = with_font(at_width(figure.spec, "container"), SCREEN_FONT)
    return script_json({**spec, "description": figure.alt})


def chart_options(language: str) -> str:
    """The options every chart is embedded with: no menu, no eval, SVG so that text stays text."""
    options: Mapping[str, Any] = {
        "actions": False,
        "ast": True,
        "renderer": "svg",
        "formatLocale": number_locale(language),
        "timeFormatLocale": time_locale(language),
    }
    return script_json(options)


def script_json(value: object) -> str:
    """JSON for a data block: characters that could close the element or confuse an HTML parser are written as escapes."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _script_hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _built_bundle() -> str:
    import vl_convert

    # The stub asks for a snippet; without one the three libraries are exported, which is what we want.
    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    if "</script" in bundle.lower() or "<!--" in bundle:
        raise DataError("the Vega bundle cannot be written inside a page; install the vl-convert-python of requirements.lock")
    return bundle
