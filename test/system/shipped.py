# SPDX-License-Identifier: Apache-2.0
"""The files of packaging/user-data as the programs that they are for take them apart: MIME by Python's email package,
as cloud-init does it; YAML as far as it is needed here, test/interop compares that with a real parser."""
import email
import pathlib
import re
import textwrap

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "user-data"
BOOTSTRAP = FOLDER / "bootstrap.sh"
SCRIPT_TYPE = "text/x-shellscript"
NODE_CONFIG_TYPE = "application/node.eks.aws"


def text_of(name):
    return (FOLDER / name).read_text(encoding="ascii")


def literals(yaml):
    """The texts that stand after a | in block style, in their order."""
    lines, found = yaml.splitlines(), []
    for at, line in enumerate(lines):
        if re.search(r"[:-] \|$", line):
            indent = len(line) - len(line.lstrip())
            body = []
            for follower in lines[at + 1:]:
                if follower.strip() and len(follower) - len(follower.lstrip()) <= indent:
                    break
                body.append(follower)
            found.append(textwrap.dedent("\n".join(body)).rstrip("\n") + "\n")
    return found


def mime_parts(text):
    """Content type and payload of each part."""
    message = email.message_from_string(text)
    if message.get_content_type() != "multipart/mixed" or message.defects:
        raise ValueError(f"no good MIME: {message.get_content_type()} {message.defects}")
    return [(part.get_content_type(), part.get_payload(decode=True).decode("ascii")) for part in message.get_payload()]


def edited(text, package, config=None):
    """The script, or what carries a copy of it, as somebody edits it who puts enawatch on his nodes."""
    text, n = re.subn(r"^( *)package=$", lambda match: f"{match[0]}{package}", text, flags=re.MULTILINE)
    assert n == 1, f"{n} places for a package"
    if config is not None:
        text = re.sub(r"(?<=<<'END'\n).*?(?=^ *END$)", lambda match: textwrap.indent(
            config, re.match(" *", match[0])[0]), text, count=1, flags=re.DOTALL | re.MULTILINE)
    return text


def image_builder_commands(package, sha256):
    """What the component runs, in the order of its phases: build, validate."""
    parameters = {"Package": package, "Sha256": sha256}
    return [re.sub(r"\{\{ (\w+) \}\}", lambda match: parameters[match[1]], script)
            for script in literals(text_of("image-builder.yaml"))]


def packer_command(package, sha256, path):
    """What Packer runs, with the script at this path, by its manual: Vars is NAME='VALUE' for each variable."""
    text = text_of("packer.pkr.hcl")
    variables = re.search(r"environment_vars *= \[(.*)\]", text)[1]
    for name, value in (("enawatch_package", package), ("enawatch_sha256", sha256)):
        variables = variables.replace(f"${{var.{name}}}", value)
    said = "".join("{}='{}' ".format(*pair.split("=", 1)) for pair in re.findall(r'"([^"]*)"', variables))
    command = re.search(r'execute_command *= "(.*)"', text)[1]
    return command.replace("{{ .Vars }}", said).replace("{{ .Path }}", path)
