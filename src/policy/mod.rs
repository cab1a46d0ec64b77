// SPDX-License-Identifier: GPL-2.0-or-later
//! Decisions: what to do, given options, files and the state of this machine.
//! Layer: pure.
//!
//! `run` gathers what a decision depends on, and carries the decision out.

pub mod boot;
pub mod companion;
pub mod crash;
pub mod explain;
pub mod handshake;
pub mod plan;
