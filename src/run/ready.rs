// SPDX-License-Identifier: GPL-2.0-or-later
//! Makes a parser ready: loads, fills and attaches it, for a kernel that asks for one or
//! before it does. Layer: effects.
//!
//! While the kernel waits for a parser it holds its kexec lock, and a panic does not start
//! the capture kernel. So the parser that it will ask for is made ready before the call.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Progress;
use super::error::ServeError;
use super::offer::Offer;
use super::parser::{self, Parser};
use crate::abi;
use crate::diagnosis::size::milliseconds;
use crate::formats::object::Object;
use crate::host::Host;
use crate::policy::plan;
use crate::sys::event::now_us;
use crate::sys::host;
use crate::sys::session::Session;

/// A parser that was made ready before the kernel asks for one, or the reason why it could
/// not be.
pub struct Early {
    bytes: Vec<u8>,
    parser: Result<Box<Parser>, ServeError>,
}

impl Early {
    /// Makes the parser ready that the kernel will ask for. Where signatures count, or nobody
    /// knows, an image's own has to wait until the kernel has verified the image.
    pub fn make(
        session: &Session,
        offer: &Offer<'_>,
        host: &Host,
        progress: Progress<'_>,
    ) -> Option<Early> {
        if session.cookie == 0 {
            return None;
        }
        let bytes = match offer.parser {
            plan::Parser::Module { offset, .. } => match session.read_parser(offset) {
                Ok(bytes) => bytes,
                Err(error) => {
                    progress(format_args!("no parser is ready before the call: {error}"));
                    return None;
                }
            },
            // A menu or a passphrase may have taken long since the host was looked at.
            plan::Parser::Image(_) if !(host.is_open() && host::read().is_open()) => return None,
            plan::Parser::Image(slice) => offer.own_parser(slice)?,
            plan::Parser::None => return None,
        };
        let parser = attached(&bytes, session, offer, progress);
        if let Err(error) = &parser {
            progress(format_args!("no parser is ready before the call: {error}"));
        }
        Some(Early { bytes, parser })
    }

    /// Returns why the load will fail, if these are the bytes that the kernel will hand out.
    pub fn refusal(&self) -> Option<&ServeError> {
        self.parser.as_ref().err()
    }

    /// Returns the parser, or why it failed, if these are its bytes; detaches it otherwise.
    pub fn take(self, bytes: &[u8]) -> Option<Result<Box<Parser>, ServeError>> {
        (self.bytes == bytes).then_some(self.parser)
    }
}

fn attached(
    bytes: &[u8],
    session: &Session,
    offer: &Offer<'_>,
    progress: Progress<'_>,
) -> Result<Box<Parser>, ServeError> {
    let mut parser = load(bytes, progress)?;
    fill(&parser, offer)?;
    attach(&mut parser, session, progress)?;
    Ok(parser)
}

/// Parses the object file, finds what it calls, creates its maps, and has the verifier
/// check it; reports how long each step took.
pub fn load(bytes: &[u8], progress: Progress<'_>) -> Result<Box<Parser>, ServeError> {
    let hook = format!("fentry.s/{}", abi::HOOK_NAME);
    let start_us = now_us();
    let object = Object::parse(bytes, &hook)?;
    let opened_us = now_us();
    let prepared = parser::prepare(object)?;
    let prepared_us = now_us();
    let parser = prepared.load()?;
    let loaded_us = now_us();
    progress(format_args!(
        "parser of {} bytes loaded: open {}, BTF and maps {}, verifier {}",
        bytes.len(),
        took(start_us, opened_us),
        took(opened_us, prepared_us),
        took(prepared_us, loaded_us)
    ));
    Ok(Box::new(parser))
}

/// Puts what the user asked for into the parser's maps.
pub fn fill(parser: &Parser, offer: &Offer<'_>) -> Result<(), ServeError> {
    let Offer {
        selection,
        companions,
        ..
    } = offer;
    if *selection != abi::Selection::default() {
        parser.fill(abi::MAP_SELECTION, 1, |_| Some(*selection))?;
    }
    parser.fill(abi::MAP_ADDONS, companions.len(), |index| {
        offer.companion(*companions.get(index)?).ok()
    })?;
    Ok(())
}

/// Attaches the parser for the loads of a session.
pub fn attach(
    parser: &mut Parser,
    session: &Session,
    progress: Progress<'_>,
) -> Result<(), ServeError> {
    let start_us = now_us();
    parser.attach(session.cookie)?;
    progress(format_args!(
        "parser attached in {}",
        took(start_us, now_us())
    ));
    Ok(())
}

fn took(from_us: u64, to_us: u64) -> String {
    milliseconds(to_us.saturating_sub(from_us))
}
