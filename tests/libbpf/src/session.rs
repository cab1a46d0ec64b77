// SPDX-License-Identifier: GPL-2.0-or-later
//! A load that waits for its parser: without a cookie, the module lets a process load parsers
//! only meanwhile.

use std::ffi::CStr;
use std::fs::File;
use std::io::{Error, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::thread::JoinHandle;

use kexec_bpf::abi;

/// KEXEC_FILE_NO_INITRAMFS
const NO_INITRD: libc::c_ulong = 4;
const NO_CMDLINE: libc::c_ulong = 0;
/// Long enough for two loaders on a busy host.
const TIMEOUT_MS: u32 = 60_000;

/// A session with a load in another thread, until it is ended.
pub struct Session {
    file: File,
    load: JoinHandle<Error>,
    /// The eventfds that the registration names.
    _events: [OwnedFd; 2],
}

fn event() -> OwnedFd {
    // SAFETY: takes numbers only.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
    assert!(fd >= 0, "eventfd: {}", Error::last_os_error());
    // SAFETY: the call above made the descriptor, and nobody else has it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn bytes_of(register: &abi::Register) -> &[u8] {
    let start = std::ptr::from_ref(register).cast();
    // SAFETY: a C structure of integers without padding.
    unsafe { std::slice::from_raw_parts(start, size_of::<abi::Register>()) }
}

impl Session {
    /// Starts to load `image`, and returns when the module asks for its parser.
    pub fn open(image: &str) -> Session {
        let path = CStr::to_str(abi::PROC_PATH).expect("the path is ASCII");
        let options = File::options().read(true).write(true).open(path);
        let mut file = options.expect("open the session file");
        let events = [event(), event()];
        let [ready, attached] = events.each_ref().map(AsRawFd::as_raw_fd);
        let register = abi::Register {
            abi_version: abi::ABI_VERSION,
            ready_fd: ready,
            attached_fd: attached,
            timeout_ms: TIMEOUT_MS,
            flags: 0,
            reserved: [0; 11],
        };
        let written = file.write(bytes_of(&register)).expect("register");
        assert_eq!(written, size_of::<abi::Register>());
        let image = File::open(image).expect("open the image");
        let load = std::thread::spawn(move || load(&image));
        let mut poll = libc::pollfd {
            fd: ready,
            events: libc::POLLIN,
            revents: 0,
        };
        let patience = i32::try_from(TIMEOUT_MS).expect("a minute fits");
        // SAFETY: the pointer is to one structure.
        let found = unsafe { libc::poll(&raw mut poll, 1, patience) };
        assert_eq!(found, 1, "the module asks for a parser");
        Session {
            file,
            load,
            _events: events,
        }
    }

    /// Ends the load, without a parser.
    pub fn end(self) {
        drop(self.file);
        let error = self.load.join().expect("the thread ends");
        assert_eq!(error.raw_os_error(), Some(libc::ECANCELED), "{error}");
    }
}

/// Makes the system call, and returns its error.
fn load(image: &File) -> Error {
    let no_initrd = -1;
    let no_text = std::ptr::null::<libc::c_char>();
    // SAFETY: no command line is passed.
    unsafe {
        libc::syscall(
            libc::SYS_kexec_file_load,
            image.as_raw_fd(),
            no_initrd,
            NO_CMDLINE,
            no_text,
            NO_INITRD,
        )
    };
    Error::last_os_error()
}
