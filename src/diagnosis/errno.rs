// SPDX-License-Identifier: GPL-2.0-or-later
//! Error numbers by name, because people search for the name. Layer: pure.
//!
//! Source: include/uapi/asm-generic/errno{,-base}.h and, for ENOTSUPP,
//! include/linux/errno.h of the kernel.

use core::fmt;

/// A Linux error number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(pub i32);

macro_rules! errnos {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        impl Errno {
            $(#[doc = $text] pub const $name: Errno = Errno($code);)*

            /// Returns the symbolic name; `None` for a number that this table does not
            /// have.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// Returns the meaning of the number, in the words of strerror(3).
            #[must_use]
            pub fn text(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    EPERM = 1, "operation not permitted";
    ENOENT = 2, "no such file or directory";
    EINTR = 4, "interrupted";
    EIO = 5, "input/output error";
    ENXIO = 6, "no such device or address";
    E2BIG = 7, "argument list too long";
    ENOEXEC = 8, "exec format error";
    EBADF = 9, "bad file descriptor";
    EAGAIN = 11, "resource temporarily unavailable";
    ENOMEM = 12, "cannot allocate memory";
    EACCES = 13, "permission denied";
    EFAULT = 14, "bad address";
    EBUSY = 16, "device or resource busy";
    EEXIST = 17, "file exists";
    EXDEV = 18, "invalid cross-device link";
    ENODEV = 19, "no such device";
    ENOTDIR = 20, "not a directory";
    EISDIR = 21, "is a directory";
    EINVAL = 22, "invalid argument";
    ENFILE = 23, "too many open files in system";
    EMFILE = 24, "too many open files";
    ENOTTY = 25, "inappropriate ioctl for device";
    ETXTBSY = 26, "text file busy";
    EFBIG = 27, "file too large";
    ENOSPC = 28, "no space left on device";
    EROFS = 30, "read-only file system";
    EPIPE = 32, "broken pipe";
    ERANGE = 34, "numerical result out of range";
    ENAMETOOLONG = 36, "file name too long";
    ENOSYS = 38, "function not implemented";
    ELOOP = 40, "too many levels of symbolic links";
    ENODATA = 61, "no data available";
    ENOPKG = 65, "package not installed";
    EBADMSG = 74, "bad message";
    ELIBBAD = 80, "accessing a corrupted shared library";
    EOVERFLOW = 75, "value too large for defined data type";
    EOPNOTSUPP = 95, "operation not supported";
    EADDRNOTAVAIL = 99, "cannot assign requested address";
    ETIMEDOUT = 110, "connection timed out";
    ESTALE = 116, "stale file handle";
    EUCLEAN = 117, "structure needs cleaning";
    ENOMEDIUM = 123, "no medium found";
    ECANCELED = 125, "operation canceled";
    ENOKEY = 126, "required key not available";
    EKEYEXPIRED = 127, "key has expired";
    EKEYREVOKED = 128, "key has been revoked";
    EKEYREJECTED = 129, "key was rejected by service";
    ENOTSUPP = 524, "operation not supported (kernel internal)";
}

impl Errno {
    /// Returns whether the error means that a path does not exist.
    #[must_use]
    pub fn is_absent(self) -> bool {
        matches!(self, Errno::ENOENT | Errno::ENOTDIR)
    }
}

impl fmt::Display for Errno {
    /// Writes `EKEYREJECTED (129)`, or `error 4242` for a number without a name.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(out, "{name} ({})", self.0),
            None => write!(out, "error {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Errno;

    #[test]
    fn names_and_numbers_agree_with_the_kernel() {
        assert_eq!(Errno::EKEYREJECTED.to_string(), "EKEYREJECTED (129)");
        assert_eq!(Errno(99).name(), Some("EADDRNOTAVAIL"));
        // A damaged ext4 file system, and what the kernel's signature check may add.
        assert_eq!(Errno(117).to_string(), "EUCLEAN (117)");
        assert_eq!(Errno(65).to_string(), "ENOPKG (65)");
        assert_eq!(Errno(80).to_string(), "ELIBBAD (80)");
        assert_eq!(Errno(4242).to_string(), "error 4242");
        assert_eq!(Errno::ENOENT.text(), Some("no such file or directory"));
    }
}
