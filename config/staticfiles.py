"""Static files out of node_modules, by name: whole packages would be thousands of files (spec/stack.md §7)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage

PICKED = [
    "htmx.org/dist/htmx.min.js",
    "@tabler/core/dist/css/tabler.min.css",
    "@tabler/core/dist/css/tabler.min.css.map",  # named in the stylesheet: the manifest storage wants it
    "leaflet/dist/leaflet.js",
    "leaflet/dist/leaflet.js.map",
    "leaflet/dist/leaflet.css",
    *(f"leaflet/dist/images/{name}.png" for name in ("layers", "layers-2x", "marker-icon")),  # named in the stylesheet
]


class PickedFinder(BaseFinder):
    """Finds just the files of PICKED, under their path below node_modules, and fails loudly if one is missing."""

    storage = FileSystemStorage(location=settings.BASE_DIR / "node_modules")

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = str(self._path(path)) if path in PICKED else None
        return ([found] if found else []) if find_all else (found or [])

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        for path in PICKED:
            self._path(path)
            yield path, self.storage

    def _path(self, path: str) -> Path:
        found = Path(self.storage.path(path))
        if not found.exists():
            raise ImproperlyConfigured(f"{found} is missing: run `make install`.")
        return found
