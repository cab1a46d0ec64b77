// SPDX-License-Identifier: GPL-2.0-or-later
//! Tests of the policy on boot entries.

mod choice;
mod device;
mod entries;
mod hook;
mod keys;
mod partitions;
mod places;
mod properties;
