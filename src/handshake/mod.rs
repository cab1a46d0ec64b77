// SPDX-License-Identifier: GPL-2.0-or-later
//! PURE. Thread B's half of the handshake: (state, event) → (state, action).
//!
//! Thread A sits in kexec_file_load(2). Whenever the kernel has a parser ready,
//! B reads it, loads it, fills its maps, attaches it and says so; an image
//! inside an image makes another round. `run::handshake` carries the actions
//! out and feeds back what became of them. bpf/include/kexec_bpf.h has the
//! kernel's half.

use crate::abi::ROUNDS_MAX;

/// Where B stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Nothing is asked for; `rounds` parsers were attached so far.
    Waiting {
        rounds: usize,
    },
    Reading {
        rounds: usize,
    },
    Loading {
        rounds: usize,
    },
    Filling {
        rounds: usize,
    },
    Attaching {
        rounds: usize,
    },
    Signalling {
        rounds: usize,
    },
    /// B gave up and closed the session, which makes A's call return.
    Cancelled,
    /// A's call returned.
    Ended,
    /// A ended in the kernel, in the middle of its call.
    Lost,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The kernel signalled that a parser waits.
    Ready,
    /// The last action succeeded.
    Done,
    /// The last action failed; the runner keeps why.
    Failed,
    /// A's kexec_file_load(2) returned.
    LoadEnded,
    /// A is gone, and its call never returned: the kernel killed it.
    CallerGone,
}

/// What B has to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Wait for the kernel's signal or for the end of A's call.
    Wait,
    /// Detach the round before's parser, then read this one's bytes.
    ReadParser,
    /// Have the kernel's verifier take it.
    LoadParser,
    FillMaps,
    Attach,
    /// Tell the kernel that the parser is attached.
    Signal,
    /// Detach, and close the session: then the kernel does not wait for its
    /// timeout.
    Cancel,
    /// Detach, and close the session when A's result was told.
    Finish,
    /// Detach, and do not wait for A: it cannot be joined.
    Abandon,
}

/// B's first state.
pub const START: State = State::Waiting { rounds: 0 };

/// The next state and what to do in it.
#[must_use]
pub fn step(state: State, event: Event) -> (State, Action) {
    match (state, event) {
        (State::Ended, _) => (State::Ended, Action::Finish),
        (State::Lost, _) => (State::Lost, Action::Abandon),
        (_, Event::LoadEnded) => (State::Ended, Action::Finish),
        (_, Event::CallerGone) => (State::Lost, Action::Abandon),
        (State::Cancelled, _) => (State::Cancelled, Action::Wait),
        (_, Event::Failed) => (State::Cancelled, Action::Cancel),
        // The kernel makes fewer rounds than that; more means that it and this
        // program disagree about the interface.
        (State::Waiting { rounds }, Event::Ready) if rounds >= ROUNDS_MAX => {
            (State::Cancelled, Action::Cancel)
        }
        (State::Waiting { rounds }, Event::Ready) => {
            (State::Reading { rounds }, Action::ReadParser)
        }
        (State::Waiting { rounds }, Event::Done) => (State::Waiting { rounds }, Action::Wait),
        // The kernel waits for an answer to its last signal and cannot signal
        // again; if it does, the two disagree.
        (_, Event::Ready) => (State::Cancelled, Action::Cancel),
        (State::Reading { rounds }, Event::Done) => (State::Loading { rounds }, Action::LoadParser),
        (State::Loading { rounds }, Event::Done) => (State::Filling { rounds }, Action::FillMaps),
        (State::Filling { rounds }, Event::Done) => (State::Attaching { rounds }, Action::Attach),
        (State::Attaching { rounds }, Event::Done) => {
            (State::Signalling { rounds }, Action::Signal)
        }
        (State::Signalling { rounds }, Event::Done) => {
            let rounds = rounds.saturating_add(1);
            (State::Waiting { rounds }, Action::Wait)
        }
    }
}

#[cfg(test)]
mod tests;
