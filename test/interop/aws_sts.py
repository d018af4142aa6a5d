# SPDX-License-Identifier: Apache-2.0
"""Who gives out keys: STS, for roles, and the endpoint that ECS and EKS Pod Identity have for containers.

Parameters and errors of STS: its model. The endpoint's answer: "Container credential provider", SDKs and Tools
Reference Guide; what it says when it refuses is written nowhere.
"""
import dataclasses
import datetime
import secrets
import string
import urllib.parse
from xml.sax.saxutils import escape

from aws_signature import Keys, Refusal

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
DEFAULT_DURATION_S = 3600
CONTAINER_PATH = "/v1/credentials"


@dataclasses.dataclass
class Role:
    """Who may have it: bearers of these web identity tokens (unix time until which, None: for ever), and signers with
    these access keys (None: with any that are known)."""
    web_tokens: dict = dataclasses.field(default_factory=dict)
    access_key_ids: set = None
    external_id: str = None


def utc(time):
    return datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_form(body, shape):
    """(parameters as the model has them, names that are left over) of the form of the query protocol."""
    pairs = urllib.parse.parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    texts = dict(pairs)
    if len(texts) < len(pairs):
        raise ValueError("a parameter twice")
    left = {name: text for name, text in texts.items() if name not in ("Action", "Version")}
    return _take_structure(left, shape, ""), left


def _take_structure(left, shape, prefix):
    found = {name: _take(left, member, prefix + name) for name, member in shape.members.items()}
    return {name: value for name, value in found.items() if value is not None}


def _take(left, shape, name):
    if shape.type_name == "structure":
        return _take_structure(left, shape, name + ".") or None
    if shape.type_name == "list":
        items = iter(lambda: _take(left, shape.member, f"{name}.member.{len(found) + 1}"), None)
        found = []
        for item in items:
            found.append(item)
        return found or None
    text = left.pop(name, None)
    return int(text) if shape.type_name == "integer" and text is not None else text


class Sts:
    """`roles` are by ARN. Keys that are given out live as long as was asked for, or `ttl_s`, and are put into
    `known`, by access key id."""

    def __init__(self, known):
        self.known, self.roles, self.ttl_s = known, {}, None
        self.container_token, self.issued = None, []

    def add_role(self, arn, **what):
        """A Role; returns it, and it may be changed."""
        self.roles[arn] = Role(**what)
        return self.roles[arn]

    # --- Each gives what is to be kept later, and the answer ---

    def assume_role(self, parameters, keys, now):
        role = self.roles.get(parameters["RoleArn"])
        if not role or (role.access_key_ids is not None and keys.access_key_id not in role.access_key_ids) or \
                role.external_id != parameters.get("ExternalId"):
            raise Refusal("AccessDenied", f"not authorized to perform: sts:AssumeRole on {parameters['RoleArn']}", 403,
                          is_violation=False)
        return self._issue("AssumeRole", parameters, now)

    def assume_role_with_web_identity(self, parameters, now):
        role, token = self.roles.get(parameters["RoleArn"]), parameters["WebIdentityToken"]
        tokens = {text: ends for one in self.roles.values() for text, ends in one.web_tokens.items()}
        if token not in tokens:
            raise Refusal("InvalidIdentityToken", "The web identity token that was passed could not be validated",
                          is_violation=False)
        if tokens[token] is not None and now >= tokens[token]:
            raise Refusal("ExpiredTokenException", "Token expired", is_violation=False)
        if not role or token not in role.web_tokens:
            raise Refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403,
                          is_violation=False)
        return self._issue("AssumeRoleWithWebIdentity", parameters, now)

    def give_to_container(self, request, now):
        """Keys as JSON, for whoever brings the token."""
        if request.headers.get("Authorization") != self.container_token:
            raise Refusal("InvalidAuthorization", "that is not the token", 401, is_violation=False)
        keys = self._new_keys(DEFAULT_DURATION_S, now)
        return self._keeper(keys), {
            "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key, "Token": keys.session_token,
            "Expiration": utc(keys.ends), "AccountId": "123456789012"}

    def _new_keys(self, duration_s, now):
        letters = string.ascii_uppercase + string.digits
        return Keys("ASIA" + "".join(secrets.choice(letters) for _ in range(16)), secrets.token_urlsafe(30),
                    secrets.token_urlsafe(300) + "/+==", now + (duration_s if self.ttl_s is None else self.ttl_s))

    def _keeper(self, keys):
        def keep():
            self.known[keys.access_key_id] = keys
            self.issued.append(keys)
        return keep

    def _issue(self, operation, parameters, now):
        keys = self._new_keys(parameters.get("DurationSeconds", DEFAULT_DURATION_S), now)
        name, session = parameters["RoleArn"].rpartition("/")[2], parameters["RoleSessionName"]
        arn = f"arn:aws:sts::123456789012:assumed-role/{name}/{session}"
        credentials = _xml({"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key,
                            "SessionToken": keys.session_token, "Expiration": utc(keys.ends)})
        user = _xml({"AssumedRoleId": "AROAEXAMPLE:" + session, "Arn": arn})
        return self._keeper(keys), (
            f'<{operation}Response xmlns="{NAMESPACE}"><{operation}Result><AssumedRoleUser>{user}</AssumedRoleUser>'
            f"<Credentials>{credentials}</Credentials></{operation}Result><ResponseMetadata><RequestId>0</RequestId>"
            f"</ResponseMetadata></{operation}Response>")


def _xml(texts):
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in texts.items())


def error_xml(code, message, whose):
    return (f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{whose}</Type><Code>{code}</Code>'
            f"<Message>{escape(message)}</Message></Error><RequestId>0</RequestId></ErrorResponse>")
