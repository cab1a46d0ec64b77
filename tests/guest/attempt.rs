// SPDX-License-Identifier: GPL-2.0-or-later
//! What became of commands that a guest's script gave to `attempt`.

use super::Transcript;

impl Transcript {
    /// All that a command said, as one line with single spaces: it was wrapped at
    /// the console's width, and set in columns.
    pub fn told(&self, name: &str) -> String {
        squeezed(&self.all(name).join(" "))
    }

    /// What a command said has these words, whatever lies between them.
    #[track_caller]
    pub fn expect_words(&self, name: &str, words: &[&str]) {
        let told = self.told(name);
        for word in words {
            if !told.contains(&squeezed(word)) {
                self.fail(&format!("{name} does not say '{word}': {told}"));
            }
        }
    }

    /// A command ended with this exit code and said these words.
    #[track_caller]
    pub fn expect_attempt(&self, name: &str, code: &str, words: &[&str]) {
        self.expect(&format!("{name}-code"), code);
        self.expect_words(name, words);
    }

    /// A command ended with this exit code and said these lines, however far
    /// indented, and nothing else.
    #[track_caller]
    pub fn expect_lines(&self, name: &str, code: &str, lines: &[&str]) {
        self.expect(&format!("{name}-code"), code);
        let found: Vec<&str> = self.all(name).into_iter().map(str::trim_start).collect();
        if found != lines {
            self.fail(&format!("{name} is\n{}", found.join("\n")));
        }
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
