#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The files of packaging/user-data, read by parsers of YAML and HCL, and their user data by enawatch, which looks there
for the name of the cluster. ENAWATCH_USER_DATA_PRINT names the program user-data-print."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import hcl2
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import shipped  # noqa: E402

PRINT = os.environ.get("ENAWATCH_USER_DATA_PRINT", "user-data-print")
NODE_CONFIG = """apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    cidr: 10.100.0.0/16
    name: blue
"""


def unquoted(tree):
    """hcl2 keeps the quotes of strings."""
    if isinstance(tree, dict):
        return {unquoted(key): unquoted(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [unquoted(item) for item in tree]
    return tree[1:-1].replace('\\"', '"') if isinstance(tree, str) and tree.startswith('"') else tree


def hcl(name):
    return unquoted(hcl2.loads(shipped.text_of(name)))


def name_of_cluster(user_data):
    with tempfile.NamedTemporaryFile("w", suffix=".mime") as file:
        file.write(user_data)
        file.flush()
        return subprocess.run([PRINT], input=file.name, capture_output=True, text=True, check=True).stdout.strip()


class Yaml(unittest.TestCase):
    def test_the_node_config_is_one_and_nothing_but_the_cluster(self):
        (_, text), = [part for part in shipped.mime_parts(shipped.text_of("nodeadm.mime"))
                      if part[0] == shipped.NODE_CONFIG_TYPE]
        tree = yaml.safe_load(text)
        self.assertEqual((tree["apiVersion"], tree["kind"]), ("node.eks.aws/v1alpha1", "NodeConfig"))
        self.assertEqual(tree["spec"].keys(), {"cluster"})
        self.assertEqual(tree["spec"]["cluster"].keys(), {"name", "apiServerEndpoint", "certificateAuthority", "cidr"})

    def test_the_node_class_has_what_karpenter_requires_and_the_script(self):
        tree = yaml.safe_load(shipped.text_of("karpenter.yaml"))
        self.assertEqual((tree["apiVersion"], tree["kind"]), ("karpenter.k8s.aws/v1", "EC2NodeClass"))
        self.assertLessEqual({"role", "amiSelectorTerms", "subnetSelectorTerms", "securityGroupSelectorTerms"},
                             tree["spec"].keys())
        self.assertEqual(shipped.mime_parts(tree["spec"]["userData"]),
                         [(shipped.SCRIPT_TYPE, shipped.text_of("bootstrap.sh"))])

    def test_the_component_has_two_phases_of_bash_and_the_parameters_that_it_uses(self):
        tree = yaml.safe_load(shipped.text_of("image-builder.yaml"))
        self.assertEqual(tree["schemaVersion"], 1.0)
        self.assertEqual([name for parameter in tree["parameters"] for name in parameter], ["Package", "Sha256"])
        self.assertEqual([phase["name"] for phase in tree["phases"]], ["build", "validate"])
        self.assertEqual({step["action"] for phase in tree["phases"] for step in phase["steps"]}, {"ExecuteBash"})

    def test_texts_inside_are_what_the_other_tests_take_them_for(self):
        text = shipped.text_of("image-builder.yaml")
        self.assertEqual([command for phase in yaml.safe_load(text)["phases"] for step in phase["steps"]
                          for command in step["inputs"]["commands"]], shipped.literals(text))
        node_class = yaml.safe_load(shipped.text_of("karpenter.yaml"))
        self.assertEqual([node_class["spec"]["userData"]], shipped.literals(shipped.text_of("karpenter.yaml")))


class Hcl(unittest.TestCase):
    def test_the_launch_template_has_the_user_data_in_base64(self):
        tree = hcl("launch-template.tf")
        template = tree["resource"][0]["aws_launch_template"]["enawatch"]
        self.assertEqual(template["user_data"], '${filebase64("${path.module}/managed.mime")}')

    def test_packer_runs_the_script_with_its_two_variables(self):
        tree = hcl("packer.pkr.hcl")
        step = tree["build"][0]["provisioner"][0]["shell"]
        self.assertEqual(step["script"], "${path.root}/bootstrap.sh")
        self.assertEqual(step["environment_vars"], ["ENAWATCH_PACKAGE=${var.enawatch_package}",
                                                    "ENAWATCH_SHA256=${var.enawatch_sha256}"])
        self.assertEqual([name for variable in tree["variable"] for name in variable],
                         ["enawatch_package", "enawatch_sha256"])


class Cluster(unittest.TestCase):
    """What enawatch makes of user data with our part in it."""

    def test_the_name_is_found_beside_the_script(self):
        self.assertEqual(name_of_cluster(shipped.text_of("nodeadm.mime")), "name my-cluster")

    def test_the_name_is_found_in_what_others_add(self):
        for name, text in (("managed.mime", shipped.text_of("managed.mime")),
                           ("karpenter.yaml", shipped.literals(shipped.text_of("karpenter.yaml"))[0])):
            with self.subTest(name):
                self.assertEqual(name_of_cluster(text), "none")
                part = f"--ENAWATCH\nContent-Type: application/node.eks.aws\n\n{NODE_CONFIG}\n--ENAWATCH--"
                self.assertEqual(name_of_cluster(text.replace("--ENAWATCH--", part)), "name blue")


if __name__ == "__main__":
    unittest.main(verbosity=2)
