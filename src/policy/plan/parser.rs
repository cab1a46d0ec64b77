// SPDX-License-Identifier: GPL-2.0-or-later
//! The parser that opens an image inside the kernel, as far as this can be told before.
//! Layer: pure.

use super::{Manifest, PlanError, Route};
use crate::abi;
use crate::formats::image::detect::Image;
use crate::formats::image::uki::SectionKind;
use crate::formats::object::{is_native, is_skeleton};
use crate::formats::source::{FileSlice, ReadAt, SubSource, read_head, read_small};
use crate::host::Host;

/// The parser of an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parser {
    /// None: the route needs none, or the kernel decides.
    None,
    /// The image's own, in `.bpf`.
    Image(FileSlice),
    /// The module's own, by its place in a session's file.
    Module {
        offset: u64,
        /// True if `.bpf` is for a kernel that loads parsers by itself.
        replaces_skeleton: bool,
    },
}

/// The first bytes of a file that tell an ELF file's machine.
const HEAD_BYTES: usize = 64;

impl Parser {
    /// Decides for a load.
    ///
    /// # Errors
    /// [`PlanError::NotAParser`]; [`PlanError::Section`] if `.bpf` cannot be read.
    pub fn of<F: ReadAt>(
        route: Route,
        manifest: &Manifest<F>,
        host: &Host,
    ) -> Result<Parser, PlanError> {
        if route != Route::Handshake {
            return Ok(Parser::None);
        }
        let image = &manifest.detected;
        let own = image.pe().and_then(|pe| {
            let name = SectionKind::Bpf.name().as_bytes();
            pe.section(name).map(|section| section.slice)
        });
        let module = |replaces_skeleton| match image {
            Image::Uki { .. } => Some(Parser::Module {
                offset: abi::UKI_PARSER_OFFSET,
                replaces_skeleton,
            }),
            Image::Zboot { .. } => Some(Parser::Module {
                offset: abi::ZBOOT_PARSER_OFFSET,
                replaces_skeleton,
            }),
            _ => None,
        };
        let Some(own) = own else {
            return Ok(module(false).unwrap_or(Parser::None));
        };
        let bad = |error| PlanError::Section {
            kind: SectionKind::Bpf,
            error,
        };
        let file: &dyn ReadAt = &manifest.image.file;
        let mut head = [0; HEAD_BYTES];
        let head = read_head(&SubSource::new(file, own), &mut head).map_err(bad)?;
        // An older module looks at no machine, and hands out whatever is there.
        let running = host.module.as_ref();
        if !is_native(head) || !running.is_some_and(|module| module.takes_early_parsers) {
            return Ok(Parser::Image(own));
        }
        let bytes = read_small(file, own, abi::PARSER_MAX_BYTES as u64).map_err(bad)?;
        if !is_skeleton(&bytes) {
            return Err(PlanError::NotAParser { is_skeleton: false });
        }
        module(true).ok_or(PlanError::NotAParser { is_skeleton: true })
    }
}
