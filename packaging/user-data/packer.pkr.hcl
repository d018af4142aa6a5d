# SPDX-License-Identifier: Apache-2.0
# The step of a Packer build, with bootstrap.sh beside it: the image has enawatch, enabled, not running, and without
# any state. To be the last step, or nearly. `sources` is yours.

variable "enawatch_package" {
  type        = string
  description = "Where the .rpm or .deb is: https://..., s3://... or a path in the image"
}

variable "enawatch_sha256" {
  type        = string
  description = "Its SHA-256"
}

build {
  sources = ["source.amazon-ebs.node"]

  provisioner "shell" {
    script           = "${path.root}/bootstrap.sh"
    environment_vars = ["ENAWATCH_PACKAGE=${var.enawatch_package}", "ENAWATCH_SHA256=${var.enawatch_sha256}"]
    execute_command  = "sudo env {{ .Vars }} bash {{ .Path }} image"
  }
}
