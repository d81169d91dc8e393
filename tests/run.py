"""`make test`: every check, each said by name; the first failures do not hide the others."""

import subprocess
import sys
import time
from pathlib import Path

CHECKS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "templates": ["djlint", "templates", "--lint", "--quiet"],
    "types": ["mypy"],
    "imports": ["lint-imports"],
    "translations": [sys.executable, "-m", "config.messages", "check"],
    "tests": [sys.executable, "-m", "pytest", "--numprocesses", "2", "--dist", "loadgroup"],
}


def main() -> int:
    failed = []
    for name, command in CHECKS.items():
        print(f"== {name}", flush=True)
        start = time.monotonic()
        # A bare name is a tool of the virtual environment; joining an absolute path leaves that one.
        executable = Path(sys.executable).parent / command[0]
        if subprocess.run([executable, *command[1:]]).returncode != 0:
            failed.append(name)
        print(f"   {time.monotonic() - start:.0f} s", flush=True)
    print("failed: " + ", ".join(failed) if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
