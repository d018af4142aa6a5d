// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package interop names the program that the interop tests build. Nothing of it is compiled: the import keeps the
// mock among this module's requirements, go.mod and go.sum fix it and all it is made of.
package interop

import _ "github.com/aws/amazon-ec2-metadata-mock/cmd"
