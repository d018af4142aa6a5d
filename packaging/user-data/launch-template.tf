# SPDX-License-Identifier: Apache-2.0
# A launch template for EKS managed node groups of Amazon Linux 2023, with managed.mime beside it. EKS adds the
# NodeConfig that joins the cluster. With the module terraform-aws-modules/eks there is no template to write; in a node
# group of it:
#
#   cloudinit_pre_nodeadm = [{
#     content_type = "text/x-shellscript; charset=\"us-ascii\""
#     content      = file("${path.module}/bootstrap.sh")
#   }]

resource "aws_launch_template" "enawatch" {
  name_prefix            = "enawatch-"
  update_default_version = true
  user_data              = filebase64("${path.module}/managed.mime")
}

# For aws_eks_node_group: launch_template { id = ..., version = ... }
output "enawatch_launch_template" {
  value = {
    id      = aws_launch_template.enawatch.id
    version = aws_launch_template.enawatch.latest_version
  }
}
