// SPDX-License-Identifier: GPL-2.0-or-later
//! PURE. Thread B's half of the handshake: the order of its steps, and what ends it.
//!
//! Thread A sits in kexec_file_load(2). Whenever the kernel has a parser ready,
//! B reads it, loads it, fills its maps, attaches it and says so; an image
//! inside an image makes another round. `run::server` has the steps.
//! bpf/include/kexec_bpf.h has the kernel's half.

use alloc::vec::Vec;

use crate::abi::ROUNDS_MAX;

/// The steps of B; `run::server` takes them.
pub trait Steps {
    /// A parser that the kernel has accepted. Dropping it detaches it.
    type Parser;
    type Error;

    /// Waits for the kernel's signal or for the end of A's call.
    ///
    /// # Errors
    /// The errors of the system call.
    fn wait(&mut self) -> Result<Wake, Self::Error>;

    /// Reads the bytes of the parser that the kernel has ready. `None` when it waits for
    /// none any more: its time was over before B came to it, and A's call ends by itself,
    /// with a report that tells why.
    ///
    /// # Errors
    /// The error of reading it.
    fn read(&mut self) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Has the kernel's verifier take the parser.
    ///
    /// # Errors
    /// The error for which the parser is not accepted.
    fn load(&mut self, bytes: Vec<u8>) -> Result<Self::Parser, Self::Error>;

    /// Puts into the parser's maps what the user asked for.
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

    /// Keeps why B gives up. Called at most once.
    fn keep(&mut self, failure: Failure<Self::Error>);

    /// Closes the session, if it is open: A's call then returns at once, and not
    /// after the kernel's timeout.
    fn close(&mut self);
}

/// The end of a wait.
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
    /// It returned, or nothing keeps it from returning.
    Returned,
    /// A is gone, and its call never returned: the kernel killed it.
    CallerGone,
}

/// The failure because of which B gives up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure<E> {
    /// It cannot wait.
    Wait(E),
    /// A step of a round failed.
    Step(E),
    /// The kernel makes at most [`ROUNDS_MAX`] rounds; more means that it and this
    /// program disagree about the interface.
    Rounds,
}

/// Serves A's call until it ends. Then no parser is attached, and the session, which
/// has the kernel's report, is open unless B gave up or A is gone.
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
        // Two that are attached would both name a kernel, which is an error.
        drop(attached.take());
        attached = answer(steps).map_err(Failure::Step)?;
    }
    match steps.wait().map_err(Failure::Wait)? {
        Wake::Ended(end) => Ok(end),
        Wake::Ready => Err(Failure::Rounds),
    }
}

/// Attaches the parser that the kernel has ready, and says so; `None` when it waits for
/// none any more.
fn answer<S: Steps>(steps: &mut S) -> Result<Option<S::Parser>, S::Error> {
    let Some(bytes) = steps.read()? else {
        return Ok(None);
    };
    let mut parser = steps.load(bytes)?;
    steps.fill(&mut parser)?;
    steps.attach(&mut parser)?;
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
            // To try again could go on without a pause. Nothing is left to do, and
            // whoever joins A waits for it as well.
            Err(_) => return End::Returned,
        }
    }
}

#[cfg(test)]
mod tests;
