// SPDX-License-Identifier: GPL-2.0-or-later
//! The real program on this host, from outside: text, exit codes, streams.
//!
//! Nothing here loads an image or needs a kernel with kexec.

extern crate alloc;

#[allow(dead_code, reason = "the unit tests use the rest")]
#[path = "../../src/formats/image/build.rs"]
mod build;

mod bad_image;
mod claims;
mod companions;
mod complete;
mod entries;
mod entries_faults;
mod entries_grub;
mod entries_places;
mod help;
mod initrd;
mod json;
mod json_members;
mod menu;
mod plan;
mod program;
mod record;
mod recording;
mod refusal;
mod revoked;
mod signature;
mod terminal;
mod thin;
mod thin_default;
mod width;
