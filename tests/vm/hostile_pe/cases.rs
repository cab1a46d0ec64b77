// SPDX-License-Identifier: GPL-2.0-or-later
//! Makes PE files with false headers from signed ones. Each keeps the signature,
//! so that the kernel trusts it and goes on to hash what the headers name. Every
//! run makes the same files.

use super::image::{
    CERTIFICATE, CHECKSUM, DIRECTORIES, E_LFANEW, HEADERS, Image, MAGIC, OPTIONAL_SIZE, PE,
    RAW_OFFSET, RAW_SIZE, SECTIONS, TABLE,
};

/// A file for `client hostile`, and a description of the change.
pub struct Case {
    /// `i`, `a` or `k`, as the client requires, and a number.
    pub name: String,
    pub what: String,
    pub bytes: Vec<u8>,
}

/// Number of files with random changes for each signed file.
const RANDOM: usize = 90;
const SEED: u64 = 0x6b65_7865_635f_7065;

/// Returns all files that are made from a signed one.
pub fn of(kind: char, signed: &[u8]) -> Vec<Case> {
    let mut maker = Maker {
        kind,
        signed: Image::new(signed),
        cases: Vec::new(),
    };
    maker.valid();
    maker.dos_header();
    maker.optional_header();
    maker.decoys();
    maker.header_size();
    maker.section_counts();
    maker.section_places();
    maker.certificate_table();
    maker.certificate_length();
    maker.pkcs7_headers();
    maker.tails();
    maker.random();
    maker.cases
}

struct Maker {
    kind: char,
    signed: Image,
    cases: Vec<Case>,
}

impl Maker {
    fn add(&mut self, what: String, image: Image) {
        self.cases.push(Case {
            name: format!("{}-{:04}", self.kind, self.cases.len()),
            what,
            bytes: image.bytes,
        });
    }

    /// Returns the file with its certificate table at its end, and its end at that of a
    /// page: the next byte is outside the kernel's buffer.
    fn paged(&self) -> Image {
        self.signed.to_page()
    }

    /// Adds the paged file with one change.
    fn with(&mut self, what: String, change: impl FnOnce(&mut Image)) {
        let mut image = self.paged();
        change(&mut image);
        self.add(what, image);
    }

    /// Returns 32-bit values around the bounds that the checks compare with.
    fn edges(&self) -> Vec<u32> {
        let image = self.paged();
        let (headers, file) = (image.u32_at(HEADERS), image.file_bytes());
        let mut edges = vec![0, 1, 7, 8, 0x40, 0x1000];
        for around in [headers, file, 0x7fff_ffff, 0x8000_0000] {
            edges.extend([around - 1, around, around + 1]);
        }
        edges.extend([0u32.wrapping_sub(file), 0xffff_f000, u32::MAX - 7, u32::MAX]);
        edges
    }

    /// Adds files that the kernel must accept: the signature does not cover the changes.
    fn valid(&mut self) {
        let signed = self.signed.clone();
        self.add("as it was signed".into(), signed.clone());
        let mut checksum = signed.clone();
        checksum.set32(CHECKSUM, 0xdead_beef);
        self.add("another checksum".into(), checksum);
        let mut padded = signed;
        let size = padded.u32_at(CERTIFICATE + 4);
        padded.set32(CERTIFICATE + 4, size + 8);
        padded.bytes.extend([0; 8]);
        self.add("8 bytes of padding in the certificate table".into(), padded);
        let paged = self.paged();
        self.add("moved certificate table".into(), paged);
    }

    fn dos_header(&mut self) {
        let file = self.paged().file_bytes();
        for at in [
            0,
            4,
            0x3c,
            63,
            64,
            65,
            0x42,
            file - 25,
            file - 24,
            file - 23,
            file,
        ] {
            self.with(format!("e_lfanew {at:#x}"), |i| i.set32(E_LFANEW, at));
        }
        for at in self.edges() {
            self.with(format!("e_lfanew {at:#x}"), |i| i.set32(E_LFANEW, at));
        }
        for magic in [0x107, 0x10b, 0x20b, 0x30b] {
            self.with(format!("magic {magic:#x}"), |i| i.set16(MAGIC, magic));
        }
    }

    fn optional_header(&mut self) {
        for count in (0..=18).chain([0x20, 0x100, 0xffff]).chain(self.edges()) {
            self.with(format!("{count:#x} directories"), |i| {
                i.set32(DIRECTORIES, count);
            });
        }
        for size in [
            0, 1, 96, 111, 112, 144, 151, 152, 160, 224, 232, 239, 241, 248, 280, 0x1000, 0xffff,
        ] {
            self.with(format!("{size} bytes of optional header"), |i| {
                i.set16(OPTIONAL_SIZE, size);
            });
        }
        // The optional header's size and the number of directories agree.
        for count in 0..=18 {
            self.with(format!("{count} directories, table after them"), |i| {
                i.move_table(count);
            });
        }
        for count in 0..5 {
            self.with(format!("{count} directories, short headers"), |i| {
                i.move_table(count);
                i.set16(SECTIONS, 0);
                i.set32(HEADERS, (PE + 24 + 112 + 8 * count as usize + 1) as u32);
            });
        }
    }

    /// Adds files with one section table where the optional header's size puts it, and
    /// another where the number of directories does.
    fn decoys(&mut self) {
        let file = self.paged().file_bytes();
        for (offset, size) in [
            (file, 0x1000),
            (file - 0x1000, 0x2000),
            (0x8000_0000, 0x1000),
            (0xffff_f000, 0x1000),
            (0x1000, 0x7fff_ffff),
            (0, u32::MAX),
            (0, file),
            (0, 0),
        ] {
            for longer in [40, 80] {
                let what = format!("decoy {longer} bytes on; real {offset:#x}+{size:#x}");
                self.with(what, |i| i.decoy(longer, offset, size));
            }
            let what = format!("fewer directories than bytes; real {offset:#x}+{size:#x}");
            self.with(what, |i| i.early_table(offset, size));
        }
    }

    fn header_size(&mut self) {
        let table_end = self.paged().table_end();
        let places = [CERTIFICATE, CERTIFICATE + 8, TABLE, TABLE + 40];
        let places = places.map(|at| at as u32).into_iter();
        let around = places
            .chain([table_end])
            .flat_map(|at| [at - 1, at, at + 1]);
        let around: Vec<u32> = around.chain(self.edges()).collect();
        for size in around {
            self.with(format!("SizeOfHeaders {size:#x}"), |i| {
                i.set32(HEADERS, size);
            });
        }
    }

    fn section_counts(&mut self) {
        let sections = self.paged().sections();
        for count in [
            0,
            1,
            sections,
            sections + 1,
            256,
            257,
            1024,
            1025,
            0x7fff,
            0xffff,
        ] {
            self.with(format!("{count} sections"), |i| i.set16(SECTIONS, count));
        }
        self.with("0 sections, and none in the headers".into(), |i| {
            i.set16(SECTIONS, 0);
            i.set32(HEADERS, TABLE as u32);
        });
        // With headers that are large enough, except for a kernel, whose arch loader
        // would not accept them.
        if self.kind != 'k' {
            for count in [255, 256, 257, 1023, 1024, 1025, 2000] {
                self.with(format!("{count} sections in the headers"), |i| {
                    i.with_sections(count);
                });
            }
        }
    }

    fn section_places(&mut self) {
        let sections = usize::from(self.paged().sections());
        for index in [0, sections - 1] {
            for value in self.edges() {
                let (offset, size) = (self.paged().entry(index) + RAW_OFFSET, RAW_SIZE);
                self.with(format!("section {index} at {value:#x}"), |i| {
                    i.set32(offset, value);
                });
                let size = self.paged().entry(index) + size;
                self.with(format!("section {index} of {value:#x} bytes"), |i| {
                    i.set32(size, value);
                });
                // Placed so that it ends with the file, and one byte after.
                let file = self.paged().file_bytes();
                for end in [file, file + 1] {
                    self.with(format!("section {index} of {value:#x}, to {end:#x}"), |i| {
                        i.set32(size, value);
                        i.set32(offset, end.wrapping_sub(value));
                    });
                }
            }
        }
        if sections < 2 {
            return;
        }
        let image = self.paged();
        let (first, second) = (image.entry(0), image.entry(1));
        let (start, size) = (
            image.u32_at(first + RAW_OFFSET),
            image.u32_at(first + RAW_SIZE),
        );
        for at in [start, start + 1, start + size - 1, start + size] {
            self.with(format!("section 1 at {at:#x}"), |i| {
                i.set32(second + RAW_OFFSET, at);
            });
        }
        self.with("all sections are one".into(), |i| {
            for index in 1..sections {
                let (offset, raw) = (i.entry(index) + RAW_OFFSET, i.entry(index) + RAW_SIZE);
                i.set32(offset, start);
                i.set32(raw, size);
            }
        });
    }

    fn certificate_table(&mut self) {
        let image = self.paged();
        let (at, size) = (image.u32_at(CERTIFICATE), image.u32_at(CERTIFICATE + 4));
        let first = image.u32_at(image.entry(0) + RAW_OFFSET);
        for offset in [at - 8, at + 8, first, first + 8, 0x40]
            .into_iter()
            .chain(self.edges())
        {
            self.with(format!("certificates at {offset:#x}"), |i| {
                i.set32(CERTIFICATE, offset);
            });
            // The table is copied there if it fits.
            self.with(format!("certificates moved to {offset:#x}"), |i| {
                i.copy_certificates(offset);
            });
        }
        for bytes in [2, 3, 4, 5, 6, size - 1, size + 1]
            .into_iter()
            .chain(self.edges())
        {
            self.with(format!("certificates of {bytes:#x} bytes"), |i| {
                i.set32(CERTIFICATE + 4, bytes);
            });
        }
    }

    /// Changes dwLength of the first certificate, from which the kernel subtracts 8.
    fn certificate_length(&mut self) {
        let size = self.paged().u32_at(CERTIFICATE + 4);
        let lengths = (0..=16).chain([size / 2, size - 8, size - 1, size, size + 1]);
        let lengths: Vec<u32> = lengths.chain(self.edges()).collect();
        for length in lengths {
            self.with(format!("certificate of {length:#x} bytes"), |i| {
                i.set32(i.certificates(), length);
            });
        }
    }

    /// Changes the DER header of the signature: first that alone, then with a length that
    /// wraps.
    fn pkcs7_headers(&mut self) {
        for (name, der) in [
            ("indefinite", &[0x30, 0x80][..]),
            ("indefinite, empty", &[0x30, 0x80, 0, 0]),
            ("0x7f bytes", &[0x30, 0x7f]),
            ("0xff bytes", &[0x30, 0x81, 0xff]),
            ("65535 bytes", &[0x30, 0x82, 0xff, 0xff]),
            ("65531 bytes", &[0x30, 0x82, 0xff, 0xfb]),
            ("4 GiB", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
            ("no sequence", &[0x04, 0x82]),
        ] {
            for length in [None, Some(0), Some(7), Some(8), Some(11), Some(12)] {
                let what = format!("PKCS#7 {name}, certificate of {length:?} bytes");
                self.with(what, |i| {
                    let at = i.certificates();
                    if let Some(length) = length {
                        i.set32(at, length);
                    }
                    i.bytes[at + 8..at + 8 + der.len()].copy_from_slice(der);
                });
            }
        }
        // The file ends at the end of a page, in the middle of the signature; the
        // length says so, or wraps to more than there is.
        for (missing, length) in [
            (1, 0),
            (8, 7),
            (64, 0),
            (512, 7),
            (1024, 0),
            (64, 64),
            (8, 8),
        ] {
            let mut image = self.signed.without_last(missing).to_page();
            let at = image.certificates();
            let length = match length {
                0..8 => length,
                _ => image.u32_at(at) - missing,
            };
            image.set32(at, length);
            self.add(
                format!("cut by {missing} bytes, certificate of {length}"),
                image,
            );
        }
    }

    fn tails(&mut self) {
        for bytes in [1, 7, 8, 0x1000, 0x2345] {
            self.with(format!("{bytes:#x} bytes at the end"), |i| {
                i.bytes.extend(vec![0x5a; bytes]);
            });
        }
        let file = self.paged().bytes.len();
        let headers = self.paged().u32_at(HEADERS) as usize;
        for cut in [
            2,
            64,
            65,
            PE + 4,
            PE + 24,
            TABLE,
            headers,
            headers + 1,
            file / 2,
            file - 1,
        ] {
            self.with(format!("cut at {cut:#x}"), |i| i.bytes.truncate(cut));
        }
    }

    fn random(&mut self) {
        let mut random = Random(SEED ^ u64::from(u32::from(self.kind)));
        let edges = self.edges();
        let fields = self.paged().fields();
        for _ in 0..RANDOM {
            let mut image = self.paged();
            let mut what = String::from("random:");
            for _ in 0..=random.below(3) {
                let (name, at, bytes) = fields[random.below(fields.len())];
                let value = match random.below(4) {
                    0 => random.next() as u32,
                    1 => random.next() as u32 & 0xffff,
                    _ => edges[random.below(edges.len())],
                };
                what += &format!(" {name} {value:#x}");
                match bytes {
                    2 => image.set16(at, value as u16),
                    _ => image.set32(at, value),
                }
            }
            self.add(what, image);
        }
    }
}

/// xorshift64*, which gives the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }
}
