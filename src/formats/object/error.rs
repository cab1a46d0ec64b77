// SPDX-License-Identifier: GPL-2.0-or-later
//! Reasons why an object file is not a parser, with the place in it. Layer: pure.

use alloc::string::String;
use core::fmt;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ObjectError {
    /// The file is not an ELF object file for BPF, or is incomplete.
    Elf {
        what: &'static str,
    },
    /// The file's BTF, or data that refers to it, is damaged.
    Types {
        what: &'static str,
    },
    Map {
        map: String,
        what: &'static str,
    },
    /// A field of a map is unknown, or has no value.
    MapField {
        map: String,
        field: String,
    },
    /// The file has a program for something other than the parser's hook.
    OtherHook {
        section: String,
    },
    /// The file has no program, or more than the one to be attached.
    Programs {
        count: usize,
    },
    /// An instruction, `at` bytes from the start of its function, has a bad reference.
    Reference {
        function: String,
        at: u64,
        symbol: String,
        what: &'static str,
    },
    /// A function that the program reaches is empty, or is not all in its section.
    Function {
        name: String,
    },
    /// The program has more instructions than the kernel accepts.
    TooLong,
    /// The program reads kernel structures at offsets that only the kernel knows (CO-RE),
    /// but the kernel would not look at them.
    Core,
    /// The file has a variable that is defined elsewhere: `__ksym` or `__kconfig`.
    Variable {
        name: String,
    },
    /// The program calls a function that neither the module nor the kernel has.
    NoKfunc {
        name: String,
    },
}

impl fmt::Display for ObjectError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ObjectError::Elf { what } => write!(out, "it is not a BPF object file: {what}"),
            ObjectError::Types { what } => write!(out, "its BTF is damaged: {what}"),
            ObjectError::Map { map, what } => write!(out, "its map {map}: {what}"),
            ObjectError::MapField { map, field } => {
                write!(
                    out,
                    "its map {map}: field \"{field}\" is unknown or has no value"
                )
            }
            ObjectError::OtherHook { section } => {
                write!(
                    out,
                    "it has a program for {section}, not for the parser hook"
                )
            }
            ObjectError::Programs { count: 0 } => out.write_str("it has no program"),
            ObjectError::Programs { count } => {
                write!(
                    out,
                    "it has {count} programs for the hook; only one can be attached"
                )
            }
            ObjectError::Reference {
                function,
                at,
                symbol,
                what,
            } => write!(out, "its function {function}+{at:#x}, {symbol}: {what}"),
            ObjectError::Function { name } => {
                write!(
                    out,
                    "its function {name} is empty, or runs past the end of its section"
                )
            }
            ObjectError::TooLong => out.write_str("it has more than a million instructions"),
            ObjectError::Core => {
                out.write_str("it has CO-RE relocations, but not a type for each function")
            }
            ObjectError::Variable { name } => write!(
                out,
                "it asks for {name}; a parser reads the image, not the kernel"
            ),
            ObjectError::NoKfunc { name } => {
                write!(
                    out,
                    "it calls {name}, which neither the module nor the kernel has"
                )
            }
        }
    }
}
