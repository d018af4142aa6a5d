# SPDX-License-Identifier: Apache-2.0
"""What CloudFormation would make of a template: parameters, conditions, mappings and loops resolved, as far as
packaging/cloudformation needs it. Written from the reference of intrinsic functions; cfn-lint's reading of the loops is
compared with it.

    template = Template("enawatch.yaml")
    template.render(ClusterName="demo")      # {logical id: {"Type": ..., "Properties": {...}}}
"""
import pathlib
import re

import yaml

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "cloudformation"
PSEUDO = {"AWS::Region": "eu-west-1", "AWS::StackName": "enawatch", "AWS::AccountId": "123456789012",
          "AWS::Partition": "aws"}
LOOP = "Fn::ForEach::"
NOTHING = object()  # AWS::NoValue


class Loader(yaml.SafeLoader):
    """YAML with the short forms: !Ref is {"Ref": ...}, !Sub is {"Fn::Sub": ...}."""


def construct(loader, suffix, node):
    value = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: lambda n: loader.construct_sequence(n, True),
             yaml.MappingNode: lambda n: loader.construct_mapping(n, True)}[type(node)](node)
    return {suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix: value}


Loader.add_multi_constructor("!", construct)


def path_of(name):
    return FOLDER / name


def substitute(text, values):
    """As Fn::Sub: ${Name} is replaced where the name is known, ${!Name} is ${Name} as a text."""
    return re.sub(r"\$\{([A-Za-z0-9:]+)\}", lambda m: str(values[m[1]]) if m[1] in values else m[0], text)


def unescape(text):
    rest = re.search(r"\$\{[^!]", text)
    if rest:
        raise KeyError(f"not known to Fn::Sub: {text[rest.start():rest.start() + 60]}")
    return text.replace("${!", "${")


class Template:
    def __init__(self, name, text=None):
        """`text` instead of what is in the file."""
        self.name = name
        self.tree = yaml.load(path_of(name).read_text("ascii") if text is None else text, Loader)

    def render(self, **parameters):
        """The resources whose conditions hold. A rule that is broken is a ValueError."""
        values = {**PSEUDO, **self._parameters(parameters)}
        scope = Scope(self.tree, values)
        for broken in scope.broken_rules():
            raise ValueError(broken)
        made = {}
        for key, resource in expand(self.tree["Resources"], scope).items():
            if "Condition" not in resource or scope.holds(resource["Condition"]):
                made[key] = {"Type": resource["Type"], "Properties": scope.resolve(resource.get("Properties", {}))}
        return made

    def _parameters(self, given):
        declared = self.tree["Parameters"]
        unknown = set(given) - set(declared)
        missing = {name for name, about in declared.items() if "Default" not in about} - set(given)
        if unknown or missing:
            raise KeyError(f"{self.name}: unknown {sorted(unknown)}, missing {sorted(missing)}")
        return {name: self._value(about, given.get(name, about.get("Default"))) for name, about in declared.items()}

    @staticmethod
    def _value(about, value):
        if "AllowedValues" in about and str(value) not in map(str, about["AllowedValues"]):
            raise ValueError(f"{value} is not one of {about['AllowedValues']}")
        if "AllowedPattern" in about and not re.fullmatch(about["AllowedPattern"], value):
            raise ValueError(f"{value} is not {about['AllowedPattern']}")
        if about["Type"] == "CommaDelimitedList":
            return [word.strip() for word in value.split(",")]
        if about["Type"] == "Number":
            if not about.get("MinValue", value) <= value <= about.get("MaxValue", value):
                raise ValueError(f"{value} is out of range")
            return value
        return str(value)


def expand(tree, scope):
    """Fn::ForEach::NAME: [identifier, collection, {key: fragment}], as AWS::LanguageExtensions has it: the identifier
    in keys, in the text of an Fn::Sub that is nothing else, and as a Ref."""
    made = {}
    for key, fragment in tree.items():
        if not key.startswith(LOOP):
            made[key] = fragment
            continue
        identifier, collection, body = fragment
        for item in scope.resolve(collection):
            for name, part in body.items():
                made[substitute(name, {identifier: item})] = bind(part, identifier, item)
    return made


def bind(part, identifier, item):
    if part == {"Ref": identifier}:
        return item
    if isinstance(part, list):
        return [bind(p, identifier, item) for p in part]
    if not isinstance(part, dict):
        return part
    made = {key: bind(p, identifier, item) for key, p in part.items()}
    if isinstance(made.get("Fn::Sub"), str):
        made["Fn::Sub"] = substitute(made["Fn::Sub"], {identifier: item})
    return made


class Scope:
    """Where names have values. References to a resource become an ARN that is made up from its logical id."""

    def __init__(self, tree, values):
        self.tree, self.values = tree, values

    def broken_rules(self):
        """What they say."""
        return [one["AssertDescription"] for rule in self.tree.get("Rules", {}).values()
                if self._condition(rule["RuleCondition"])
                for one in rule["Assertions"] if not self._condition(one["Assert"])]

    def holds(self, name):
        return self._condition(self.tree["Conditions"][name])

    def _condition(self, tree):
        (function, argument), = tree.items()
        if function == "Condition":
            return self.holds(argument)
        if function == "Fn::Equals":
            return str(self.resolve(argument[0])) == str(self.resolve(argument[1]))
        if function == "Fn::Contains":
            return str(self.resolve(argument[1])) in argument[0]
        if function == "Fn::Not":
            return not self._condition(argument[0])
        if function == "Fn::And":
            return all(self._condition(a) for a in argument)
        if function == "Fn::Or":
            return any(self._condition(a) for a in argument)
        raise KeyError(function)

    def resolve(self, tree):
        if isinstance(tree, list):
            return [value for value in map(self.resolve, tree) if value is not NOTHING]
        if not isinstance(tree, dict):
            return tree
        if len(tree) == 1:
            (function, argument), = tree.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, argument)
        resolved = {key: self.resolve(value) for key, value in tree.items()}
        return {key: value for key, value in resolved.items() if value is not NOTHING}

    def _call(self, function, argument):
        calls = {"Ref": self._ref, "Fn::Sub": self._sub, "Fn::If": self._if, "Fn::FindInMap": self._find}
        return calls[function](argument)

    def _ref(self, argument):
        name = self.resolve(argument)
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.values:
            return self.values[name]
        if name in self.tree["Resources"]:
            return f"arn:aws:made-up:eu-west-1:123456789012:{name}"
        raise KeyError(f"Ref {name}")

    def _sub(self, argument):
        text, more = (argument, {}) if isinstance(argument, str) else argument
        return unescape(substitute(text, {**self.values, **{name: self.resolve(v) for name, v in more.items()}}))

    def _if(self, argument):
        name, if_true, if_false = argument
        return self.resolve(if_true if self.holds(name) else if_false)

    def _find(self, argument):
        found = self.tree["Mappings"]
        for key in self.resolve(argument):
            found = found[key]
        return found
