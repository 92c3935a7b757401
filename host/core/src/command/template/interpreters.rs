//! What an interpreter among the words of a command runs as code: `bash -c …`, `sudo python3 -c …`.

use std::ops::Range;

use super::context::Refusal;
use super::programs::{NAMES_OF_INPUT, ONLY_DATA, TAKE_A_WORD, base_name, interpreter};
use super::words::Word;

/// The words after an interpreter that are code, or could change what is.
pub(super) struct Code {
    /// The interpreter.
    pub at: usize,
    /// These words.
    pub range: Range<usize>,
    option: Option<char>,
    /// Whether the code, or more of it, is in what it reads.
    pub reads_code: bool,
}

impl Code {
    /// Why a value is refused there.
    pub(super) fn refusal(&self, words: &[Word<'_>]) -> Refusal {
        let name = words[self.at].written;
        let help = match self.option {
            Some(letter) => format!(
                "write the code into the template and give it the argument: `{name} -{letter} '…' _ {{…}}`, or use a file"
            ),
            None => "put the code into a file in the namespace's folder".to_owned(),
        };
        Refusal::new(format!("is run as code by `{name}`")).help(help)
    }
}

/// The code that is given to interpreters among the words of a command, which may begin at `starts`.
pub(super) fn codes(words: &[Word<'_>], starts: &[usize]) -> Vec<Code> {
    let only_data = !starts.is_empty()
        && starts
            .iter()
            .all(|&start| ONLY_DATA.contains(&base_name(&words[start].literal)));
    if only_data {
        return Vec::new();
    }
    let mut codes = Vec::new();
    for (at, word) in words.iter().enumerate() {
        // `$SHELL -c` is as good as any; `$TOOL` alone is any program.
        let is_shell = || {
            starts.contains(&at)
                && word.written.contains(['$', '`'])
                && words[at + 1..].iter().any(|word| word.literal == "-c")
        };
        let is_user_shell = matches!(
            word.written.trim_matches('"'),
            "$SHELL" | "${SHELL}" | "$BASH" | "${BASH}"
        );
        let known = interpreter(&word.literal).filter(|_| word.carried.is_none());
        let known = known.or_else(|| is_user_shell.then_some(("sh", "c")));
        let known = known.or_else(|| is_shell().then_some(("sh", "c")));
        codes.extend(known.map(|(name, letters)| code(words, at, name, letters)));
    }
    codes
}

fn code(words: &[Word<'_>], interpreter: usize, name: &str, letters: &str) -> Code {
    let code = |end: usize, reads_code: bool| Code {
        at: interpreter,
        range: interpreter + 1..end,
        option: letters.chars().next(),
        reads_code,
    };
    let is_clustered = |word: &str| !word.starts_with("--") && word.contains(|c| letters.contains(c));
    let mut at = interpreter + 1;
    while let Some(word) = words.get(at) {
        let literal = word.literal.as_str();
        let is_option = literal.starts_with(['-', '+']) && literal.len() > 1;
        if word.carried.is_some() || NAMES_OF_INPUT.contains(&literal) {
            return code(at + 1, true);
        } else if literal == "--" || literal == "-m" {
            return code(at + 2, at + 1 >= words.len());
        } else if TAKE_A_WORD.contains(&literal) {
            at += 2;
        } else if is_option && !literal.starts_with("-m") {
            if !is_clustered(literal) {
                let reads = !literal.starts_with("--") && literal.contains('s') && name.ends_with("sh");
                if reads {
                    // `bash -s x`: what comes are arguments of what it reads.
                    return code(at + 1, true);
                }
                at += 1;
                continue;
            }
            // `perl -ne … x` opens `x`, which may be a command; else what comes after code in quotation marks is data.
            let opens = name == "perl" && literal.contains(['n', 'p']);
            let quoted = (at + 1..words.len())
                .find(|&next| words[next].carried.is_none() && words[next].written.starts_with(['\'', '"']));
            return code(quoted.filter(|_| !opens).unwrap_or(words.len()), false);
        } else {
            return code(at, false);
        }
    }
    code(words.len(), true)
}
