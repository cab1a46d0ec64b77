// SPDX-License-Identifier: GPL-2.0-or-later
//! Tests of the pure layer of boot entries.

mod entries;
mod hook;
mod keys;
mod partitions;
mod properties;
