#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Endpoints of enawatch and of botocore, AWS's SDK for Python (not in the standard library): every region of every
partition that it knows and some that nobody knows yet, with and without FIPS and dual-stack, by the rule sets of the
services; then endpoints, switches and regions that random environments and profiles give, by whole clients.

    endpoint_differential.py build/test/interop/endpoint-print [CASES [SEED]]

A complaint stands for an error of botocore. What stands for a region and is none (aws-global) we complain of, where
botocore makes up hosts. Left out is a switch that is neither true nor false, which is false for botocore and not set
for us."""
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
from unittest import mock

import botocore.exceptions
import botocore.session
from botocore.regions import EndpointRulesetResolver

SERVICES = {"monitoring": "cloudwatch", "logs": "logs", "sts": "sts"}  # botocore's name of each
IDS = {"monitoring": "cloudwatch", "logs": "cloudwatch_logs", "sts": "sts"}
WORDS = ["north", "southeast", "central", "moon"]
URLS = ["http://localhost:4566", "https://vpce-0a-0b.monitoring.eu-west-1.vpce.amazonaws.com", "https://[::1]:8443/a/b",
        "http://127.0.0.1:1/", "https://a.b/c//", "localhost:4566", "https://a_b.example:99999"]
ERRORS = (botocore.exceptions.BotoCoreError, ValueError)


def plain_environment():
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}


def ask(program, environment, lines):
    return subprocess.run([program], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=True, env=environment).stdout.splitlines()


def invent(rng, regex):
    """A region that fits, most likely none there is."""
    text = regex.strip("^$").replace("\\-", "-")
    text = re.sub(r"\(([^)]*)\)", lambda group: rng.choice(group[1].split("|")), text)
    return text.replace("\\w+", rng.choice(WORDS)).replace("\\d+", str(rng.randint(1, 12)))


class RuleSets:
    def __init__(self):
        self.session = botocore.session.Session()
        self.loader = self.session.get_component("data_loader")
        self.partitions = self.loader.load_data("partitions")

    def resolve(self, service, region, is_fips, is_dual_stack):
        name = SERVICES[service]
        builtins = {"AWS::Region": region, "AWS::UseFIPS": is_fips, "AWS::UseDualStack": is_dual_stack,
                    "AWS::STS::UseGlobalEndpoint": False}
        model = self.session.get_service_model(name)
        resolver = EndpointRulesetResolver(self.loader.load_service_model(name, "endpoint-rule-set-1"), self.partitions,
                                           model, builtins, None, self.session.get_component("event_emitter"))
        return url_of(resolver, model)


def url_of(resolver, model):
    try:
        operation = model.operation_model(model.operation_names[0])
        return resolver.construct_endpoint(operation, {}, {}).url.rstrip("/")
    except ERRORS:
        return "!"


def compare_regions(program, rng):
    """What differs, and how many endpoints were compared."""
    rules = RuleSets()
    regions = [r for p in rules.partitions["partitions"] for r in p["regions"]]
    regions += [invent(rng, p["regionRegex"]) for p in rules.partitions["partitions"] for _ in range(5)]
    regions += ["zz-north-1", "US-EAST-1", "x"]
    bad, n = [], 0
    for is_fips in (False, True):
        for is_dual_stack in (False, True):
            environment = {**plain_environment(), "AWS_USE_FIPS_ENDPOINT": str(is_fips),
                           "AWS_USE_DUALSTACK_ENDPOINT": str(is_dual_stack)}
            cases = [(service, region) for service in SERVICES for region in regions]
            ours = ask(program, environment, [f"{service} {region}" for service, region in cases])
            for (service, region), our in zip(cases, ours, strict=True):
                their = rules.resolve(service, region, is_fips, is_dual_stack)
                if region.endswith("-global"):
                    their = "!"
                n += 1
                if their != our.split(" ")[0]:
                    bad.append(f"{service} {region} FIPS {is_fips} dual-stack {is_dual_stack}: {our!r}, not {their!r}")
    return bad, n


def some_profile(rng):
    lines = [f"endpoint_url = {rng.choice(URLS)}"] if rng.random() < 0.3 else []
    for key in ("use_fips_endpoint", "use_dualstack_endpoint", "ignore_configured_endpoint_urls"):
        if rng.random() < 0.15:
            lines.append(f"{key} = {rng.choice(['true', 'True', 'false', 'FALSE'])}")
    if rng.random() < 0.4:
        lines.append(f"services = {rng.choice(['mine', 'mine', 'mine', 'nobodys'])}")
    if rng.random() < 0.5:
        lines.append(f"region = {rng.choice(['eu-west-1', 'us-gov-west-1', 'cn-north-1'])}")
    rng.shuffle(lines)
    return "\n".join(lines) + "\n"


def some_services(rng):
    text = "[services mine]\nother = 1\n"  # an empty section is none for botocore
    for name in rng.sample(["s3", *IDS.values()], rng.randrange(5)):
        text += f"{name} =\n  endpoint_url = {rng.choice(URLS)}\n"
        text += "  other = 1\n" if rng.random() < 0.3 else ""
    return text


def some_environment(rng):
    environment = {}
    for name in IDS.values():
        if rng.random() < 0.15:
            environment[f"AWS_ENDPOINT_URL_{name.upper()}"] = rng.choice([*URLS, ""])
    if rng.random() < 0.15:
        environment["AWS_ENDPOINT_URL"] = rng.choice([*URLS, ""])
    for name in ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        if rng.random() < 0.1:
            environment[name] = rng.choice(["true", "True", "TRUE", "false"])
    if rng.random() < 0.5:
        environment["AWS_PROFILE"] = rng.choice(["default", "prod"])
    if rng.random() < 0.3:
        environment["AWS_DEFAULT_REGION"] = rng.choice(["ap-south-1", "us-iso-east-1"])
    return environment


def by_clients(environment, region):
    """The region, then the endpoint of each service, as botocore's clients have them."""
    with mock.patch.dict(os.environ, environment, clear=True):
        session = botocore.session.Session()
        answers = [session.get_config_variable("region") or "-"]
        for service in SERVICES.values():
            try:
                client = session.create_client(service, region_name=region)
                answers.append(url_of(client._ruleset_resolver, client.meta.service_model))
            except ERRORS:
                answers.append("!")
    return answers


def compare_wishes(program, rng, n_cases, folder):
    bad = []
    for _ in range(n_cases):
        config = f"[default]\n{some_profile(rng)}[profile prod]\n{some_profile(rng)}{some_services(rng)}"
        (folder / "config").write_text(config)
        chosen = some_environment(rng)
        environment = {**plain_environment(), **chosen, "AWS_CONFIG_FILE": str(folder / "config"),
                       "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")}
        region = rng.choice(["eu-central-1", "us-gov-east-1"])
        ours = [line.split(" ")[0] for line in
                ask(program, environment, ["region", *(f"{service} {region}" for service in SERVICES)])]
        theirs = by_clients(environment, region)
        if ours != theirs:
            bad.append(f"{chosen}\n{config}{region}: {ours}, not {theirs}")
    return bad


def main():
    n_cases, rng = int((sys.argv[2:] or ["300"])[0]), random.Random(int((sys.argv[3:] or ["1"])[0]))
    bad, n = compare_regions(sys.argv[1], rng)
    with tempfile.TemporaryDirectory() as folder:
        bad += compare_wishes(sys.argv[1], rng, n_cases, pathlib.Path(folder))
    for row in bad[:5]:
        print(row)
    print(f"botocore {botocore.__version__}: {n} endpoints by region, {n_cases} environments: {len(bad)} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
