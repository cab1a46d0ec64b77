// SPDX-License-Identifier: GPL-2.0-or-later
//! Tests of the image formats: tables for each format, then properties of all.
mod certificates;
mod detect;
mod kernels;
mod pe;
mod properties;
mod revocation;
mod sections;
mod signatures;
mod texts;
mod thin;
mod uki;

pub(crate) use signatures::signed_uki;
