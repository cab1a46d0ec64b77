// SPDX-License-Identifier: GPL-2.0-or-later
//! Thread B's half of the handshake: the order of its steps, and what ends it.
//! Layer: pure.
//!
//! Thread A sits in kexec_file_load(2). Whenever the kernel has a parser ready, B reads
//! it, loads it, fills its maps, attaches it and tells the kernel; an image inside an
//! image needs another round. In the first round the parser may be ready already.
//! `run::server` performs the steps. bpf/include/kexec_bpf.h
//! describes the kernel's half.

use alloc::vec::Vec;

use crate::abi::ROUNDS_MAX;

/// The steps of B; `run::server` performs them.
pub trait Steps {
    /// A parser that the kernel has accepted. Dropping it detaches it.
    type Parser;
    type Error;

    /// Waits for the kernel's signal or for the end of A's call.
    ///
    /// # Errors
    /// The errors of the system call.
    fn wait(&mut self) -> Result<Wake, Self::Error>;

    /// Reads the bytes of the parser that the kernel has ready. `None` when the kernel no
    /// longer waits for one: its timeout expired before B read it. A's call then returns
    /// on its own, and the report says why.
    ///
    /// # Errors
    /// The error of reading it.
    fn read(&mut self) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Returns the parser that was attached before A's call, if these are its bytes.
    /// Otherwise detaches it.
    ///
    /// # Errors
    /// The error for which these bytes could not be made ready then.
    fn early(&mut self, bytes: &[u8]) -> Result<Option<Self::Parser>, Self::Error>;

    /// Has the kernel's verifier accept the parser.
    ///
    /// # Errors
    /// The error for which the parser is not accepted.
    fn load(&mut self, bytes: Vec<u8>) -> Result<Self::Parser, Self::Error>;

    /// Fills the parser's maps with what the user asked for.
    ///
    /// # Errors
    /// The error of filling a map.
    fn fill(&mut self, parser: &mut Self::Parser) -> Result<(), Self::Error>;

    /// Attaches the parser to the hook.
    ///
    /// # Errors
    /// The error of attaching it.
    fn attach(&mut self, parser: &mut Self::Parser) -> Result<(), Self::Error>;

    /// Tells the kernel that the parser is attached.
    ///
    /// # Errors
    /// The errors of the system call.
    fn signal(&mut self) -> Result<(), Self::Error>;

    /// Records the reason why B gives up. Called at most once.
    fn keep(&mut self, failure: Failure<Self::Error>);

    /// Closes the session, if it is open. A's call then returns at once, not after the
    /// kernel's timeout.
    fn close(&mut self);
}

/// The reason why a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// The kernel has a parser ready.
    Ready,
    /// The kernel asks for nothing more.
    Ended(End),
}

/// The end of A's call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The call has returned, or will return without B's help.
    Returned,
    /// Thread A is gone without a return from its call: the kernel killed it.
    CallerGone,
}

/// The failure that makes B give up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure<E> {
    /// B cannot wait.
    Wait(E),
    /// A step of a round failed.
    Step(E),
    /// The kernel makes at most [`ROUNDS_MAX`] rounds; more means that it and this
    /// program disagree about the interface.
    Rounds,
}

/// Serves A's call until it ends. Afterwards no parser is attached. The session, which
/// has the kernel's report, is still open, unless B gave up or A is gone.
pub fn serve<S: Steps>(steps: &mut S) -> End {
    let end = match rounds(steps) {
        Ok(end) => end,
        Err(failure) => {
            steps.keep(failure);
            steps.close();
            wait_for_end(steps)
        }
    };
    if end == End::CallerGone {
        steps.close();
    }
    end
}

/// Answers each signal with an attached parser. The last one is detached when this
/// returns.
fn rounds<S: Steps>(steps: &mut S) -> Result<End, Failure<S::Error>> {
    let mut attached = None;
    for _ in 0..ROUNDS_MAX {
        if let Wake::Ended(end) = steps.wait().map_err(Failure::Wait)? {
            return Ok(end);
        }
        // If two parsers were attached, both would name a kernel, which is an error.
        drop(attached.take());
        attached = answer(steps).map_err(Failure::Step)?;
    }
    match steps.wait().map_err(Failure::Wait)? {
        Wake::Ended(end) => Ok(end),
        Wake::Ready => Err(Failure::Rounds),
    }
}

/// Attaches the parser that the kernel has ready, and tells the kernel; `None` when the
/// kernel no longer waits for a parser.
fn answer<S: Steps>(steps: &mut S) -> Result<Option<S::Parser>, S::Error> {
    let Some(bytes) = steps.read()? else {
        return Ok(None);
    };
    let parser = match steps.early(&bytes)? {
        Some(parser) => parser,
        None => {
            let mut parser = steps.load(bytes)?;
            steps.fill(&mut parser)?;
            steps.attach(&mut parser)?;
            parser
        }
    };
    steps.signal()?;
    Ok(Some(parser))
}

/// Waits for the end of a call whose session is closed.
fn wait_for_end<S: Steps>(steps: &mut S) -> End {
    loop {
        match steps.wait() {
            Ok(Wake::Ended(end)) => return end,
            // A signal from before the session was closed.
            Ok(Wake::Ready) => {}
            // Retrying could spin. There is nothing left to do here, and joining thread A
            // waits for the call anyway.
            Err(_) => return End::Returned,
        }
    }
}

#[cfg(test)]
mod tests;
