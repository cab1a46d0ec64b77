// SPDX-License-Identifier: GPL-2.0-or-later
//! README's pictures of a serial console, made from what a guest's serial port really sent,
//! and the replay of that on a terminal.

mod screen;
mod svg;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use guest::rescue;
use guest::serial::Piece;
use guest::{Transcript, packages, tree};
use screen::Screen;
use svg::Frame;

/// A longer pause is cut to this one.
const PAUSE: Duration = Duration::from_millis(2000);
/// The least time from one frame to the next; doubled until the picture is small enough.
const FRAME_MS: u64 = 60;

/// A picture: its path, the most bytes that it may have, and its title.
struct Picture {
    path: &'static str,
    most_bytes: usize,
    title: &'static str,
}

const RECORDING: Picture = Picture {
    path: "docs/rescue.svg",
    most_bytes: 60_000,
    title: "A rescue shell on a serial console: kexec-bpf list shows the boot entries, kexec-bpf \
            boot --menu lets the user choose one, and the next kernel runs",
};
const MENU: Picture = Picture {
    path: "docs/menu.svg",
    most_bytes: 6_000,
    title: "The menu of kexec-bpf boot on a serial console",
};

/// Plays the scene in a guest, keeps what came with the times, and draws the pictures.
pub fn make() -> Result<(), String> {
    let pieces = cut(&record()?)?;
    let menu = menu(&pieces)?;
    write(&MENU, &svg::still(MENU.title, &menu))?;
    let mut least_ms = FRAME_MS;
    let mut drawn = String::new();
    while drawn.is_empty() || drawn.len() > RECORDING.most_bytes {
        let frames = frames(&pieces, least_ms);
        // The whole menu, with the choice that was made.
        let asks = |frame: &Frame| frame.rows.iter().any(|row| row == rescue::MENU);
        let poster = frames.iter().rposition(asks).unwrap_or(0);
        drawn = svg::moving(RECORDING.title, &frames, poster);
        least_ms *= 2;
    }
    write(&RECORDING, &drawn)
}

fn write(picture: &Picture, text: &str) -> Result<(), String> {
    let Picture { path, .. } = picture;
    fs::write(tree(path), text).map_err(|error| format!("{path}: {error}"))?;
    println!("{path}: {} bytes", text.len());
    Ok(())
}

/// Checks the sizes of the committed pictures. `tests/cli/recording.rs` compares their text.
pub fn check() -> Result<(), String> {
    for Picture {
        path, most_bytes, ..
    } in [RECORDING, MENU]
    {
        let text = fs::read_to_string(tree(path)).map_err(|error| format!("{path}: {error}"))?;
        if text.len() > most_bytes {
            return Err(format!(
                "{path} has {} bytes, at most {most_bytes} are allowed",
                text.len()
            ));
        }
    }
    Ok(())
}

/// Plays the scene; keeps its console in the format of script(1).
pub fn record() -> Result<Vec<Piece>, String> {
    let directory = guest::work_dir("rescue");
    let said: Transcript = rescue::play(&directory);
    said.one("second");
    said.expect_end();
    let (mut raw, mut timing) = (
        b"Script started on a serial console\n".to_vec(),
        String::new(),
    );
    let mut before = Duration::ZERO;
    for piece in &said.pieces {
        raw.extend_from_slice(&piece.bytes);
        let delay_s = (piece.at - before).as_secs_f64();
        timing += &format!("{delay_s:.6} {}\n", piece.bytes.len());
        before = piece.at;
    }
    let [typescript, times] = kept();
    fs::write(typescript, raw).map_err(|error| error.to_string())?;
    fs::write(times, timing).map_err(|error| error.to_string())?;
    Ok(said.pieces)
}

/// Returns the paths of the typescript and of its times, for scriptreplay(1) as well.
pub fn kept() -> [PathBuf; 2] {
    let directory = packages::cache().join("run/rescue");
    [directory.join("typescript"), directory.join("timing")]
}

/// Shows the last recording on this terminal, at its own pace.
pub fn replay() -> Result<(), String> {
    let [typescript, times] = kept();
    let read = |path: &Path| fs::read(path).map_err(|_| "no recording: run make demo".to_owned());
    let raw = read(&typescript)?;
    let times = String::from_utf8_lossy(&read(&times)?).into_owned();
    let body = raw.iter().position(|byte| *byte == b'\n');
    let mut rest = raw.get(body.map_or(0, |at| at + 1)..).unwrap_or_default();
    let mut pieces = Vec::new();
    let mut at = Duration::ZERO;
    for line in times.lines() {
        let (delay_s, count) = line.split_once(' ').ok_or("the times are damaged")?;
        let delay_s: f64 = delay_s.parse().map_err(|_| "the times are damaged")?;
        let count: usize = count.parse().map_err(|_| "the times are damaged")?;
        at += Duration::try_from_secs_f64(delay_s).map_err(|_| "the times are damaged")?;
        let bytes = rest.get(..count).ok_or("the typescript is too short")?;
        rest = rest.get(count..).unwrap_or_default();
        pieces.push(Piece {
            at,
            bytes: bytes.to_vec(),
        });
    }
    let mut now = Duration::ZERO;
    for piece in cut(&pieces)? {
        thread::sleep(piece.at - now);
        now = piece.at;
        let mut stdout = std::io::stdout();
        let shown = stdout.write_all(&piece.bytes).and_then(|()| stdout.flush());
        shown.map_err(|error| error.to_string())?;
    }
    println!();
    Ok(())
}

/// Returns the part between the scene's begin and its end, from time 0 on and without long
/// pauses.
fn cut(pieces: &[Piece]) -> Result<Vec<Piece>, String> {
    let all: Vec<u8> = pieces
        .iter()
        .flat_map(|piece| piece.bytes.clone())
        .collect();
    let find = |text: &str| {
        let found = all
            .windows(text.len())
            .position(|part| part == text.as_bytes());
        found.ok_or(format!("the console did not show '{text}'"))
    };
    let (begin, end) = (find(rescue::BEGIN)?, find(rescue::END)?);
    let mut kept = Vec::new();
    let mut offset = 0;
    let mut before: Option<Duration> = None;
    let mut at = Duration::ZERO;
    for piece in pieces {
        let start = begin.saturating_sub(offset).min(piece.bytes.len());
        offset += piece.bytes.len();
        let bytes = piece.bytes[start..].to_vec();
        if bytes.is_empty() {
            continue;
        }
        // Nothing of the power-off.
        if before.is_some_and(|before| offset > end && piece.at - before > Duration::from_secs(2)) {
            break;
        }
        at += before.map_or(Duration::ZERO, |before| (piece.at - before).min(PAUSE));
        before = Some(piece.at);
        kept.push(Piece { at, bytes });
    }
    Ok(kept)
}

/// Returns what is on the terminal from time to time.
fn frames(pieces: &[Piece], least_ms: u64) -> Vec<Frame> {
    let mut screen = Screen::new();
    let mut frames: Vec<Frame> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        screen.feed(&piece.bytes);
        let at_ms = u64::try_from(piece.at.as_millis()).unwrap_or(u64::MAX);
        let next = pieces.get(index + 1).map_or(u64::MAX, |next| {
            u64::try_from(next.at.as_millis()).unwrap_or(u64::MAX)
        });
        let last_ms = frames.last().map_or(0, |frame| frame.at_ms);
        // A text that stays is always shown; one that the next follows soon, sometimes.
        let is_due = frames.is_empty() || next - at_ms >= least_ms || at_ms - last_ms >= least_ms;
        let rows = screen.text();
        if is_due && frames.last().is_none_or(|frame| frame.rows != rows) {
            let at_ms = if frames.is_empty() { 0 } else { at_ms };
            frames.push(Frame { at_ms, rows });
        }
    }
    frames
}

/// Returns the rows of the menu, as long as it counts down.
fn menu(pieces: &[Piece]) -> Result<Vec<String>, String> {
    let mut screen = Screen::new();
    for piece in pieces {
        screen.feed(&piece.bytes);
        let rows = screen.text();
        let begin = rows.iter().rposition(|row| row.starts_with(rescue::PROMPT));
        let is_asking = rows.iter().any(|row| row == rescue::MENU);
        if is_asking && rows.iter().any(|row| row.starts_with('[')) {
            return Ok(rows[begin.unwrap_or(0)..].to_vec());
        }
    }
    Err("the console did not show the menu".into())
}
