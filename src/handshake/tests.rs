// SPDX-License-Identifier: GPL-2.0-or-later
//! The state machine over every interleaving of events, and by its story.

use super::*;

const EVENTS: [Event; 5] = [
    Event::Ready,
    Event::Done,
    Event::Failed,
    Event::LoadEnded,
    Event::CallerGone,
];

/// The actions from [`START`] along `events`.
fn actions(events: &[Event]) -> Vec<Action> {
    let mut state = START;
    let mut actions = Vec::new();
    for event in events {
        let (next, action) = step(state, *event);
        state = next;
        actions.push(action);
    }
    actions
}

#[test]
fn one_round_reads_loads_fills_attaches_and_signals() {
    use Event::{Done, LoadEnded, Ready};
    assert_eq!(
        actions(&[Ready, Done, Done, Done, Done, Done, LoadEnded]),
        [
            Action::ReadParser,
            Action::LoadParser,
            Action::FillMaps,
            Action::Attach,
            Action::Signal,
            Action::Wait,
            Action::Finish
        ]
    );
}

#[test]
fn a_nested_image_makes_another_round_up_to_the_limit() {
    let round = [
        Event::Ready,
        Event::Done,
        Event::Done,
        Event::Done,
        Event::Done,
        Event::Done,
    ];
    let mut events = Vec::new();
    for _ in 0..ROUNDS_MAX {
        events.extend(round);
    }
    assert_eq!(actions(&events).last(), Some(&Action::Wait));
    events.push(Event::Ready);
    assert_eq!(actions(&events).last(), Some(&Action::Cancel));
}

#[test]
fn an_image_that_the_kernel_refuses_before_parsing_ends_at_once() {
    assert_eq!(actions(&[Event::LoadEnded]), [Action::Finish]);
}

#[test]
fn a_caller_that_is_gone_is_not_waited_for() {
    for done in 0..6 {
        let mut events = vec![Event::Ready];
        events.extend(std::iter::repeat_n(Event::Done, done));
        for after in EVENTS {
            let mut events = events.clone();
            events.extend([Event::CallerGone, after]);
            let actions = actions(&events);
            assert_eq!(actions[done + 1..], [Action::Abandon, Action::Abandon]);
        }
    }
    // Also when B had given up, and not when the call had returned before.
    let cancelled = actions(&[Event::Ready, Event::Failed, Event::CallerGone]);
    assert_eq!(cancelled.last(), Some(&Action::Abandon));
    let ended = actions(&[Event::LoadEnded, Event::CallerGone]);
    assert_eq!(ended, [Action::Finish, Action::Finish]);
}

#[test]
fn a_failed_step_cancels_and_then_only_waits_for_the_end() {
    for done in 0..5 {
        let mut events = vec![Event::Ready];
        events.extend(std::iter::repeat_n(Event::Done, done));
        events.extend([Event::Failed, Event::Ready, Event::Done, Event::LoadEnded]);
        let actions = actions(&events);
        assert_eq!(
            actions[done + 1..],
            [Action::Cancel, Action::Wait, Action::Wait, Action::Finish]
        );
    }
}

/// Checks one path of actions against what must hold on every path.
fn check(path: &[Action]) {
    let mut attached = false;
    let mut cancelled = false;
    let mut previous = Action::Wait;
    for action in path {
        let needs = match action {
            Action::LoadParser => Some(Action::ReadParser),
            Action::FillMaps => Some(Action::LoadParser),
            Action::Attach => Some(Action::FillMaps),
            Action::Signal => Some(Action::Attach),
            _ => None,
        };
        if let Some(needs) = needs {
            assert_eq!(previous, needs, "{path:?}");
        }
        if cancelled {
            assert!(
                matches!(action, Action::Wait | Action::Finish | Action::Abandon),
                "{path:?}"
            );
        }
        match action {
            Action::ReadParser | Action::Cancel | Action::Finish | Action::Abandon => {
                attached = false;
            }
            Action::Attach => attached = true,
            Action::Signal => assert!(attached, "{path:?}"),
            _ => {}
        }
        cancelled |= *action == Action::Cancel;
        previous = *action;
    }
}

#[test]
fn every_interleaving_of_nine_events_keeps_the_order() {
    let mut paths = 0u32;
    let mut stack = vec![(START, Vec::new())];
    while let Some((state, path)) = stack.pop() {
        check(&path);
        paths += 1;
        if path.len() == 9 {
            continue;
        }
        for event in EVENTS {
            let (next, action) = step(state, event);
            let mut longer = path.clone();
            longer.push(action);
            if let State::Ended | State::Lost = state {
                let last = if state == State::Ended {
                    Action::Finish
                } else {
                    Action::Abandon
                };
                assert_eq!((next, action), (state, last));
                continue;
            }
            stack.push((next, longer));
        }
    }
    assert!(paths > 10_000, "{paths} paths");
}
