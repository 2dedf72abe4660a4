"""Fetches Vega, Vega-Lite and Vega-Embed at pinned versions into the package, with their licences: `python tools/vendor_vega.py`.

The packages come from the npm registry by `npm pack`; the SHA-512 of each must be the one below. The licences of the
libraries that their bundles hold come from an install of the same versions. Nothing of npm is needed at run time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "src" / "datagen" / "report" / "vendor"
# package -> version, SHA-512 of its archive, the file that is taken
PINNED = {
    "vega": (
        "6.4.0", "rHXCq2LpEWCLMjXBEj7hocY9G0/i5TGYRayGGSj06VTF4+l2IG2Z7oeZKCjWbUh/7hTE/mVhbaOPB72wCElh6g==", "vega.min.js",
    ),
    "vega-lite": (
        "6.5.0", "fMXF6s0MrIg0UTWnLIfeFtgSLzVhyzSKobzGrh5rhS+mL6FOYFG3m7ouJ4U23gj65EK+gl9FIIT5w7wLNaAzkA==",
        "vega-lite.min.js",
    ),
    "vega-embed": (
        "7.3.0", "wQ8s5GaSzqoKgmRfbRolgBrjE2CP7ZKHXqH7NijxMqPjpdWxSs4Dn8tvp9g0giQvh2cK+3p56sxjWWM0wNngGw==",
        "vega-embed.min.js",
    ),
}  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        place = Path(work)
        VENDOR.mkdir(parents=True, exist_ok=True)
        for package, (version, wanted, file) in PINNED.items():
            raw = fetched(place, f"{package}@{version}", wanted)
            with tarfile.open(raw) as archive:
                member = archive.extractfile(f"package/build/{file}")
                assert member is not None, f"no build/{file} in {raw.name}"
                text = member.read().decode()
            # maps of sources are not shipped, and an end of a script inside a script would end it in a page
            text = re.sub(r"^//# sourceMappingURL=.*\n?", "", text, flags=re.MULTILINE)
            assert "</script" not in text.lower(), f"{file} cannot be embedded in a page"
            (VENDOR / file).write_text(text, encoding="utf-8", newline="\n")
            print(f"{package} {version}: {file}, {len(text):,} characters")
        (VENDOR / "LICENSES.txt").write_text(licences(place), encoding="utf-8", newline="\n")


def fetched(place: Path, package: str, wanted: str) -> Path:
    """The archive of a package, which is the one that was pinned, or an end with a message."""
    done = subprocess.run(
        ["npm", "pack", "--json", package], cwd=place, capture_output=True, text=True, check=True, timeout=300
    )
    [facts] = json.loads(done.stdout) if done.stdout.lstrip().startswith("[") else json.loads(done.stdout).values()
    raw = place / facts["filename"]
    found = base64.b64encode(hashlib.sha512(raw.read_bytes()).digest()).decode()
    if found != wanted:
        sys.exit(f"{package} has the SHA-512 {found}, expected {wanted}; nothing more was taken")
    return raw


def licences(place: Path) -> str:
    """The licences of everything that the bundles hold, by package."""
    home = place / "installed"
    home.mkdir()
    wanted = {package: version for package, (version, _, _) in PINNED.items()}
    (home / "package.json").write_text(json.dumps({"private": True, "dependencies": wanted}))
    subprocess.run(
        ["npm", "install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--silent"], cwd=home, check=True, timeout=600
    )  # fmt: skip
    texts = [
        "The bundles beside this file are Vega, Vega-Lite and Vega-Embed as published on npm, without their source map\n"
        "comments. They hold the libraries below; each stands under the licence that follows its name.\n"
    ]
    holders: dict[str, list[str]] = {}
    for folder in sorted(path.parent for path in (home / "node_modules").rglob("package.json")):
        files = sorted(
            path for path in folder.iterdir() if re.match(r"(?i)(licen[cs]e|copying)", path.name) and path.is_file()
        )
        facts = json.loads((folder / "package.json").read_text())
        if files and "version" in facts and facts.get("name") not in NOT_BUNDLED:
            head = f"{facts['name']} {facts['version']} ({facts.get('license', 'see below')})"
            holders.setdefault(files[0].read_text().strip(), []).append(head)
    line = "=" * 100
    for text, heads in holders.items():
        texts.append(f"\n{line}\n{chr(10).join(heads)}\n{line}\n\n{text}\n")
    return "".join(texts)


# tools for a command line, which come along and are in no bundle
NOT_BUNDLED = frozenset(
    {
        "yargs",
        "yargs-parser",
        "cliui",
        "y18n",
        "escalade",
        "get-caller-file",
        "string-width",
        "wrap-ansi",
        "ansi-regex",
        "ansi-styles",
        "strip-ansi",
        "emoji-regex",
        "commander",
        "get-east-asian-width",
        "iconv-lite",
        "safer-buffer",
    }
)


if __name__ == "__main__":
    main()
