// SPDX-License-Identifier: GPL-2.0-or-later
//! A parser by libbpf, which prints on stderr why it refuses one.

use std::ffi::CString;
use std::io::Error;
use std::ptr;

use libbpf_sys::{bpf_map, bpf_object, bpf_object_open_opts};

use crate::kernel::Loaded;

/// An open object file.
struct Object(*mut bpf_object);

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the object was opened, and is closed only here.
        unsafe { libbpf_sys::bpf_object__close(self.0) };
    }
}

fn open(name: &str, file: &[u8]) -> Result<Object, Error> {
    let name = CString::new(name).expect("names have no NUL");
    let options = bpf_object_open_opts {
        sz: size_of::<bpf_object_open_opts>() as u64,
        object_name: name.as_ptr(),
        ..bpf_object_open_opts::default()
    };
    let (start, bytes) = (file.as_ptr().cast(), file.len() as u64);
    // SAFETY: the file and the name are in memory during the call, which copies both.
    let object = unsafe { libbpf_sys::bpf_object__open_mem(start, bytes, &raw const options) };
    match object.is_null() {
        true => Err(Error::last_os_error()),
        false => Ok(Object(object)),
    }
}

impl Object {
    fn load(&self) -> Result<(), Error> {
        // SAFETY: the object is open.
        match unsafe { libbpf_sys::bpf_object__load(self.0) } {
            0 => Ok(()),
            error => Err(Error::from_raw_os_error(-error)),
        }
    }

    /// Returns the descriptor of the only program.
    fn program(&self) -> i32 {
        // SAFETY: the object is open.
        let first = unsafe { libbpf_sys::bpf_object__next_program(self.0, ptr::null_mut()) };
        assert!(!first.is_null(), "a loaded object has a program");
        // SAFETY: the program belongs to the open object.
        let second = unsafe { libbpf_sys::bpf_object__next_program(self.0, first) };
        assert!(second.is_null(), "there is one program");
        // SAFETY: the program belongs to the open object.
        unsafe { libbpf_sys::bpf_program__fd(first) }
    }

    /// Returns the descriptors of all maps.
    fn maps(&self) -> Vec<i32> {
        let mut found = Vec::new();
        let mut map: *const bpf_map = ptr::null();
        loop {
            // SAFETY: `map` is NULL or belongs to the open object.
            map = unsafe { libbpf_sys::bpf_object__next_map(self.0, map) };
            if map.is_null() {
                return found;
            }
            // SAFETY: the map belongs to the open object.
            found.push(unsafe { libbpf_sys::bpf_map__fd(map) });
        }
    }
}

/// Loads an object file, and describes what the kernel has then; or why it has not.
pub fn load(name: &str, file: &[u8]) -> Result<Loaded, String> {
    eprintln!("libbpf: {name}");
    let object = open(name, file).map_err(|error| format!("open: {error}"))?;
    object.load().map_err(|error| format!("load: {error}"))?;
    Ok(Loaded::of(object.program(), &object.maps()))
}
