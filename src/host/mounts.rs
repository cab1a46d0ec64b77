// SPDX-License-Identifier: GPL-2.0-or-later
//! File systems that are mounted for writing, from /proc/PID/mountinfo; see
//! Documentation/filesystems/proc.rst of the kernel. Layer: pure.

use alloc::string::String;
use alloc::vec::Vec;

/// File systems of the kernel itself and in memory: they end with this system. An
/// overlay's upper layer is on a file system that is mounted as well.
const VOLATILE: &str = "autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs \
efivarfs fusectl hugetlbfs mqueue nsfs overlay proc pstore ramfs rootfs rpc_pipefs securityfs \
sysfs tmpfs tracefs";

/// Returns the file systems that are mounted for writing and outlive this system, as
/// "PLACE (TYPE on SOURCE)".
#[must_use]
pub fn writable(mountinfo: &str) -> Vec<String> {
    mountinfo.lines().filter_map(parse).collect()
}

/// Parses one line: ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS... - TYPE SOURCE OPTIONS. The
/// options begin with rw or ro.
fn parse(line: &str) -> Option<String> {
    let mut fields = line.split(' ').skip(4);
    let [place, own] = [fields.next()?, fields.next()?];
    let mut fields = fields.skip_while(|field| *field != "-").skip(1);
    let [kind, source, options] = [fields.next()?, fields.next()?, fields.next()?];
    let may_write = own.starts_with("rw") && options.starts_with("rw");
    if !may_write || VOLATILE.split(' ').any(|volatile| volatile == kind) {
        return None;
    }
    Some(
        [
            &unescaped(place),
            " (",
            kind,
            " on ",
            &unescaped(source),
            ")",
        ]
        .concat(),
    )
}

/// Decodes a path of mountinfo, in which spaces and backslashes are octal: `\040`.
#[must_use]
pub fn unescaped(place: &str) -> String {
    let mut pieces = place.split('\\');
    let mut text: String = pieces.next().unwrap_or_default().into();
    for piece in pieces {
        let (octal, rest) = piece.split_at_checked(3).unwrap_or(("134", piece));
        let plain = u8::from_str_radix(octal, 8).unwrap_or(b'\\');
        text.push(char::from(plain));
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outlives_this_system_and_can_be_written_counts() {
        let list = "22 1 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n\
            28 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro\n\
            29 1 8:2 /home /mnt/a\\040b rw - ext4 /dev/sda2 rw\n\
            30 28 8:1 / /boot\\040x ro,relatime - vfat /dev/sda1 rw\n\
            31 28 8:3 / /ro rw - xfs /dev/sda3 ro\n\
            32 28 0:40 /@ /data\\040x rw,noatime master:3 - btrfs /dev/sda4 rw,space_cache=v2\n\
            33 28 0:41 / /run rw - tmpfs tmpfs rw\n\
            34 28 0:42 / /net rw - nfs4 server:/x rw,vers=4.2\n\
            35 28 0:43 / /over rw - overlay overlay rw,lowerdir=/a\n\
            36 28 8:9 / /cut rw - ext4\n\
            37 28\n";
        let wanted = [
            "/ (ext4 on /dev/sda2)",
            "/mnt/a b (ext4 on /dev/sda2)",
            "/data x (btrfs on /dev/sda4)",
            "/net (nfs4 on server:/x)",
        ];
        assert_eq!(writable(list), wanted);
        assert!(writable("").is_empty());
    }

    #[test]
    fn octal_is_decoded() {
        for (place, plain) in [("/a\\040b\\134", "/a b\\"), ("\\", "\\"), ("\\9", "\\9")] {
            assert_eq!(unescaped(place), plain);
        }
    }
}
