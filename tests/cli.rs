// SPDX-License-Identifier: GPL-2.0-or-later
//! The real program on this host, from outside: text, exit codes, streams.
//!
//! Nothing here loads an image or needs a kernel with kexec.

extern crate alloc;

#[allow(dead_code, reason = "the unit tests use the rest")]
#[path = "../src/formats/image/build.rs"]
mod build;

#[path = "cli/bad_image.rs"]
mod bad_image;
#[path = "cli/claims.rs"]
mod claims;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/plan.rs"]
mod plan;
#[path = "cli/program.rs"]
mod program;
#[path = "cli/refusal.rs"]
mod refusal;
#[path = "cli/revoked.rs"]
mod revoked;
#[path = "cli/signature.rs"]
mod signature;
#[path = "cli/terminal.rs"]
mod terminal;
