// SPDX-License-Identifier: GPL-2.0-or-later
//! Every path through the loop that the kernel, thread A and failures can cause.

use super::scripted::{Asks, Event, follow};
use crate::abi::ROUNDS_MAX;

/// The choices along a path: for each, the number chosen and how many there were.
#[derive(Default)]
struct Choices {
    taken: Vec<(usize, usize)>,
    at: usize,
}

impl Choices {
    fn choose<T: Copy>(&mut self, of: &[T]) -> T {
        if self.at == self.taken.len() {
            self.taken.push((0, of.len()));
        }
        let (choice, _) = self.taken[self.at];
        self.at += 1;
        of[choice]
    }

    /// Moves on to the next path; returns false after the last.
    fn advance(&mut self) -> bool {
        self.at = 0;
        while let Some((choice, of)) = self.taken.pop() {
            if choice + 1 < of {
                self.taken.push((choice + 1, of));
                return true;
            }
        }
        false
    }
}

/// The kernel and thread A, which do not wait for B's steps.
#[derive(Default)]
struct World {
    signals: usize,
    is_ready: bool,
    ended: Option<Event>,
}

impl World {
    /// One signal too many, and one more in the closed session.
    const SIGNALS_MAX: usize = ROUNDS_MAX + 2;

    fn event(&mut self, asks: Asks, choices: &mut Choices) -> Event {
        match asks {
            Asks::Wait => self.wait(choices),
            Asks::Read => {
                self.pass(choices);
                choices.choose(&[Event::Done, Event::Failed, Event::Void])
            }
            Asks::Early => {
                self.pass(choices);
                choices.choose(&[Event::Done, Event::Failed, Event::Void])
            }
            Asks::Step => {
                self.pass(choices);
                choices.choose(&[Event::Done, Event::Failed])
            }
        }
    }

    /// Lets the kernel and thread A act while B is at work.
    fn pass(&mut self, choices: &mut Choices) {
        use Event::{CallerGone, LoadEnded, Ready};
        if self.ended.is_some() {
            return;
        }
        let more = usize::from(!self.is_ready && self.signals < World::SIGNALS_MAX);
        let possible = [None, Some(LoadEnded), Some(CallerGone), Some(Ready)];
        match choices.choose(&possible[..3 + more]) {
            Some(Ready) => (self.signals, self.is_ready) = (self.signals + 1, true),
            ended => self.ended = ended,
        }
    }

    fn wait(&mut self, choices: &mut Choices) -> Event {
        use Event::{CallerGone, Failed, LoadEnded, Ready};
        if let Some(ended) = self.ended {
            return ended;
        }
        if std::mem::take(&mut self.is_ready) {
            return Ready;
        }
        let more = usize::from(self.signals < World::SIGNALS_MAX);
        let event = choices.choose(&[LoadEnded, CallerGone, Failed, Ready][..3 + more]);
        self.signals += usize::from(event == Ready);
        event
    }
}

#[test]
fn every_interleaving_keeps_the_order() {
    let (mut choices, mut paths) = (Choices::default(), 0);
    loop {
        let mut world = World::default();
        let is_early = choices.choose(&[false, true]);
        follow(is_early, &mut |asks| world.event(asks, &mut choices));
        paths += 1;
        if !choices.advance() {
            break;
        }
    }
    assert!(paths > 10_000, "{paths} paths");
}
