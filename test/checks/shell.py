#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""shellcheck has nothing to say of any shell script of the project, those in MIME and YAML included."""
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import house  # noqa: E402
import shipped  # noqa: E402

SHEBANG = re.compile(rb"#!\s*/\S*(/env\s+|/)(ba|da)?sh\b")
DIRECTIVE = re.compile(rb"# shellcheck shell=")


def scripts():
    """Name and text of each: files that say so in their first lines, or by their names."""
    for path in house.tracked("*"):
        head = path.read_bytes()[:400]
        if SHEBANG.match(head) or DIRECTIVE.search(head) or path.suffix == ".sh":
            yield str(path.relative_to(house.ROOT)), path.read_text(errors="replace")


def embedded():
    for name in ("nodeadm.mime", "managed.mime"):
        yield from ((name, text) for kind, text in shipped.mime_parts(shipped.text_of(name))
                    if kind == shipped.SCRIPT_TYPE)
    for user_data in shipped.literals(shipped.text_of("karpenter.yaml")):
        yield from (("karpenter.yaml", text) for _, text in shipped.mime_parts(user_data))
    for script in shipped.literals(shipped.text_of("image-builder.yaml")):
        yield "image-builder.yaml", f"# shellcheck shell=bash\n{script}"


def complaints_of(name, text):
    result = subprocess.run(["shellcheck", "--external-sources", "--format=gcc", "-"], input=text, capture_output=True, text=True,
                            cwd=house.ROOT)
    if result.returncode != 0:
        yield (result.stdout + result.stderr).replace("-:", f"{name}:", 1).replace("\n-:", f"\n{name}:").strip()


def main():
    if shutil.which("shellcheck") is None:
        print("shellcheck is missing")
        return 1
    inside = list(embedded())
    found = list(scripts()) + inside
    complaints = [c for name, text in found for c in complaints_of(name, text)]
    print("\n".join(complaints) if complaints else f"{len(found)} scripts, {len(inside)} of them inside others: fine")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
