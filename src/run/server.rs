// SPDX-License-Identifier: GPL-2.0-or-later
//! Thread B of the handshake route: the steps of [`crate::policy::handshake`].
//! Layer: effects.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Progress;
use super::error::ServeError;
use super::offer::Offer;
use super::parser::Parser;
use super::ready::{self, Early};
use crate::diagnosis::errno::Errno;
use crate::policy::handshake::{self, End, Failure, Steps, Wake};
use crate::sys::event::{EventFd, Which, wait_either};
use crate::sys::progress::{self, Phase};
use crate::sys::session::Session;
use crate::sys::thread::OtherThread;

/// The place of the parser that the kernel has ready in a session's file.
const WAITING: u64 = 0;

/// Thread B and everything that it uses.
pub struct Server<'load> {
    pub offer: &'load Offer<'load>,
    /// Signalled by the kernel when it has a parser ready.
    pub ready: &'load EventFd,
    /// Signalled by B when the parser is attached.
    pub attached: &'load EventFd,
    /// Signalled by thread A when its call has returned.
    pub ended: &'load EventFd,
    /// Thread A.
    pub other: &'load OtherThread<'load>,
    pub progress: Progress<'load>,
    /// `None` once closed, which ends A's call.
    pub session: Option<Session>,
    /// The parser for the first round, made ready before the kernel asks for it.
    pub early: Option<Early>,
    /// The first failure, which made B give up.
    pub failure: Option<ServeError>,
}

/// The result of thread B.
pub struct Served {
    /// The session, which has the kernel's report; `None` once closed.
    pub session: Option<Session>,
    /// The failure that made B give up.
    pub failure: Option<ServeError>,
}

impl Server<'_> {
    /// Serves thread A's call until it ends.
    pub fn serve(mut self) -> Served {
        if handshake::serve(&mut self) == End::CallerGone {
            (self.progress)(format_args!("thread A: killed in kexec_file_load"));
        }
        Served {
            session: self.session,
            failure: self.failure,
        }
    }
}

impl Steps for Server<'_> {
    type Parser = Box<Parser>;
    type Error = ServeError;

    fn wait(&mut self) -> Result<Wake, ServeError> {
        // The end of the call takes precedence: a request that the kernel made before it
        // no longer matters.
        Ok(match wait_either(self.ended, self.ready, self.other)? {
            Which::First => Wake::Ended(End::Returned),
            Which::Second => Wake::Ready,
            Which::Gone => Wake::Ended(End::CallerGone),
        })
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>, ServeError> {
        progress::enter(Phase::Parser);
        let session = self.session.as_ref().ok_or(ServeError::NoSession)?;
        let bytes = match session.read_parser(WAITING) {
            Ok(bytes) => bytes,
            Err(error) if error.errno == Errno::ENODATA => {
                (self.progress)(format_args!("thread B: the kernel no longer waits"));
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        (self.progress)(format_args!("thread B: parser read, {} bytes", bytes.len()));
        Ok(Some(bytes))
    }

    fn early(&mut self, bytes: &[u8]) -> Result<Option<Box<Parser>>, ServeError> {
        let Some(early) = self.early.take() else {
            return Ok(None);
        };
        let parser = early.take(bytes);
        let is = if parser.is_some() { "the" } else { "not the" };
        (self.progress)(format_args!("thread B: it is {is} one that is ready"));
        parser.transpose()
    }

    fn load(&mut self, bytes: Vec<u8>) -> Result<Box<Parser>, ServeError> {
        ready::load(&bytes, self.progress)
    }

    fn fill(&mut self, parser: &mut Box<Parser>) -> Result<(), ServeError> {
        ready::fill(parser, self.offer)
    }

    fn attach(&mut self, parser: &mut Box<Parser>) -> Result<(), ServeError> {
        let session = self.session.as_ref().ok_or(ServeError::NoSession)?;
        ready::attach(parser, session, self.progress)
    }

    fn signal(&mut self) -> Result<(), ServeError> {
        progress::enter(Phase::Placing);
        Ok(self.attached.signal()?)
    }

    fn keep(&mut self, failure: Failure<ServeError>) {
        self.failure = Some(match failure {
            Failure::Wait(error) => error,
            Failure::Step(error) => {
                (self.progress)(format_args!("thread B: {error}"));
                error
            }
            Failure::Rounds => ServeError::Rounds,
        });
    }

    fn close(&mut self) {
        self.session = None;
    }
}
