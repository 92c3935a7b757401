//! `logs`: which part of what a run wrote is asked for.

use super::Understood;

/// A part of what a run wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogsWanted {
    /// The run's number.
    pub run: i64,
    /// How much of it.
    pub part: LogPart,
    /// Only what it wrote there. None: both, as far as something is there.
    pub stream: Option<LogStream>,
}

/// How much of a log is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPart {
    /// The first lines.
    Head,
    /// The last lines.
    Tail,
    /// All of it.
    All,
}

/// One of the two that a run writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStream {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
}

impl LogStream {
    /// Its name, which is also that of its file in the run's log folder.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

const HOW: &str = "Say which run: `logs tail 12`, or `head` or `all`; with `stdout` or `stderr` at the end for one of them. Reports name their runs.";

/// Reads what follows `logs` (or `showlogs`, as users of other bots know it): `[tail|head|all] RUN [stdout|stderr]`, in any
/// order.
pub(super) fn read(words: &[&str]) -> Understood {
    let (mut run, mut part, mut stream) = (None, None, None);
    for word in words {
        let taken = match *word {
            "head" => part.replace(LogPart::Head).is_none(),
            "tail" => part.replace(LogPart::Tail).is_none(),
            "all" => part.replace(LogPart::All).is_none(),
            "stdout" | "output" => stream.replace(LogStream::Stdout).is_none(),
            "stderr" | "error" => stream.replace(LogStream::Stderr).is_none(),
            number => super::interpret::number(number).is_some_and(|number| run.replace(number).is_none()),
        };
        if !taken {
            let shown: String = word.chars().take(40).collect();
            return Understood::Refused(format!("`{shown}` is not expected there. {HOW}"));
        }
    }
    match run {
        Some(run) => Understood::Logs(LogsWanted {
            run,
            part: part.unwrap_or(LogPart::Tail),
            stream,
        }),
        None => Understood::Refused(HOW.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_may_come_in_any_order() {
        let wanted = |run, part, stream| Understood::Logs(LogsWanted { run, part, stream });
        assert_eq!(read(&["12"]), wanted(12, LogPart::Tail, None));
        assert_eq!(read(&["tail", "#12"]), wanted(12, LogPart::Tail, None));
        assert_eq!(
            read(&["7", "all", "stderr"]),
            wanted(7, LogPart::All, Some(LogStream::Stderr))
        );
        assert_eq!(
            read(&["head", "output", "[7]"]),
            wanted(7, LogPart::Head, Some(LogStream::Stdout))
        );
    }

    #[test]
    fn what_is_missing_or_too_much_is_answered_with_what_is_expected() {
        for words in [
            &[][..],
            &["tail"],
            &["tail", "head", "1"],
            &["1", "2"],
            &["-1"],
            &["1", "stdout", "stderr"],
            &["/etc/passwd"],
        ] {
            assert!(
                matches!(read(words), Understood::Refused(why) if why.contains("logs tail 12")),
                "{words:?}"
            );
        }
    }
}
