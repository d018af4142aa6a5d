#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The files of packaging/user-data: each carries bootstrap.sh as it is, in a form that its reader takes, and nothing
in them can hold a node up."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import shipped  # noqa: E402

COPIES = ("nodeadm.mime", "managed.mime", "karpenter.yaml", "image-builder.yaml")
# EC2 allows 16 KB before base64 (EC2 User Guide, "Run commands at launch"); EKS and Karpenter add a NodeConfig of
# about 3 KB, most of it the certificate of the cluster.
MAX_BYTES = (16 - 4) * 1024


def user_data():
    """User data of each file by its name."""
    yield from ((name, shipped.text_of(name)) for name in ("nodeadm.mime", "managed.mime"))
    yield from (("karpenter.yaml", text) for text in shipped.literals(shipped.text_of("karpenter.yaml")))


class UserData(unittest.TestCase):
    def setUp(self):
        self.script = shipped.text_of("bootstrap.sh")

    def test_the_first_part_is_the_script_to_the_byte(self):
        for name, text in user_data():
            with self.subTest(name):
                kind, payload = shipped.mime_parts(text)[0]
                self.assertEqual(kind, shipped.SCRIPT_TYPE)
                self.assertEqual(payload, self.script)

    def test_headers_are_those_of_the_documentation_of_eks(self):
        for name, text in user_data():
            with self.subTest(name):
                lines = text.splitlines()
                self.assertEqual(lines[0], "MIME-Version: 1.0")
                boundary = re.fullmatch(r'Content-Type: multipart/mixed; boundary="(\w+)"', lines[1])[1]
                self.assertEqual(lines[2:6], ["", f"--{boundary}",
                                              'Content-Type: text/x-shellscript; charset="us-ascii"', ""])
                self.assertEqual(lines[-1], f"--{boundary}--")
                self.assertNotIn(f"--{boundary}", self.script)
                self.assertNotIn("\r", text)

    def test_a_node_config_is_in_the_one_for_nodes_of_ones_own_and_in_no_other(self):
        kinds = {name: [kind for kind, _ in shipped.mime_parts(text)] for name, text in user_data()}
        self.assertEqual(kinds, {"nodeadm.mime": [shipped.SCRIPT_TYPE, shipped.NODE_CONFIG_TYPE],
                                 "managed.mime": [shipped.SCRIPT_TYPE], "karpenter.yaml": [shipped.SCRIPT_TYPE]})

    def test_there_is_room_for_what_is_added_to_it(self):
        for name, text in user_data():
            with self.subTest(name):
                self.assertLess(len(text), MAX_BYTES)

    def test_the_component_has_the_script_and_it_takes_none_of_it_for_a_parameter(self):
        build = shipped.literals(shipped.text_of("image-builder.yaml"))[0]
        first, rest = build.split("\n", 1)
        self.assertEqual(rest, self.script + "BOOTSTRAP\n")
        self.assertTrue(first.endswith("bash -s image <<'BOOTSTRAP'"), first)
        self.assertNotIn("{{", self.script)
        self.assertNotIn("\nBOOTSTRAP\n", self.script)

    def test_terraform_and_packer_take_files_that_are_there(self):
        for name in ("launch-template.tf", "packer.pkr.hcl"):
            files = re.findall(r"\$\{path\.\w+\}/([\w.-]+)", shipped.text_of(name))
            self.assertTrue(files, name)
            for file in files:
                self.assertTrue((shipped.FOLDER / file).is_file(), f"{name}: {file}")

    def test_nothing_is_ordered_after_or_before_what_starts_the_node(self):
        for path in shipped.FOLDER.iterdir():
            with self.subTest(path.name):
                self.assertNotRegex(path.read_text(), r"(After|Before|Requires|Wants|PartOf|BindsTo)=|enable --now")


class Embed(unittest.TestCase):
    """`embed` in a folder of its own, with a script that was edited."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="enawatch-embed-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for path in shipped.FOLDER.iterdir():
            shutil.copy(path, self.folder)

    def embed(self, *files):
        return subprocess.run([self.folder / "embed", *files], capture_output=True, text=True)

    def texts(self):
        return {name: (self.folder / name).read_text() for name in COPIES}

    def test_the_shipped_files_have_the_shipped_script(self):
        self.assertEqual(self.embed().returncode, 0)
        self.assertEqual(self.texts(), {name: shipped.text_of(name) for name in COPIES})

    def test_what_was_edited_is_in_all_of_them_afterwards_and_nothing_else_has_changed(self):
        script = self.folder / "bootstrap.sh"
        script.write_text(script.read_text().replace("\nlimit=120\n", "\n\nlimit=60\nx='&\\n'\n", 1))
        self.assertEqual(self.embed().returncode, 0)
        for name, text in self.texts().items():
            with self.subTest(name):
                self.assertEqual(re.sub(r"\n\n *limit=60\n *x='&\\n'\n", "\nlimit=120\n", text),
                                 re.sub(r"\n *limit=120\n", "\nlimit=120\n", shipped.text_of(name)))
                self.assertIn("limit=60\n", text)

    def test_a_file_of_ones_own_and_no_other(self):
        script = self.folder / "bootstrap.sh"
        script.write_text(script.read_text().replace("\nlimit=120\n", "\nlimit=60\n", 1))
        own = self.folder / "own.yaml"
        own.write_text("a: |\n  #!/bin/bash\n  old\n  # End of enawatch's bootstrap.sh.\nb: c\n")
        self.assertEqual(self.embed(own).returncode, 0)
        self.assertEqual(shipped.literals(own.read_text()), [script.read_text()])
        self.assertTrue(own.read_text().endswith("\nb: c\n"))
        self.assertEqual(self.texts(), {name: shipped.text_of(name) for name in COPIES})

    def test_a_file_without_a_whole_copy_is_left_alone(self):
        own = self.folder / "own.yaml"
        for text in ("a: b\n", "a: |\n  #!/bin/bash\n  b\nc: d\n"):
            own.write_text(text)
            result = self.embed(own)
            self.assertEqual((result.returncode, own.read_text()), (1, text))
            self.assertIn("own.yaml has no whole copy", result.stderr)
            self.assertFalse(own.with_name("own.yaml.new").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
