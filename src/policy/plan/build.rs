// SPDX-License-Identifier: GPL-2.0-or-later
//! Manifests for tests: an image with contents, and other files with a size only.
//! Layer: pure.

use alloc::vec::Vec;

use super::{Companion, CompanionKind, Input, Manifest, Options, Plan, PlanError, ThinFiles, plan};
use crate::formats::image::detect::detect;
use crate::formats::source::{FileOffset, ReadAt, ReadError};
use crate::host::Host;

/// A file of a test.
pub enum TestFile<'a> {
    Bytes(&'a [u8]),
    /// A file of this size that nobody reads.
    Size(u64),
}

impl ReadAt for TestFile<'_> {
    fn file_bytes(&self) -> u64 {
        match self {
            TestFile::Bytes(bytes) => bytes.file_bytes(),
            TestFile::Size(bytes) => *bytes,
        }
    }

    fn read_at(&self, offset: FileOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        match self {
            TestFile::Bytes(bytes) => bytes.read_at(offset, buf),
            TestFile::Size(_) => panic!("a plan reads of the image only"),
        }
    }
}

fn input(file: TestFile<'_>) -> Input<TestFile<'_>> {
    let path = Vec::new();
    Input { path, file }
}

/// Returns a manifest with an image alone.
pub fn manifest(image: &[u8]) -> Manifest<TestFile<'_>> {
    Manifest {
        detected: detect(image).unwrap(),
        image: input(TestFile::Bytes(image)),
        profile: 0,
        initrds: Vec::new(),
        companions: Vec::new(),
        thin: None,
    }
}

impl Manifest<TestFile<'_>> {
    pub fn with_initrds(mut self, sizes: &[u64]) -> Self {
        let sizes = sizes.iter().map(|bytes| input(TestFile::Size(*bytes)));
        self.initrds.extend(sizes);
        self
    }

    pub fn with_companion(mut self, kind: CompanionKind, bytes: u64) -> Self {
        self.companions.push(Companion {
            input: input(TestFile::Size(bytes)),
            kind,
            was_found: true,
        });
        self
    }

    /// Adds the files of a thin image.
    pub fn with_thin(mut self, kernel: TestFile<'static>, initrd: TestFile<'static>) -> Self {
        let (kernel, initrd) = (input(kernel), input(initrd));
        self.thin = Some(ThinFiles { kernel, initrd });
        self
    }

    pub fn with_profile(mut self, profile: u32) -> Self {
        self.profile = profile;
        self
    }
}

/// Plans the load of an image alone.
pub fn plan_on(image: &[u8], options: &Options, host: &Host) -> Result<Plan, PlanError> {
    plan(options, &manifest(image), host)
}
