# SPDX-License-Identifier: Apache-2.0
"""boto3 as a client that asks nobody but the endpoint it is given: no metadata service, no files, no environment."""
import os

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config

# Said before the first session looks.
for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/dev/null",
                  AWS_SHARED_CREDENTIALS_FILE="/dev/null")


class JsonLoader(botocore.loaders.Loader):
    """CloudWatch in AWS JSON: boto3 would take CBOR, which neither we nor moto speak."""

    @botocore.loaders.instance_cache
    def load_service_model(self, service_name, type_name, api_version=None):
        model = super().load_service_model(service_name, type_name, api_version)
        if (service_name, type_name) != ("cloudwatch", "service-2"):
            return model
        return {**model, "metadata": {**model["metadata"], "protocol": "json", "protocols": ["json"]}}


def new_session():
    session = botocore.session.get_session()
    session.register_component("data_loader", JsonLoader(session.get_config_variable("data_path")))
    return boto3.Session(botocore_session=session)


SESSION = new_session()


def client(service, where, keys=None, **config):
    """For a service at (endpoint, file of the CA or None). `keys` has access_key_id, secret_access_key and
    session_token, None: requests are not signed. Tries once, waits for 30 seconds, unless `config` has it otherwise."""
    endpoint, ca = where
    config = {"retries": {"total_max_attempts": 1}, "read_timeout": 30, "connect_timeout": 30, **config}
    named = {"aws_access_key_id": keys.access_key_id, "aws_secret_access_key": keys.secret_access_key,
             "aws_session_token": keys.session_token} if keys else {}
    return SESSION.client(service, region_name=config.pop("region", "us-east-1"), endpoint_url=endpoint, verify=ca,
                          config=Config(**config), **named)
