"""What Lighthouse says of the pages that a sales manager lives in: accessibility and best practices, 0 to 1.

Installed for the run only (201 packages, 185 MB), below the bench's own folder. A score is no time: a busy machine
gives the same.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench import base, register

VERSION = "12.8.2"
CATEGORIES = {"accessibility": "accessibility", "best-practices": "best practices"}
LEAST = 0.95


PAGES = {"list": "/clients/?status=all", "card": "{card}", "matrix": "/kpi/", "map": "/client-list/map/?status=all"}


def measure(score: Callable[[str, float, str], None], folder: Path) -> None:
    """Report the scores of each page; fails where one is below what is promised. Needs npm and Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "Lighthouse needs Chromium in PATH: apt-get install chromium"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [shutil.which("npm") or Path(sys.executable).with_name("npm"), "install", "--no-save",
         "--ignore-scripts", "--silent", "--prefix", str(folder), f"lighthouse@{VERSION}"], check=True,
    )  # fmt: skip
    program = "import json; from bench import register; print(json.dumps(register.prepared()))"
    known = base.apart(base.TENTH, program)
    headers = {"Cookie": known["cookie"]}
    low = []
    with register.served(base.TENTH) as port:
        register.asker(port, headers)  # waits for the server
        for name, place in PAGES.items():
            address = place.format(card=known["pages"]["card"])
            report = folder / f"{name}.json"
            subprocess.run(
                [folder / "node_modules/.bin/lighthouse", f"http://127.0.0.1:{port}{address}", "--quiet",
                 f"--only-categories={','.join(CATEGORIES)}", "--output=json", f"--output-path={report}",
                 "--chrome-flags=--headless=new --no-sandbox", f"--extra-headers={json.dumps(headers)}"],
                check=True, env=os.environ | {"CHROME_PATH": chromium},
            )  # fmt: skip
            told = json.loads(report.read_text())
            assert address in told["finalDisplayedUrl"], told["finalDisplayedUrl"]  # and not the sign-in page
            for key, category in CATEGORIES.items():
                reached = told["categories"][key]["score"]
                score(f"Lighthouse, {category}: {name}", reached, f"≥ {LEAST}")
                if reached < LEAST:
                    low.append((name, category, reached))
    assert low == [], low
