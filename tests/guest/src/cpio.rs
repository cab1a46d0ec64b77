// SPDX-License-Identifier: GPL-2.0-or-later
//! newc archives for guests, independent of the product's own writer.
//!
//! Spec: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.

/// An archive that is being made.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    inode: u32,
    directories: Vec<String>,
}

impl Archive {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, with the directories that lead to it.
    pub fn file(&mut self, path: &str, mode: u32, data: &[u8]) {
        let path = path.trim_start_matches('/');
        for (end, _) in path.match_indices('/') {
            self.directory(&path[..end]);
        }
        self.member(path, 0o100_000 | mode, data);
    }

    /// Adds a directory, unless it is there.
    fn directory(&mut self, path: &str) {
        let path = path.trim_start_matches('/');
        if self.directories.iter().any(|known| known == path) {
            return;
        }
        self.directories.push(path.to_owned());
        self.member(path, 0o040_755, &[]);
    }

    /// Returns the archive, with its trailer.
    pub fn finish(mut self) -> Vec<u8> {
        self.member("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn member(&mut self, name: &str, mode: u32, data: &[u8]) {
        self.inode += 1;
        let links = if mode & 0o040_000 == 0 { 1 } else { 2 };
        let size = u32::try_from(data.len()).expect("a member is under 4 GiB");
        let name_size = u32::try_from(name.len() + 1).expect("a name is short");
        self.bytes.extend_from_slice(b"070701");
        // ino mode uid gid nlink mtime filesize dev(2) rdev(2) namesize check
        for field in [
            self.inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name_size, 0,
        ] {
            self.bytes
                .extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(data);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
