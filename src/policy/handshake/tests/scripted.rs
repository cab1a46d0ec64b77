// SPDX-License-Identifier: GPL-2.0-or-later
//! Steps whose outcomes a script decides, and what must hold on every path.

use std::cell::RefCell;
use std::rc::Rc;

use crate::abi::ROUNDS_MAX;
use crate::policy::handshake::{End, Failure, Steps, Wake, serve};

/// The outcome of a wait or of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    Ready,
    LoadEnded,
    CallerGone,
    Done,
    Failed,
    /// The kernel no longer waits for a parser.
    Void,
}

/// The question that an event answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asks {
    Wait,
    Read,
    /// Tells whether the parser that is attached early is the right one.
    Early,
    Step,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    Read,
    Load,
    Fill,
    Attach,
    Signal,
}

/// The steps of a round, in order.
pub const ROUND: [Step; 5] = [
    Step::Read,
    Step::Load,
    Step::Fill,
    Step::Attach,
    Step::Signal,
];

/// One action of B and its outcome. An error is the number of its event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Did {
    Wait(Result<Wake, usize>),
    Step(Step, Result<(), usize>),
    /// B tried to read a parser, and there was none.
    ReadNothing,
    /// B takes the parser that was made ready early, or the error of that.
    TakeEarly(Result<(), usize>),
    /// B dropped a parser.
    Detach,
    Keep(Failure<usize>),
    Close,
}

type Path = Rc<RefCell<Vec<Did>>>;

pub struct Parser(Path);

impl Drop for Parser {
    fn drop(&mut self) {
        self.0.borrow_mut().push(Did::Detach);
    }
}

struct Scripted<'script> {
    script: &'script mut dyn FnMut(Asks) -> Event,
    events: usize,
    early: Option<Parser>,
    path: Path,
}

impl Scripted<'_> {
    fn event(&mut self, asks: Asks) -> Event {
        self.events += 1;
        (self.script)(asks)
    }

    fn did(&self, did: Did) {
        self.path.borrow_mut().push(did);
    }

    fn step(&mut self, step: Step) -> Result<(), usize> {
        let event = self.event(Asks::Step);
        self.ends(step, event)
    }

    fn ends(&mut self, step: Step, event: Event) -> Result<(), usize> {
        let result = match event {
            Event::Done => Ok(()),
            Event::Failed => Err(self.events),
            other => panic!("{step:?} does not end with {other:?}"),
        };
        self.did(Did::Step(step, result));
        result
    }
}

impl Steps for Scripted<'_> {
    type Parser = Parser;
    type Error = usize;

    fn wait(&mut self) -> Result<Wake, usize> {
        let result = match self.event(Asks::Wait) {
            Event::Ready => Ok(Wake::Ready),
            Event::LoadEnded => Ok(Wake::Ended(End::Returned)),
            Event::CallerGone => Ok(Wake::Ended(End::CallerGone)),
            Event::Failed => Err(self.events),
            other => panic!("a wait does not end with {other:?}"),
        };
        self.did(Did::Wait(result));
        result
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>, usize> {
        let event = self.event(Asks::Read);
        if event == Event::Void {
            self.did(Did::ReadNothing);
            return Ok(None);
        }
        self.ends(Step::Read, event).map(|()| Some(vec![7]))
    }

    fn early(&mut self, bytes: &[u8]) -> Result<Option<Parser>, usize> {
        assert_eq!(bytes, [7]);
        let Some(parser) = self.early.take() else {
            return Ok(None);
        };
        match self.event(Asks::Early) {
            Event::Done => {
                self.did(Did::TakeEarly(Ok(())));
                Ok(Some(parser))
            }
            // Another one, which drops the first.
            Event::Void => Ok(None),
            _ => {
                drop(parser);
                self.did(Did::TakeEarly(Err(self.events)));
                Err(self.events)
            }
        }
    }

    fn load(&mut self, bytes: Vec<u8>) -> Result<Parser, usize> {
        assert_eq!(bytes, [7]);
        self.step(Step::Load).map(|()| Parser(self.path.clone()))
    }

    fn fill(&mut self, _: &mut Parser) -> Result<(), usize> {
        self.step(Step::Fill)
    }

    fn attach(&mut self, _: &mut Parser) -> Result<(), usize> {
        self.step(Step::Attach)
    }

    fn signal(&mut self) -> Result<(), usize> {
        self.step(Step::Signal)
    }

    fn keep(&mut self, failure: Failure<usize>) {
        self.did(Did::Keep(failure));
    }

    fn close(&mut self) {
        self.did(Did::Close);
    }
}

/// Runs `serve` with `script`, checks what B did, and returns it. With `is_early`, a
/// parser is attached from the beginning.
pub fn follow(is_early: bool, script: &mut dyn FnMut(Asks) -> Event) -> Vec<Did> {
    let path = Path::default();
    let end = serve(&mut Scripted {
        script,
        events: 0,
        early: is_early.then(|| Parser(path.clone())),
        path: path.clone(),
    });
    let path = path.take();
    check(is_early, &path, end);
    path
}

/// The state of B along a path.
#[derive(Default)]
struct Held {
    early: bool,
    parser: bool,
    attached: bool,
    kept: bool,
    closed: bool,
    rounds: usize,
    /// The end of A's call, once a wait has returned it.
    end: Option<End>,
}

/// Checks a path against what must hold on every path.
fn check(is_early: bool, path: &[Did], end: End) {
    let mut held = Held {
        early: is_early,
        ..Held::default()
    };
    let mut previous = None;
    for did in path {
        // A parser may be dropped between any two actions, as long as the rest holds.
        if *did != Did::Detach {
            assert!(follows(previous, *did, &held), "{did:?} in {path:?}");
            previous = Some(*did);
        }
        match did {
            Did::Detach => {
                assert!(held.parser || held.early, "{path:?}");
                let was_used = held.parser;
                held.early &= was_used;
                (held.parser, held.attached) = (false, false);
            }
            Did::TakeEarly(Ok(())) => {
                assert!(held.early, "{path:?}");
                held.early = false;
                (held.parser, held.attached) = (true, true);
            }
            Did::TakeEarly(Err(_)) => assert!(!held.early, "{path:?}"),
            Did::Wait(result) => {
                assert_eq!(held.end, None, "{path:?}");
                if let Ok(Wake::Ended(end)) = result {
                    held.end = Some(*end);
                }
            }
            Did::Step(step, result) => {
                assert!(!held.closed && held.end.is_none(), "{path:?}");
                match (step, result) {
                    // The parser of the previous round is gone.
                    (Step::Read, _) => {
                        assert!(!held.parser, "{path:?}");
                        held.rounds += 1;
                    }
                    // One that was attached early, and is another one, is gone as well.
                    (Step::Load, result) => {
                        assert!(!held.early, "{path:?}");
                        held.parser = result.is_ok();
                    }
                    (Step::Attach, Ok(())) => held.attached = true,
                    (Step::Signal, _) => assert!(held.attached, "{path:?}"),
                    _ => {}
                }
            }
            Did::ReadNothing => {
                assert!(!held.parser && !held.closed, "{path:?}");
                held.rounds += 1;
            }
            Did::Keep(_) => {
                assert!(!held.parser && !held.kept, "{path:?}");
                held.kept = true;
            }
            Did::Close => {
                assert!(!held.parser, "{path:?}");
                held.closed = true;
            }
        }
    }
    assert!(!held.parser && !held.early, "{path:?}");
    assert!(held.rounds <= ROUNDS_MAX, "{path:?}");
    // In a closed session, a wait that fails is the last.
    assert_eq!(end, held.end.unwrap_or(End::Returned), "{path:?}");
    // The session stays open only if it has the report.
    let well = end == End::Returned && !held.kept;
    assert_eq!(held.closed, !well, "{path:?}");
    assert!(held.end.is_some() || held.kept, "{path:?}");
}

/// Returns whether `did` may come after `previous`.
fn follows(previous: Option<Did>, did: Did, held: &Held) -> bool {
    let Some(previous) = previous else {
        return matches!(did, Did::Wait(_));
    };
    match previous {
        Did::Wait(Ok(Wake::Ended(end))) => end == End::CallerGone && did == Did::Close,
        Did::Wait(Err(error)) => !held.closed && did == Did::Keep(Failure::Wait(error)),
        Did::Wait(Ok(Wake::Ready)) if held.closed => matches!(did, Did::Wait(_)),
        Did::Wait(Ok(Wake::Ready)) => match did {
            Did::Keep(failure) => failure == Failure::Rounds && held.rounds == ROUNDS_MAX,
            _ => matches!(did, Did::Step(Step::Read, _) | Did::ReadNothing),
        },
        Did::Step(_, Err(error)) => did == Did::Keep(Failure::Step(error)),
        Did::Step(Step::Signal, Ok(())) | Did::ReadNothing => matches!(did, Did::Wait(_)),
        Did::Step(Step::Read, Ok(())) if matches!(did, Did::TakeEarly(_)) => true,
        Did::TakeEarly(Ok(())) => matches!(did, Did::Step(Step::Signal, _)),
        Did::TakeEarly(Err(error)) => did == Did::Keep(Failure::Step(error)),
        Did::Step(step, Ok(())) => {
            let place = ROUND.iter().position(|one| *one == step).unwrap();
            matches!(did, Did::Step(next, _) if next == ROUND[place + 1])
        }
        Did::Keep(_) => did == Did::Close,
        Did::Close => held.end.is_none() && matches!(did, Did::Wait(_)),
        Did::Detach => false,
    }
}
