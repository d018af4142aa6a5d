# SPDX-License-Identifier: Apache-2.0
"""Certificates for loopback, made by openssl(1) when they are asked for: good ones, and those that no client may
believe.

    with Certificates() as certificates:
        certificates.ca                    # a PEM file: what AWS_CA_BUNDLE names
        certificates.context("expired")    # an ssl.SSLContext of a server
"""
import os
import ssl
import subprocess
import tempfile

NAMES = ("DNS:localhost", "IP:127.0.0.1", "IP:::1")
LONG_AGO, PAST, FUTURE, FAR = "20200101000000Z", "20210101000000Z", "20900101000000Z", "20910101000000Z"
# Who signs it, for which names, from when until when.
KINDS = {"good": ("ca", NAMES, PAST, FUTURE),
         "wrong host": ("ca", ("DNS:elsewhere.example", "IP:127.0.0.2"), PAST, FUTURE),
         "expired": ("ca", NAMES, LONG_AGO, PAST),
         "not yet valid": ("ca", NAMES, FUTURE, FAR),
         "unknown CA": ("unknown-ca", NAMES, PAST, FUTURE)}
# What openssl must be told of an authority. `openssl ca`, for it alone can set both ends of the validity (3.0).
CONFIGURATION = """[req]
distinguished_name = any
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[ca]
default_ca = here
[here]
database = {base}.index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
certificate = {base}.pem
private_key = {base}.key
[any]
commonName = supplied
[server]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = ${{ENV::NAMES}}
"""


class Certificates:
    """A folder with two authorities, of which clients are to know the first, and a server certificate of each kind."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="enawatch-certificates-")
        self._contexts = {}
        self._authority("ca")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """The files are gone; contexts that were given out stay good."""
        self._folder.cleanup()

    @property
    def ca(self):
        """The file that clients trust."""
        return self._path("ca.pem")

    def files(self, kind="good"):
        """(certificate, key), both PEM files."""
        base = self._path("server-" + kind.replace(" ", "-"))
        if not os.path.exists(base + ".pem"):
            self._create(base, *KINDS[kind])
        return base + ".pem", base + ".key"

    def context(self, kind="good"):
        """For a server; always the same one."""
        if kind not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.files(kind))
            self._contexts[kind] = context
        return self._contexts[kind]

    def _path(self, name):
        return os.path.join(self._folder.name, name)

    def _authority(self, name):
        """Its files without their endings; made when they are not there."""
        base = self._path(name)
        if os.path.exists(base + ".pem"):
            return base
        for ending, text in ((".index", ""), (".cnf", CONFIGURATION.format(base=base, folder=self._folder.name))):
            with open(base + ending, "w", encoding="ascii") as file:
                file.write(text)
        self._openssl("req", "-x509", "-days", "3650", "-out", base + ".pem", "-extensions", "authority",
                      *self._new_key(base, base, f"enawatch test {name}"))
        return base

    def _create(self, base, authority, names, begin, end):
        authority = self._authority(authority)
        self._openssl("req", "-new", "-out", base + ".csr", *self._new_key(base, authority, "loopback"))
        self._openssl("ca", "-batch", "-notext", "-config", authority + ".cnf", "-extensions", "server",
                      "-startdate", begin, "-enddate", end, "-in", base + ".csr", "-out", base + ".pem",
                      names=",".join(names))

    @staticmethod
    def _new_key(base, authority, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", base + ".key",
                "-config", authority + ".cnf", "-subj", "/CN=" + name)

    @staticmethod
    def _openssl(*words, names="DNS:none"):
        done = subprocess.run(["openssl", *words], env={**os.environ, "NAMES": names}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"openssl {' '.join(words)}:\n{done.stderr}")
