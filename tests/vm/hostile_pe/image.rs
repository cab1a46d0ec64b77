// SPDX-License-Identifier: GPL-2.0-or-later
//! A signed PE file, made by this test, whose fields can be set to anything.

use guest::uki::{u16_at, u32_at};

/// Offsets at which `Pe` puts the fields.
pub const E_LFANEW: usize = 0x3c;
pub const PE: usize = 0x40;
pub const SECTIONS: usize = PE + 6;
pub const OPTIONAL_SIZE: usize = PE + 20;
pub const MAGIC: usize = PE + 24;
pub const HEADERS: usize = MAGIC + 60;
pub const CHECKSUM: usize = MAGIC + 64;
pub const DIRECTORIES: usize = MAGIC + 108;
pub const CERTIFICATE: usize = MAGIC + 112 + 4 * 8;
pub const TABLE: usize = MAGIC + OPTIONAL_BYTES;
/// Offsets in an entry of the section table.
pub const RAW_SIZE: usize = 16;
pub const RAW_OFFSET: usize = 20;

const OPTIONAL_BYTES: usize = 240;
const ENTRY_BYTES: usize = 40;
const PAGE_BYTES: usize = 4096;

#[derive(Clone)]
pub struct Image {
    pub bytes: Vec<u8>,
}

impl Image {
    pub fn new(signed: &[u8]) -> Self {
        let image = Self {
            bytes: signed.to_vec(),
        };
        assert_eq!(image.u32_at(E_LFANEW), PE as u32);
        assert_eq!(image.u32_at(DIRECTORIES), 16);
        let end = image.certificates() + image.u32_at(CERTIFICATE + 4) as usize;
        assert_eq!(end, signed.len(), "signed, and the table is last");
        image
    }

    pub fn file_bytes(&self) -> u32 {
        self.bytes.len() as u32
    }

    pub fn u32_at(&self, at: usize) -> u32 {
        u32_at(&self.bytes, at as u64)
    }

    pub fn set16(&mut self, at: usize, value: u16) {
        self.bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }

    pub fn set32(&mut self, at: usize, value: u32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    pub fn sections(&self) -> u16 {
        u16_at(&self.bytes, SECTIONS as u64)
    }

    pub fn entry(&self, index: usize) -> usize {
        TABLE + ENTRY_BYTES * index
    }

    pub fn table_end(&self) -> u32 {
        self.entry(usize::from(self.sections())) as u32
    }

    /// Returns the offset of the certificate table.
    pub fn certificates(&self) -> usize {
        self.u32_at(CERTIFICATE) as usize
    }

    /// Returns a copy whose certificate table, and so the file, ends at the end of a page.
    pub fn to_page(&self) -> Self {
        let at = self.certificates();
        let table = &self.bytes[at..];
        let end = self.bytes.len().next_multiple_of(PAGE_BYTES);
        let mut bytes = self.bytes[..at].to_vec();
        bytes.resize(end - table.len(), 0);
        let moved = bytes.len() as u32;
        bytes.extend_from_slice(table);
        let mut image = Self { bytes };
        image.set32(CERTIFICATE, moved);
        image
    }

    /// Returns a copy without the last bytes of its certificate table.
    pub fn without_last(&self, bytes: u32) -> Self {
        let mut image = self.clone();
        let size = image.u32_at(CERTIFICATE + 4) - bytes;
        image.set32(CERTIFICATE + 4, size);
        image.bytes.truncate(self.bytes.len() - bytes as usize);
        image
    }

    fn table(&self) -> Vec<u8> {
        self.bytes[TABLE..self.table_end() as usize].to_vec()
    }

    /// Sets the number of directories and moves the section table to after them.
    pub fn move_table(&mut self, count: u32) {
        let (table, bytes) = (self.table(), 112 + 8 * count as usize);
        self.bytes[TABLE..TABLE + table.len()].fill(0);
        let at = MAGIC + bytes;
        self.bytes[at..at + table.len()].copy_from_slice(&table);
        self.set32(DIRECTORIES, count);
        self.set16(OPTIONAL_SIZE, bytes as u16);
    }

    /// Moves the real section table `longer` bytes further on, and makes the optional
    /// header's size say so. Leaves a decoy at the old place, where the number of
    /// directories puts the table: its first section has this offset and size.
    pub fn decoy(&mut self, longer: usize, offset: u32, size: u32) {
        let table = self.table();
        let at = TABLE + longer;
        self.bytes[at..at + table.len()].copy_from_slice(&table);
        self.set16(OPTIONAL_SIZE, (OPTIONAL_BYTES + longer) as u16);
        self.set32(TABLE + RAW_OFFSET, offset);
        self.set32(TABLE + RAW_SIZE, size);
    }

    /// Leaves the real section table in place and lowers the number of directories, so
    /// that it puts the table inside the directories. The first section there has this
    /// offset and size.
    pub fn early_table(&mut self, offset: u32, size: u32) {
        const COUNT: usize = 10;
        let at = MAGIC + 112 + 8 * COUNT;
        self.set32(DIRECTORIES, COUNT as u32);
        self.set32(at + RAW_OFFSET, offset);
        self.set32(at + RAW_SIZE, size);
    }

    /// Sets the number of sections, and enlarges the headers to hold their entries. The
    /// added sections have no bytes.
    pub fn with_sections(&mut self, count: u16) {
        let old = self.u32_at(HEADERS);
        let headers = (self.entry(usize::from(count)) as u32).next_multiple_of(0x200);
        let more = headers
            .saturating_sub(old)
            .next_multiple_of(PAGE_BYTES as u32);
        for index in 0..usize::from(self.sections()) {
            let at = self.entry(index) + RAW_OFFSET;
            self.set32(at, self.u32_at(at) + more);
        }
        self.set32(CERTIFICATE, self.u32_at(CERTIFICATE) + more);
        self.set32(HEADERS, old + more);
        self.set16(SECTIONS, count);
        let zeros = vec![0; more as usize];
        self.bytes.splice(old as usize..old as usize, zeros);
    }

    /// Sets the offset of the certificate table, and copies the table there if it fits.
    pub fn copy_certificates(&mut self, offset: u32) {
        let table = self.bytes[self.certificates()..].to_vec();
        self.set32(CERTIFICATE, offset);
        let end = (offset as usize).saturating_add(table.len());
        // The headers are not overwritten: this case is about the table's place.
        if offset >= self.u32_at(HEADERS) && end <= self.bytes.len() {
            self.bytes[offset as usize..end].copy_from_slice(&table);
        }
    }

    /// Returns the fields for random changes: name, offset, bytes.
    pub fn fields(&self) -> Vec<(&'static str, usize, usize)> {
        let last = self.entry(usize::from(self.sections()) - 1);
        let certificates = self.certificates();
        vec![
            ("e_lfanew", E_LFANEW, 4),
            ("sections", SECTIONS, 2),
            ("optional", OPTIONAL_SIZE, 2),
            ("headers", HEADERS, 4),
            ("directories", DIRECTORIES, 4),
            ("table", CERTIFICATE, 4),
            ("table size", CERTIFICATE + 4, 4),
            ("first at", TABLE + RAW_OFFSET, 4),
            ("first size", TABLE + RAW_SIZE, 4),
            ("last at", last + RAW_OFFSET, 4),
            ("last size", last + RAW_SIZE, 4),
            ("length", certificates, 4),
            ("revision", certificates + 4, 2),
            ("der", certificates + 8, 4),
        ]
    }
}
