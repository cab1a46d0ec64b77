// SPDX-License-Identifier: GPL-2.0-or-later
//! Programs: BPF_BTF_LOAD, BPF_PROG_LOAD, BPF_LINK_CREATE. Layer: effects.
#![allow(unsafe_code)]

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Errno;

use super::{
    SysError, address, address_mut, attr, bpf_fd, command, descriptor, fail, length, short,
};
use crate::formats::object::Linked;

/// BPF_PROG_TYPE_TRACING
const TRACING: u32 = 26;
/// BPF_TRACE_FENTRY
const FENTRY: u32 = 24;
/// BPF_F_SLEEPABLE
const SLEEPABLE: u32 = 1 << 4;
/// BPF_LOG_LEVEL1: the log has the verifier's steps, instruction by instruction.
const LOG_LEVEL: u32 = 1;
/// Sizes to try for the log, in bytes. If the log is longer, kernels before 6.4 keep its
/// beginning, but the cause is at its end.
const LOG_BYTES: [usize; 3] = [64 << 10, 1 << 20, 16 << 20];
/// The number of attempts: after a signal, the verifier gives up and asks to be called
/// again.
const ATTEMPTS: usize = 5;

/// A refusal by the kernel, with its reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejected {
    pub error: SysError,
    /// The verifier's log; empty when there is none.
    pub log: String,
}

/// Loads a program's BTF into the kernel.
///
/// # Errors
/// EINVAL, with a log that says which type is wrong.
pub fn load_types(types: &[u8]) -> Result<OwnedFd, Rejected> {
    let attempt = |log: &mut [u8]| {
        let mut load = attr::BtfLoad {
            btf: address(types),
            btf_size: length(types),
            btf_log_size: length(log),
            btf_log_level: u32::from(!log.is_empty()),
            btf_log_buf: address_mut(log),
            ..attr::BtfLoad::default()
        };
        // SAFETY: both pointers point to slices of the sizes beside them.
        unsafe { bpf_fd(command::BTF_LOAD, &mut load) }
    };
    with_log("BPF_BTF_LOAD", attempt)
}

/// A sleepable program that runs at the entry of a module's function.
pub struct Program<'a> {
    pub name: &'a [u8],
    pub license: &'a CStr,
    pub linked: &'a Linked,
    /// The program's BTF.
    pub types: Option<BorrowedFd<'a>>,
    /// The function's ID in the module's BTF.
    pub function: u32,
    /// The module's BTF.
    pub module: BorrowedFd<'a>,
}

/// Makes the kernel verify and load a program. Kfuncs of BTF 1 are the module's.
///
/// # Errors
/// The errors of the verifier, with its log; E2BIG, EPERM, EINVAL.
pub fn load_program(program: &Program<'_>) -> Result<OwnedFd, Rejected> {
    let Linked {
        instructions,
        functions,
        lines,
        relocations,
    } = program.linked;
    let descriptors = [0, descriptor(program.module)];
    let record = |bytes: usize| u32::try_from(bytes).unwrap_or(0);
    let attempt = |log: &mut [u8]| {
        let mut load = attr::ProgLoad {
            prog_type: TRACING,
            insn_cnt: length(instructions),
            insns: address(instructions.as_slice()),
            license: address(program.license),
            log_level: if log.is_empty() { 0 } else { LOG_LEVEL },
            log_size: length(log),
            log_buf: address_mut(log),
            prog_flags: SLEEPABLE,
            prog_name: short(program.name),
            expected_attach_type: FENTRY,
            prog_btf_fd: program.types.map_or(0, descriptor),
            func_info_rec_size: record(size_of::<[u32; 2]>()),
            func_info: address(functions.as_slice()),
            func_info_cnt: length(functions),
            line_info_rec_size: record(size_of::<[u32; 4]>()),
            line_info: address(lines.as_slice()),
            line_info_cnt: length(lines),
            core_relos: address(relocations.as_slice()),
            core_relo_rec_size: record(size_of::<[u32; 4]>()),
            core_relo_cnt: length(relocations),
            attach_btf_id: program.function,
            attach_btf_obj_fd: descriptor(program.module),
            fd_array: address(&descriptors),
            ..attr::ProgLoad::default()
        };
        // SAFETY: all pointers point to slices of the sizes beside them; the license ends
        // with a NUL, and the instructions refer to the first two descriptors.
        unsafe { bpf_fd(command::PROG_LOAD, &mut load) }
    };
    with_log("BPF_PROG_LOAD", attempt)
}

/// Tries without a log, which costs time; if that fails, tries again with a log.
fn with_log(
    call: &'static str,
    once: impl Fn(&mut [u8]) -> Result<OwnedFd, Errno>,
) -> Result<OwnedFd, Rejected> {
    let attempt = |log: &mut [u8]| {
        let mut results = (0..ATTEMPTS).map(|_| once(&mut *log));
        let found = results.find(|result| !matches!(result, Err(Errno::AGAIN)));
        found.unwrap_or(Err(Errno::AGAIN))
    };
    let errno = match attempt(&mut []) {
        Ok(fd) => return Ok(fd),
        Err(errno) => errno,
    };
    let mut log = Vec::new();
    for bytes in LOG_BYTES {
        log = vec![0; bytes];
        match attempt(&mut log) {
            Ok(fd) => return Ok(fd),
            Err(Errno::NOSPC) => {}
            Err(_) => break,
        }
    }
    let log = CStr::from_bytes_until_nul(&log).unwrap_or_default();
    Err(Rejected {
        error: fail(call)(errno),
        log: log.to_string_lossy().into_owned(),
    })
}

/// Attaches a program to the function it was loaded for, until the descriptor is closed.
/// `cookie` is what the function's module tells programs apart by; 0 for none.
///
/// # Errors
/// EBUSY, ENOMEM; E2BIG when too many programs are attached there.
pub fn attach(program: BorrowedFd<'_>, cookie: u64) -> Result<OwnedFd, SysError> {
    let mut create = attr::LinkCreate {
        prog_fd: descriptor(program),
        attach_type: FENTRY,
        cookie,
        ..attr::LinkCreate::default()
    };
    // SAFETY: `create` has no pointers: the program already has its target.
    let link = unsafe { bpf_fd(command::LINK_CREATE, &mut create) };
    link.map_err(fail("BPF_LINK_CREATE"))
}
