#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Prints the version, which stands in Cargo.toml only.
exec sed -n 's/^version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml"
