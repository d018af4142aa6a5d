#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""User data of many shapes, read by enawatch and by a real parser of MIME and one of YAML (PyYAML, see
requirements.txt). A name of ours must be theirs; in texts as generators and people write them there must be one.

    user_data_differential.py build/test/interop/user-data-print [TEXTS [SEED [OTHER_PROGRAM]]]

OTHER_PROGRAM answers like user-data-print, with "error" for doubtful, and takes the place of Python's parsers."""
import email
import pathlib
import random
import subprocess
import sys
import tempfile

import yaml

HEAD = {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig"}
NAMES = ["blue", "green", "prod-1", "a_b", "1st", "x" * 100, "x" * 101, "yes", "null", "12", "1e3", "0x1f", "0o17",
         "2026-01-31", "1_0", "", "-x", "a.b", "it's", "a b", "a#b", "a: b", "B" * 20, "on", "~"]
VALUES = ["x", "10.0.0.0/16", "", "it's", "a: b", "# x", " x", "spec:\n  cluster:\n    name: evil\n", "a\n\nb\n",
          "- x", "{a", "[", '"', "\t", "l o n g " * 20, 7, True, None, "|", "--a=b,c=d", "\u00fc", "name: evil", [], {}]
KEYS = ["name", "cluster", "spec", "kubelet", "config", "flags", "a/b.c-d", "kind", "x y", "1", "metadata", "it's"]
Text = type("Text", (str,), {"__doc__": "Written as a block scalar."})
yaml.add_representer(Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|"))


def shuffled(rng, tree):
    return dict(rng.sample(list(tree.items()), len(tree)))


def some_tree(rng, depth):
    children = [] if depth == 0 else [some_tree(rng, depth - 1) for _ in range(rng.randrange(4))]
    return rng.choice([rng.choice(VALUES), rng.choice(VALUES), children, dict(zip(rng.sample(KEYS, 4), children))])


def some_config(rng):
    spec = {key: some_tree(rng, 3) for key in rng.sample(["kubelet", "containerd", "instance"], rng.randrange(4))}
    if rng.random() < 0.9:
        cluster = {"cidr": "10.0.0.0/16", "other": some_tree(rng, 2), "name": rng.choice(NAMES[:2] * 12 + NAMES)}
        spec["cluster"] = dict(list(shuffled(rng, cluster).items())[:rng.choice([2, 3, 3, 3])])
    return shuffled(rng, {**HEAD, "metadata": some_tree(rng, 2), "spec": shuffled(rng, spec)})


def any_style(rng):
    """Any style that PyYAML can write."""
    return "".join(yaml.dump(some_config(rng), sort_keys=False, allow_unicode=rng.random() < 0.5,
                             default_flow_style=rng.choice([False] * 6 + [None, True]), indent=rng.randint(2, 6),
                             width=rng.choice([20, 80, 4000]), explicit_start=rng.random() < 0.4,
                             default_style=rng.choice([None] * 5 + ['"', "'", "|", ">"]))
                   for _ in range(rng.choice([1] * 6 + [2])))


def some_yaml(rng):
    """With changes by chance, perhaps."""
    text = rng.choice([any_style, lambda rng: normal_yaml(rng, rng.choice(NAMES))])(rng)
    lines = text.split("\n")
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 5])):
        at = rng.randrange(len(lines))
        lines[at] = rng.choice([
            lambda line: " " * rng.randrange(5) + line, lambda line: line[1:], lambda line: "", str.lstrip,
            lambda line: line.replace('"', "").replace("'", ""), lambda line: line + rng.choice(["  ", " # evil: x"]),
            lambda line: line + "\n" + rng.choice(lines), lambda line: "# " + line,
            lambda line: line.replace(" ", "\t", 1), lambda line: line.replace(":", ": |", 1),
            lambda line: line.replace(" ", " - ", 1), lambda line: line + "\n" + line.replace(line.strip(), "x"),
            lambda line: line + "\nspec:\n  cluster:\n    name: evil",
            lambda line: line[:rng.randrange(len(line) + 1)] + rng.choice("'\"{}[]&*!|>#:,-\t\r@%`") + line[3:],
            lambda line: rng.choice(["---", "...", "--- # x", "--- |", "%YAML 1.1"]) + "\n" + line])(lines[at])
    return "\n".join(lines)


def normal_yaml(rng, name):
    """As generators and people write it: block style throughout."""
    kubelet = {"config": {"clusterDNS": ["10.0.0.10"], "taints": [{"key": "a", "name": "evil"}, {"key": "b"}]},
               "flags": ["--node-labels=a.b/c=d,e=f", "--x=y:z"]}
    config = rng.choice(["spec:\n  cluster:\n    name: evil\n", "[a]\n\n  b = 'c'\n", "x"])
    spec = {"cluster": shuffled(rng, {"name": name, "cidr": "10.0.0.0/16", "apiServerEndpoint": "https://a.b/c"}),
            "kubelet": kubelet, "containerd": rng.choice([{}, {"config": Text(config)}]), "instance": {}}
    text = yaml.dump(shuffled(rng, {**HEAD, "spec": shuffled(rng, spec), "metadata": {"name": "evil"}}), width=4000,
                     sort_keys=False, default_style=rng.choice([None, None, '"']), indent=rng.choice([2, 2, 4]),
                     explicit_start=rng.random() < 0.5)
    return text.replace("\nspec:\n", "\nspec:\n\n# ours\n", 1) if rng.random() < 0.3 else text


def some_mime(rng, parts, is_normal):
    end = rng.choice(["\n", "\r\n"])
    boundary = rng.choice(["//", "BOUNDARY", "==MYBOUNDARY=="] + ([] if is_normal else ["a b", "a", "--", "=_?"]))
    quoted = boundary if boundary == "BOUNDARY" and rng.random() < 0.5 else f'"{boundary}"'
    fold = " " if is_normal else rng.choice([" ", " ", end + "  "])
    text = f"MIME-Version: 1.0{end}Content-Type: multipart/mixed;{fold}boundary={quoted}{end}{end}"
    for part in parts:
        header = rng.choice(["Content-Type"] * 3 + ["Content-Type" if is_normal else "content-type"])
        header += ": application/node.eks.aws"
        header += rng.choice(["", end + "Content-Transfer-Encoding: 7bit"] + ([] if is_normal else [
            "; charset=utf-8", end + "Content-Transfer-Encoding: base64", "x", "; x", end + "X: y"]))
        script = f"--{boundary}{end}Content-Type: text/x-shellscript{end}{end}#!/bin/sh\n{some_yaml(rng)}{end}"
        node = f"--{boundary}{end}{header}{end}{end}{part}{end}"
        text += rng.choice([node, node + script, script + node])
    text += f"--{boundary}--{rng.choice(['', end])}"
    changes = [("--\n", "\n"), (end, "\n"), ("\n", "\r\n"), (": ", ":")]
    return text if is_normal or rng.random() < 0.8 else text.replace(*rng.choice(changes))


def some_text(rng):
    """The text, and the name that must be found, if any."""
    name = rng.choice(["blue", "prod-1", "a_b", "x" * 100] + [None] * 9)
    parts = [normal_yaml(rng, name) if name else some_yaml(rng) for _ in range(rng.choice([1, 1, 2]))]
    return (some_mime(rng, parts, bool(name)) if rng.random() < 0.5 else parts[0]), name


def name_in(part):
    tree = yaml.safe_load(part.decode())
    if not isinstance(tree, dict) or {key: tree.get(key) for key in HEAD} != HEAD:
        raise ValueError("no NodeConfig")
    return "" + (((tree.get("spec") or {}).get("cluster") or {}).get("name") or "")  # A number is an error.


def oracle(text):
    try:
        message = email.message_from_bytes(text)
        is_mime = message.get_content_maintype() == "multipart"
        parts = [part.get_payload(decode=True) for part in message.get_payload()
                 if part.get_content_type() == "application/node.eks.aws"] if is_mime else [text]
        names = [name for name in map(name_in, parts) if name]
        return f"name {names[-1]}" if names else "none"
    except Exception:  # Whatever they complain of: there is no name.
        return "error"


def ask(program, paths):
    return subprocess.run([program], input="\n".join(map(str, paths)), stdout=subprocess.PIPE, text=True,
                          check=True).stdout.splitlines()


def main():
    n_texts, rng = int((sys.argv[2:] or ["2000"])[0]), random.Random(int((sys.argv[3:] or ["1"])[0]))
    cases = [some_text(rng) for _ in range(n_texts)]
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / str(i) for i in range(n_texts)]
        for path, (text, _) in zip(paths, cases):
            path.write_bytes(text.encode())
        ours = ask(sys.argv[1], paths)
        theirs = ask(sys.argv[4], paths) if sys.argv[4:] else [oracle(text.encode()) for text, _ in cases]
    bad = [(our, their, text) for (text, name), our, their in zip(cases, ours, theirs, strict=True)
           if (our.startswith("name ") and our != their) or (name and our != f"name {name}")]
    for row in bad[:3]:
        print("--- ours: {}; theirs: {}\n{!r}".format(*row))
    n_normal = sum(name is not None for _, name in cases)
    n_ours, n_theirs = (sum(answer.startswith("name ") for answer in answers) for answers in (ours, theirs))
    print(f"{n_texts} texts, {n_normal} of them normal: {n_ours} names of ours, {n_theirs} of theirs; {len(bad)} wrong")
    # A test of texts that all are in doubt would prove nothing.
    return 0 if not bad and n_normal >= n_texts / 5 and n_ours >= n_theirs / 2 else 1


if __name__ == "__main__":
    sys.exit(main())
