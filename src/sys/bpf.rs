// SPDX-License-Identifier: GPL-2.0-or-later
//! EFFECTS. A parser program, loaded and attached by libbpf.
//!
//! libbpf's own log is kept, newest last, because it is the only place where a
//! rejection by the verifier is explained.
#![allow(unsafe_code)]

use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::fmt;
use core::ptr::{self, NonNull};

use super::SysError;
use super::log;
use crate::abi;

mod c {
    use super::{c_char, c_int, c_void};

    pub type Print = extern "C" fn(level: c_int, format: *const c_char, args: *mut c_void) -> c_int;

    // libbpf needs libelf, which needs zlib: the linker reads them in this order.
    #[link(name = "bpf", kind = "static")]
    unsafe extern "C" {
        pub fn libbpf_set_print(print: Print) -> *mut c_void;
        pub fn bpf_object__open_mem(
            bytes: *const c_void,
            size: usize,
            options: *const c_void,
        ) -> *mut c_void;
        pub fn bpf_object__prepare(object: *mut c_void) -> c_int;
        pub fn bpf_object__load(object: *mut c_void) -> c_int;
        pub fn bpf_object__close(object: *mut c_void);
        pub fn bpf_object__next_program(object: *const c_void, after: *mut c_void) -> *mut c_void;
        pub fn bpf_object__find_map_by_name(
            object: *const c_void,
            name: *const c_char,
        ) -> *mut c_void;
        pub fn bpf_map__fd(map: *const c_void) -> c_int;
        pub fn bpf_map__key_size(map: *const c_void) -> u32;
        pub fn bpf_map__value_size(map: *const c_void) -> u32;
        pub fn bpf_map__max_entries(map: *const c_void) -> u32;
        pub fn bpf_map_update_elem(
            map_fd: c_int,
            key: *const c_void,
            value: *const c_void,
            flags: u64,
        ) -> c_int;
        pub fn bpf_program__section_name(program: *const c_void) -> *const c_char;
        pub fn bpf_program__attach(program: *const c_void) -> *mut c_void;
        pub fn bpf_link__destroy(link: *mut c_void) -> c_int;
    }
    #[link(name = "elf", kind = "static")]
    unsafe extern "C" {}
    #[link(name = "z", kind = "static")]
    unsafe extern "C" {}
}

/// A parser that the kernel has accepted; it is attached while it lives and
/// after [`Parser::attach`]. Dropping it detaches and unloads it.
pub struct Parser {
    object: NonNull<c_void>,
    link: Option<NonNull<c_void>>,
}

/// Why a parser cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParserError {
    /// Not a BPF object file, or the kernel rejected it.
    Sys(SysError),
    /// It has a program for something else than the parser's hook.
    OtherHook { section: String },
    /// It has no program at all.
    NoProgram,
    /// A map is of another shape than bpf/include/kexec_bpf.h says.
    MapShape { map: &'static str },
    /// A map is needed for what the user asked for, and it is not there.
    NoMap { map: &'static str },
}

impl fmt::Display for ParserError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParserError::Sys(error) => write!(out, "the parser was not accepted: {error}"),
            ParserError::OtherHook { section } => {
                write!(out, "the parser has a program for {section}")
            }
            ParserError::NoProgram => out.write_str("the parser has no program"),
            ParserError::MapShape { map } => {
                write!(out, "the parser's map {map} has another shape")
            }
            ParserError::NoMap { map } => write!(out, "the parser has no map {map}"),
        }
    }
}

/// libbpf returns negative error numbers.
fn error_of(call: &'static str, code: c_int) -> ParserError {
    let errno = rustix::io::Errno::from_raw_os_error(code.saturating_neg());
    ParserError::Sys(SysError::new(call, "", errno))
}

impl Parser {
    /// Opens a BPF object file. Nothing of it is in the kernel yet.
    ///
    /// Only programs for `hook`, an ELF section name, are let through: a file
    /// is not to attach anything else just because it was signed.
    ///
    /// # Errors
    /// [`ParserError`]; [`take_log`] has libbpf's words.
    pub fn open(bytes: &[u8], hook: &str) -> Result<Parser, ParserError> {
        // SAFETY: the callback has libbpf_print_fn_t's signature.
        let _ = unsafe { c::libbpf_set_print(log::print) };
        // SAFETY: libbpf copies what it needs of `bytes` before it returns.
        let object =
            unsafe { c::bpf_object__open_mem(bytes.as_ptr().cast(), bytes.len(), ptr::null()) };
        let object = NonNull::new(object).ok_or_else(|| {
            ParserError::Sys(SysError::new(
                "bpf_object__open_mem",
                "",
                super::last_errno(),
            ))
        })?;
        let parser = Parser { object, link: None };
        parser.check_programs(hook)?;
        Ok(parser)
    }

    /// Reads the kernel's BTF, makes the maps and relocates the program.
    ///
    /// # Errors
    /// [`ParserError::Sys`]: a kfunc or type that the kernel does not have, no
    /// memory for a map; [`take_log`] has libbpf's words.
    pub fn prepare(&mut self) -> Result<(), ParserError> {
        // SAFETY: the object is open and was not prepared before.
        let code = unsafe { c::bpf_object__prepare(self.object.as_ptr()) };
        if code != 0 {
            return Err(error_of("bpf_object__prepare", code));
        }
        Ok(())
    }

    /// Has the kernel verify and take the program.
    ///
    /// # Errors
    /// [`ParserError::Sys`]; [`take_log`] has the verifier's words.
    pub fn load(&mut self) -> Result<(), ParserError> {
        // SAFETY: the object is open and was not loaded before.
        let code = unsafe { c::bpf_object__load(self.object.as_ptr()) };
        if code != 0 {
            return Err(error_of("bpf_object__load", code));
        }
        Ok(())
    }

    fn next_program(&self, after: *mut c_void) -> Option<NonNull<c_void>> {
        // SAFETY: the object is open; `after` is NULL or one of its programs.
        NonNull::new(unsafe { c::bpf_object__next_program(self.object.as_ptr(), after) })
    }

    fn check_programs(&self, hook: &str) -> Result<(), ParserError> {
        let mut program = self.next_program(ptr::null_mut());
        if program.is_none() {
            return Err(ParserError::NoProgram);
        }
        while let Some(current) = program {
            // SAFETY: `current` is a program of the open object.
            let section = unsafe { c::bpf_program__section_name(current.as_ptr()) };
            // SAFETY: libbpf returns a C string that lives with the object.
            let section = unsafe { CStr::from_ptr(section) };
            if section.to_bytes() != hook.as_bytes() {
                let section = section.to_string_lossy().into_owned();
                return Err(ParserError::OtherHook { section });
            }
            program = self.next_program(current.as_ptr());
        }
        Ok(())
    }

    /// Puts `count` values into the array map `name`, from index 0, or as many
    /// as `value` makes. Without values, a map that is not there is fine.
    ///
    /// # Errors
    /// [`ParserError::NoMap`], [`ParserError::MapShape`], or the system call's.
    pub fn fill<T: Copy>(
        &self,
        name: &'static CStr,
        count: usize,
        value: impl FnMut(usize) -> Option<T>,
    ) -> Result<(), ParserError> {
        let map = name.to_str().unwrap_or_default();
        // SAFETY: the object is open, the name is a C string.
        let found = unsafe { c::bpf_object__find_map_by_name(self.object.as_ptr(), name.as_ptr()) };
        let Some(found) = NonNull::new(found) else {
            return if count == 0 {
                Ok(())
            } else {
                Err(ParserError::NoMap { map })
            };
        };
        // SAFETY: `found` is a map of the open object.
        let key_size = unsafe { c::bpf_map__key_size(found.as_ptr()) };
        // SAFETY: as above.
        let value_size = unsafe { c::bpf_map__value_size(found.as_ptr()) };
        // SAFETY: as above.
        let entries = unsafe { c::bpf_map__max_entries(found.as_ptr()) };
        let fits = key_size as usize == size_of::<u32>()
            && value_size as usize == size_of::<T>()
            && count <= entries as usize;
        if !fits {
            return Err(ParserError::MapShape { map });
        }
        // SAFETY: as above; the object is loaded, so the map has a descriptor.
        let fd = unsafe { c::bpf_map__fd(found.as_ptr()) };
        for (index, value) in (0u32..).zip((0..count).map_while(value)) {
            let key = ptr::from_ref(&index).cast();
            let value = ptr::from_ref(&value).cast();
            // SAFETY: key and value are as large as the map says they are.
            let code = unsafe { c::bpf_map_update_elem(fd, key, value, 0) };
            if code != 0 {
                return Err(error_of("bpf_map_update_elem", code));
            }
        }
        Ok(())
    }

    /// Attaches the first program, the parser, to the hook.
    ///
    /// # Errors
    /// EBUSY and others of bpf(2), BPF_RAW_TRACEPOINT_OPEN or BPF_LINK_CREATE.
    pub fn attach(&mut self) -> Result<(), ParserError> {
        let Some(program) = self.next_program(ptr::null_mut()) else {
            return Err(ParserError::NoProgram);
        };
        // SAFETY: the program belongs to the loaded object.
        let link = unsafe { c::bpf_program__attach(program.as_ptr()) };
        match NonNull::new(link) {
            Some(link) => {
                self.link = Some(link);
                Ok(())
            }
            None => {
                let error = SysError::new("bpf_program__attach", "", super::last_errno());
                Err(ParserError::Sys(error))
            }
        }
    }
}

impl Drop for Parser {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            // SAFETY: the link was made by attach() and is destroyed this once.
            unsafe { c::bpf_link__destroy(link.as_ptr()) };
        }
        // SAFETY: the object was opened by open() and is closed this once.
        unsafe { c::bpf_object__close(self.object.as_ptr()) };
    }
}

/// Whether a function is one of the module, and not of the kernel proper: the
/// hook or one of its kfuncs (bpf/include/kexec_bpf.h).
#[must_use]
pub fn is_of_module(function: &[u8]) -> bool {
    function == abi::HOOK_NAME.as_bytes() || function.starts_with(abi::KFUNC_PREFIX.as_bytes())
}

/// The last lines of libbpf's log since the last call, oldest first.
#[must_use]
pub fn take_log(lines: usize) -> Vec<String> {
    log::take(lines)
}
