// SPDX-License-Identifier: GPL-2.0-or-later
//! One entry for the journal, by its native protocol
//! (systemd.io/JOURNAL_NATIVE_PROTOCOL), or where there is no journal, one line for the
//! kernel's log. Never waits, and drops errors. Layer: effects.
#![allow(unsafe_code)]

use alloc::format;
use alloc::vec::Vec;
use core::ffi::c_char;
use core::ptr;

use rustix::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::console::kernel_log;
use super::last_errno;
use crate::diagnosis::escape::printable;

/// The journal's socket, also in an initramfs with systemd.
const SOCKET: &[u8] = b"/run/systemd/journal/socket";

/// Sends an entry of this level, as in syslog(3), with fields whose names begin with
/// KEXEC_BPF_; if there is no journal, writes the message to the kernel's log. Control
/// characters of the message are escaped.
pub fn send(level: u8, message: &str, fields: &[(&str, &[u8])]) {
    let message = printable(message.as_bytes());
    if send_to(SOCKET, &entry(level, &message, fields)).is_err() {
        kernel_log(level, &message);
    }
}

/// Returns the datagram. A value with a newline follows its size.
fn entry(level: u8, message: &str, fields: &[(&str, &[u8])]) -> Vec<u8> {
    let text = format!("SYSLOG_IDENTIFIER=kexec-bpf\nPRIORITY={level}\nMESSAGE={message}\n");
    let mut datagram = text.into_bytes();
    for (name, value) in fields {
        datagram.extend(b"KEXEC_BPF_");
        datagram.extend(name.as_bytes());
        if value.contains(&b'\n') {
            datagram.push(b'\n');
            datagram.extend((value.len() as u64).to_le_bytes());
        } else {
            datagram.push(b'=');
        }
        datagram.extend(*value);
        datagram.push(b'\n');
    }
    datagram
}

/// `sendto(socket, datagram, MSG_DONTWAIT | MSG_NOSIGNAL, path)`: sends a datagram to a
/// socket with this path.
fn send_to(path: &[u8], datagram: &[u8]) -> rustix::io::Result<()> {
    // SAFETY: no memory is passed.
    let fd = unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(last_errno());
    }
    // SAFETY: the descriptor is new, so nobody else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let mut address = libc::sockaddr_un {
        sun_family: libc::sa_family_t::try_from(libc::AF_UNIX).unwrap_or_default(),
        sun_path: [0; 108],
    };
    // The last byte stays 0.
    for (to, from) in address.sun_path.iter_mut().take(107).zip(path) {
        *to = c_char::from_ne_bytes([*from]);
    }
    // SAFETY: the datagram and the address outlive the call, with the sizes that are
    // passed.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            datagram.as_ptr().cast(),
            datagram.len(),
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            ptr::from_ref(&address).cast(),
            ADDRESS_BYTES,
        )
    };
    match sent {
        0.. => Ok(()),
        _ => Err(last_errno()),
    }
}

/// The size of a `sockaddr_un`.
const ADDRESS_BYTES: libc::socklen_t = 110;
const _: () = assert!(size_of::<libc::sockaddr_un>() == 110);

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn fields_follow_the_protocol() {
        let fields: [(&str, &[u8]); 2] = [("ROUTE", b"native"), ("IMAGE", b"/a\nb\xff")];
        let wanted = b"SYSLOG_IDENTIFIER=kexec-bpf\nPRIORITY=6\nMESSAGE=a b\n\
            KEXEC_BPF_ROUTE=native\nKEXEC_BPF_IMAGE\n\x05\0\0\0\0\0\0\0/a\nb\xff\n";
        assert_eq!(entry(6, "a b", &fields), wanted);
    }

    #[test]
    fn a_journal_that_does_not_read_holds_nobody_up() {
        let directory = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("socket");
        let bytes = path.as_os_str().as_bytes();
        assert!(send_to(bytes, b"nobody is there").is_err());
        let journal = UnixDatagram::bind(&path).unwrap();
        let count = (0..100_000).take_while(|_| send_to(bytes, b"MESSAGE=a\n").is_ok());
        // The queue's length is a setting of the kernel.
        let count = count.count();
        assert!((1..100_000).contains(&count), "{count}");
        let mut got = [0; 64];
        let length = journal.recv(&mut got).unwrap();
        assert_eq!(&got[..length], b"MESSAGE=a\n");
        std::fs::remove_dir_all(&directory).unwrap();
        // A longer path than an address can hold leads nowhere.
        assert!(send_to(&[b'/'; 200], b"a").is_err());
    }
}
