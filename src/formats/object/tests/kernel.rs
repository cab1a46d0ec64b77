// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's types, read in pieces, and a module's that continue them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::btf::{Btf, kind};
use super::super::kernel::{KernelBtf, KernelBtfError, Survey};
use super::build::{FUNC_PROTO, Types};
use crate::formats::source::{FileOffset, FileSlice, SubSource};

fn source(file: &[u8]) -> SubSource<'_, [u8]> {
    let slice = FileSlice {
        offset: FileOffset(0),
        bytes: file.len() as u64,
    };
    SubSource::new(file, slice)
}

/// Counts types and finds functions.
pub fn survey(file: &[u8], names: &[&[u8]]) -> Result<Survey, KernelBtfError> {
    KernelBtf::open(&source(file))?.survey(names)
}

/// Returns more types, and more names, than fit in one piece: a large enumeration, which
/// is longer than a piece itself, and after it many functions.
fn large() -> Types {
    let mut types = Types::new();
    types.put("int", kind::INT, 0, 4, &[0x0100_0020]);
    types.put("", FUNC_PROTO, 0, 0, &[]);
    types.put("many", kind::ENUM, 40_000, 4, &[0; 80_000]);
    for number in 0..9_000 {
        types.put(&format!("function_{number}"), kind::FUNC, 1, 2, &[]);
    }
    types
}

#[test]
fn types_are_counted_and_functions_found_across_pieces() {
    let file = large().finish();
    assert!(file.len() > 5 << 16);
    let last = "function_8999";
    let names: [&[u8]; 6] = [
        b"function_0",
        b"unction_1",
        last.as_bytes(),
        b"int",
        b"function_0",
        b"",
    ];
    let found = survey(&file, &names).unwrap();
    assert_eq!(found.count, 9_003);
    let wanted = [Some(4), None, Some(9_003), None, Some(4), None];
    assert_eq!(found.functions, wanted, "whole names, functions only");
    let all: Vec<String> = (0..9_000).map(|n| format!("function_{n}")).collect();
    let names: Vec<&[u8]> = all.iter().map(|name| name.as_bytes()).collect();
    for (chunk, first) in names.chunks(256).zip((4..).step_by(256)) {
        let found = survey(&file, chunk).unwrap().functions;
        assert!(found.iter().zip(first..).all(|(id, n)| *id == Some(n)));
    }
    assert_eq!(survey(&file, &[]).unwrap().count, 9_003);
}

#[test]
fn what_is_damaged_is_an_error() {
    let file = large().finish();
    for bytes in [0, 23, 24, 40, file.len() / 2, file.len() - 1] {
        assert!(survey(&file[..bytes], &[b"x"]).is_err(), "{bytes}");
    }
    let mut unknown = file;
    unknown[24 + 7] = 31;
    assert!(survey(&unknown, &[]).is_err());
}

#[test]
fn a_modules_types_continue_the_kernels() {
    let mut kernel = Types::new();
    kernel.put("int", kind::INT, 0, 4, &[0x0100_0020]);
    kernel.put("", FUNC_PROTO, 0, 0, &[]);
    kernel.put("parse", kind::FUNC, 1, 2, &[]);
    let (shared, kernel) = (kernel.string("shared"), kernel.finish());
    let source = source(&kernel);
    let below = KernelBtf::open(&source).unwrap();
    let mut own = Types::continuing(below.string_bytes());
    own.put("kexec_hook", kind::FUNC, 1, 2, &[]);
    // A function with a name that the kernel's names have.
    own.put_named(shared, kind::FUNC, 1, 2, &[]);
    let own = own.finish();
    let module = Btf::parse(&own, below.string_bytes()).unwrap();
    let names: [&[u8]; 4] = [b"parse", b"kexec_hook", b"nowhere", b"shared"];
    let found = module.functions(&names, |offset| below.name(offset));
    assert_eq!(found, [None, Some(0), None, Some(1)]);
    assert_eq!(below.survey(&names).unwrap().functions[0], Some(3));
    assert_eq!(below.name(1).unwrap(), b"int");
    assert_eq!(below.name(u32::MAX), None);
}
