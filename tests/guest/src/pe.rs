// SPDX-License-Identifier: GPL-2.0-or-later
//! Boot images made byte by byte: images that ukify would not build, and images small
//! enough to be loaded hundreds of times.
//!
//! Specs: PE/COFF; Documentation/arch/x86/boot.rst;
//! drivers/firmware/efi/libstub/zboot-header.S.

use std::path::{Path, PathBuf};

/// Offset of the first section in a [`Pe`] that has one.
pub const FIRST_SECTION: usize = 0x200;

/// `e_lfanew`: only the DOS header comes before the PE header.
const PE_OFFSET: u32 = 0x40;
const FILE_ALIGNMENT: u32 = 0x200;
const SECTION_ALIGNMENT: u32 = 0x1000;
/// PE32+ with 16 data directories.
const OPTIONAL_BYTES: u16 = 240;
const DATA: u32 = 0x4000_0040;

/// A PE file that is being made.
#[derive(Clone, Default)]
pub struct Pe {
    sections: Vec<(String, Vec<u8>)>,
}

impl Pe {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn section(mut self, name: &str, data: &[u8]) -> Self {
        self.sections.push((name.to_owned(), data.to_owned()));
        self
    }

    pub fn section_from(self, name: &str, source: &Path) -> Self {
        let data = read(source);
        self.section(name, &data)
    }

    /// Returns the file's bytes, without a signature.
    pub fn bytes(&self) -> Vec<u8> {
        let count = u16::try_from(self.sections.len()).expect("few sections");
        let table_end = PE_OFFSET + 24 + u32::from(OPTIONAL_BYTES) + 40 * u32::from(count);
        let headers = table_end.next_multiple_of(FILE_ALIGNMENT);
        let (mut offset, mut address) = (headers, SECTION_ALIGNMENT.max(headers));
        let (mut table, mut body) = (Vec::new(), Vec::new());
        for (name, data) in &self.sections {
            let size = u32::try_from(data.len()).expect("a section is under 4 GiB");
            let raw = size.next_multiple_of(FILE_ALIGNMENT);
            address = address.next_multiple_of(SECTION_ALIGNMENT);
            let mut padded_name = [0; 8];
            padded_name[..name.len()].copy_from_slice(name.as_bytes());
            table.extend_from_slice(&padded_name);
            put(&mut table, &[size, address, raw, offset, 0, 0, 0, DATA]);
            body.extend_from_slice(data);
            body.resize(body.len() + (raw - size) as usize, 0);
            offset += raw;
            address += size;
        }
        let image_size = address.next_multiple_of(SECTION_ALIGNMENT);
        let mut file = dos_header();
        file.extend_from_slice(&coff_header(count));
        file.extend_from_slice(&optional_header(image_size, headers));
        file.extend_from_slice(&table);
        file.resize(headers as usize, 0);
        file.extend_from_slice(&body);
        file
    }

    pub fn write(&self, path: PathBuf) -> PathBuf {
        std::fs::write(&path, self.bytes()).expect("write the PE file");
        path
    }
}

fn put(to: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        to.extend_from_slice(&number.to_le_bytes());
    }
}

fn dos_header() -> Vec<u8> {
    let mut header = b"MZ".to_vec();
    header.resize(0x3c, 0);
    put(&mut header, &[PE_OFFSET]);
    header
}

/// Returns the COFF header, after the PE signature.
fn coff_header(sections: u16) -> Vec<u8> {
    let mut header = b"PE\0\0\x64\x86".to_vec();
    header.extend_from_slice(&sections.to_le_bytes());
    put(&mut header, &[0, 0, 0]);
    header.extend_from_slice(&OPTIONAL_BYTES.to_le_bytes());
    // Characteristics: executable, large addresses.
    header.extend_from_slice(&0x22_u16.to_le_bytes());
    header
}

fn optional_header(image_size: u32, headers: u32) -> Vec<u8> {
    let mut header = 0x20b_u16.to_le_bytes().to_vec();
    header.resize(32, 0);
    put(&mut header, &[SECTION_ALIGNMENT, FILE_ALIGNMENT]);
    header.resize(56, 0);
    put(&mut header, &[image_size, headers, 0]);
    // Subsystem: EFI application.
    put(&mut header, &[10]);
    header.resize(108, 0);
    put(&mut header, &[16]);
    header.resize(usize::from(OPTIONAL_BYTES), 0);
    header
}

/// Returns an x86 kernel that the arch loader accepts but that cannot run: a setup
/// header followed by zeros. Loading it takes no time.
pub fn tiny_kernel() -> Vec<u8> {
    let mut kernel = vec![0; 0x1000];
    let mut set = |offset: usize, bytes: &[u8]| {
        kernel[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    set(0x1f1, &[1]); // setup_sects
    set(0x1fe, &[0x55, 0xaa, 0xeb, 0x66]); // boot_flag, jump over the header
    set(0x202, b"HdrS");
    set(0x206, &0x20f_u16.to_le_bytes()); // version
    set(0x211, &[1]); // LOADED_HIGH
    set(0x22c, &0x7fff_ffff_u32.to_le_bytes()); // initrd_addr_max
    set(0x230, &0x20_0000_u32.to_le_bytes()); // kernel_alignment
    set(0x234, &[1]); // relocatable_kernel
    set(0x236, &3_u16.to_le_bytes()); // XLF_KERNEL_64, CAN_BE_LOADED_ABOVE_4G
    set(0x238, &2047_u32.to_le_bytes()); // cmdline_size
    set(0x260, &0x1_0000_u32.to_le_bytes()); // init_size
    kernel
}

/// Returns [`tiny_kernel`] as a PE file, so that it can be signed. As in a real bzImage,
/// the PE headers are before the setup header, and sections cover the rest.
pub fn tiny_efi_kernel() -> Vec<u8> {
    const SETUP_HEADER: usize = 0x1f1;
    let kernel = tiny_kernel();
    let mut image = Pe::new()
        .section(".text", &kernel[FILE_ALIGNMENT as usize..])
        .bytes();
    image[SETUP_HEADER..kernel.len()].copy_from_slice(&kernel[SETUP_HEADER..]);
    image
}

/// Returns an EFI zboot image. `packed` is the compressed `kernel`; `compression` is
/// the kernel build's name for the format.
pub fn zboot(kernel: &[u8], packed: &[u8], compression: &str) -> Vec<u8> {
    const PAYLOAD_OFFSET: u32 = 0x200;
    let packed_size = u32::try_from(packed.len()).expect("under 4 GiB");
    let mut image = b"MZ\0\0zimg".to_vec();
    put(&mut image, &[PAYLOAD_OFFSET, packed_size, 0, 0]);
    image.extend_from_slice(compression.as_bytes());
    image.resize(0x3c, 0);
    put(&mut image, &[PE_OFFSET]);
    let headers = PAYLOAD_OFFSET;
    let mut coff = coff_header(1);
    coff.extend_from_slice(&optional_header(0x1000_0000, headers));
    image.extend_from_slice(&coff);
    image.extend_from_slice(b".gzdata\0");
    let raw = (packed_size + 4).next_multiple_of(FILE_ALIGNMENT);
    put(
        &mut image,
        &[raw, SECTION_ALIGNMENT, raw, headers, 0, 0, 0, DATA],
    );
    image.resize(PAYLOAD_OFFSET as usize, 0);
    image.extend_from_slice(packed);
    // gzip itself ends with the size; the kernel's build appends it to the others.
    if compression != "gzip" {
        put(
            &mut image,
            &[u32::try_from(kernel.len()).expect("under 4 GiB")],
        );
    }
    image.resize((headers + raw) as usize, 0);
    image
}

/// Returns `source` compressed by a program of this machine.
pub fn packed(directory: &Path, source: &Path, program: &str, options: &[&str]) -> Vec<u8> {
    let output = crate::host_program(program)
        .args(options)
        .arg("-c")
        .arg(source)
        .current_dir(directory)
        .output()
        .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
    assert!(output.status.success(), "{program} cannot compress");
    output.stdout
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}
