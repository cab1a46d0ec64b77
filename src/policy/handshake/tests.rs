// SPDX-License-Identifier: GPL-2.0-or-later
//! The loop on written stories, and over every interleaving of events.

mod interleavings;
mod scripted;

use super::*;
use scripted::{Did, Event, ROUND, Step, follow};

const READY: Did = Did::Wait(Ok(Wake::Ready));
const RETURNED: Did = Did::Wait(Ok(Wake::Ended(End::Returned)));
const CALLER_GONE: Did = Did::Wait(Ok(Wake::Ended(End::CallerGone)));

/// The events, and what B does about them.
#[derive(Clone, Default)]
struct Story {
    events: Vec<Event>,
    did: Vec<Did>,
    is_early: bool,
}

impl Story {
    /// Returns a story of rounds in which all goes well.
    fn rounds(count: usize) -> Story {
        let round = |story: Story, number| {
            let steps = ROUND.map(|step| Did::Step(step, Ok(())));
            story
                .ready(number)
                .then(&[Event::Done; ROUND.len()], &steps)
        };
        (0..count).fold(Story::default(), round)
    }

    /// Appends the kernel's signal; B detaches the parser of the previous round.
    fn ready(self, rounds: usize) -> Story {
        let did = [READY, Did::Detach];
        self.then(&[Event::Ready], if rounds > 0 { &did } else { &did[..1] })
    }

    /// Returns stories with a failure at each step of each round, up to the session's
    /// end.
    fn failures() -> Vec<Story> {
        let mut failures = Vec::new();
        for round in 0..ROUNDS_MAX {
            let mut story = Story::rounds(round).ready(round);
            for step in ROUND {
                let error = story.events.len() + 1;
                let failed = [Did::Step(step, Err(error))];
                let failed = story.clone().then(&[Event::Failed], &failed);
                let is_loaded = !matches!(step, Step::Read | Step::Load);
                failures.push(failed.gives_up(is_loaded, Failure::Step(error)));
                story = story.then(&[Event::Done], &[Did::Step(step, Ok(()))]);
            }
        }
        failures
    }

    fn gives_up(self, is_loaded: bool, failure: Failure<usize>) -> Story {
        let did = [Did::Detach, Did::Keep(failure), Did::Close];
        self.then(&[], if is_loaded { &did } else { &did[1..] })
    }

    fn then(mut self, events: &[Event], did: &[Did]) -> Story {
        self.events.extend(events);
        self.did.extend(did);
        self
    }

    /// Checks that B asks for exactly these events, and does exactly these things.
    fn holds(self) {
        let mut rest = self.events.iter();
        let event = &mut |_| *rest.next().expect("nothing is asked for after the end");
        let did = follow(self.is_early, event);
        assert_eq!(did, self.did, "{:?}", self.events);
        assert_eq!(rest.as_slice(), [], "not asked for, of {:?}", self.events);
    }
}

#[test]
fn one_round_reads_loads_fills_attaches_and_signals() {
    use Event::{Done, LoadEnded, Ready};
    let events = [Ready, Done, Done, Done, Done, Done, LoadEnded];
    let did = [
        READY,
        Did::Step(Step::Read, Ok(())),
        Did::Step(Step::Load, Ok(())),
        Did::Step(Step::Fill, Ok(())),
        Did::Step(Step::Attach, Ok(())),
        Did::Step(Step::Signal, Ok(())),
        RETURNED,
        Did::Detach,
    ];
    Story::default().then(&events, &did).holds();
}

#[test]
fn an_early_parser_serves_the_first_round_if_it_is_the_right_one() {
    use Event::{Done, Failed, LoadEnded, Ready, Void};
    let early = || Story {
        is_early: true,
        ..Story::default()
    };
    let read = [READY, Did::Step(Step::Read, Ok(()))];
    let end = [Did::Step(Step::Signal, Ok(())), RETURNED, Did::Detach];
    let taken = [&read[..], &[Did::TakeEarly(Ok(()))], &end].concat();
    let events = [Ready, Done, Done, Done, LoadEnded];
    early().then(&events, &taken).holds();
    let anew = [
        Did::Detach,
        Did::Step(Step::Load, Ok(())),
        Did::Step(Step::Fill, Ok(())),
        Did::Step(Step::Attach, Ok(())),
    ];
    let other = [&read[..], &anew, &end].concat();
    let events = [Ready, Done, Void, Done, Done, Done, Done, LoadEnded];
    early().then(&events, &other).holds();
    // It could not be made ready, and is asked for nevertheless.
    let failed = [&read[..], &[Did::Detach, Did::TakeEarly(Err(3))]].concat();
    early()
        .then(&[Ready, Done, Failed], &failed)
        .gives_up(false, Failure::Step(3))
        .then(&[LoadEnded], &[RETURNED])
        .holds();
    // The kernel refuses the image before it asks for a parser.
    let refused = [RETURNED, Did::Detach];
    early().then(&[LoadEnded], &refused).holds();
}

#[test]
fn a_nested_image_makes_another_round_up_to_the_limit() {
    for count in 1..=ROUNDS_MAX {
        let end = [RETURNED, Did::Detach];
        Story::rounds(count).then(&[Event::LoadEnded], &end).holds();
    }
    Story::rounds(ROUNDS_MAX)
        .then(&[Event::Ready], &[READY])
        .gives_up(true, Failure::Rounds)
        .then(&[Event::Ready, Event::LoadEnded], &[READY, RETURNED])
        .holds();
}

#[test]
fn an_image_that_the_kernel_refuses_before_parsing_ends_at_once() {
    let end = [Event::LoadEnded];
    Story::default().then(&end, &[RETURNED]).holds();
}

#[test]
fn a_caller_that_is_gone_is_not_waited_for() {
    let gone = [Event::CallerGone];
    let end = [CALLER_GONE, Did::Close];
    Story::default().then(&gone, &end).holds();
    for count in 1..=ROUNDS_MAX {
        let end = [CALLER_GONE, Did::Detach, Did::Close];
        Story::rounds(count).then(&gone, &end).holds();
    }
    // The same after B has given up.
    for failure in Story::failures() {
        failure.then(&gone, &end).holds();
    }
}

#[test]
fn a_failed_step_cancels_and_then_only_waits_for_the_end() {
    for failure in Story::failures() {
        let end = [Event::Ready, Event::Ready, Event::LoadEnded];
        failure.then(&end, &[READY, READY, RETURNED]).holds();
    }
}

#[test]
fn a_failed_wait_cancels_and_a_second_one_is_the_last() {
    for count in 0..=ROUNDS_MAX {
        let story = Story::rounds(count);
        let error = story.events.len() + 1;
        let story = story
            .then(&[Event::Failed], &[Did::Wait(Err(error))])
            .gives_up(count > 0, Failure::Wait(error));
        let again = [Did::Wait(Err(error + 1))];
        story.clone().then(&[Event::Failed], &again).holds();
        story.then(&[Event::LoadEnded], &[RETURNED]).holds();
    }
    for failure in Story::failures() {
        let again = [READY, Did::Wait(Err(failure.events.len() + 2))];
        let events = [Event::Ready, Event::Failed];
        failure.then(&events, &again).holds();
    }
}

/// If the kernel's timeout expired, its report says more than B's failure would.
#[test]
fn a_kernel_that_has_given_up_is_waited_for_with_the_session_open() {
    for rounds in 0..ROUNDS_MAX {
        let story = Story::rounds(rounds)
            .ready(rounds)
            .then(&[Event::Void], &[Did::ReadNothing])
            .then(&[Event::LoadEnded], &[RETURNED]);
        story.holds();
    }
}
