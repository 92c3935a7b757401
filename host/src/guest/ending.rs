//! How a guest's end reads: wasmtime's errors become an [`Ending`] in words.
//!
//! An error's text holds names that the guest chose, of any length and with any character in them, so what becomes part
//! of a message is made tidy. The backtrace, which only the guest's author needs, goes to the guest's stderr log.

use innkeeper_core::run::Ending;
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::limits::{HANDLES, MemoryLimit};

const WHY_CHARACTERS: usize = 300;
const BACKTRACE_CHARACTERS: usize = 4000;

/// Whether the guest had begun when the error came up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// While it was being put together.
    Instantiating,
    /// While it ran.
    Running,
}

/// What an error of wasmtime means for the run.
pub fn of_error(error: &wasmtime::Error, memory: &MemoryLimit, phase: Phase) -> Ending {
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return Ending::Exited { code: *code };
    }
    if let Some(what) = memory.refusal() {
        return Ending::LimitReached { what };
    }
    if is_handle_limit(error) {
        return Ending::LimitReached {
            what: format!("held {HANDLES} handles (files, streams, requests) at once and asked for more"),
        };
    }
    // Wasmtime has no public type for this one either; a test hits it for real.
    if error.root_cause().to_string().contains("fuel allocated for hostcalls") {
        return Ending::LimitReached {
            what: "handed more to the host in one call than it may".into(),
        };
    }
    if error.is::<PoolConcurrencyLimitError>() {
        let what = format!("the host has no room for it among the guests that run now ({error}); try again later");
        return match phase {
            Phase::Instantiating => Ending::NotStarted { why: what },
            Phase::Running => Ending::LimitReached { what },
        };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return Ending::Trapped { why: in_words(*trap) };
    }
    // Not `{:#}`: the outermost context is the backtrace, with names of the guest's own choosing.
    let why = tidy(&error.root_cause().to_string(), WHY_CHARACTERS);
    match phase {
        Phase::Instantiating => Ending::NotStarted {
            why: format!("the component does not fit this host: {why}"),
        },
        Phase::Running => Ending::Trapped { why },
    }
}

/// How a guest ended that is no run of its own: what follows its name.
pub fn in_a_sentence(ending: &Ending) -> String {
    match ending {
        Ending::Exited { code } => format!("exited with code {code}"),
        Ending::Failed { message } => message.clone(),
        Ending::Signalled { signal } => format!("was ended by signal {signal}"),
        Ending::TimedOut { after_ms } => format!("was stopped after {after_ms} ms"),
        Ending::LimitReached { what } => what.clone(),
        Ending::Trapped { why } => format!("trapped: {why}"),
        Ending::NotStarted { why } => format!("could not be started: {why}"),
        Ending::Interrupted => "was interrupted".to_owned(),
    }
}

/// The guest's own backtrace, for its author. None where it did not come to that.
pub fn backtrace(error: &wasmtime::Error) -> Option<String> {
    if error.is::<I32Exit>() {
        return None;
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>()?.to_string();
    let lines: Vec<String> = backtrace.lines().map(|line| tidy(line, 200)).collect();
    let text: String = lines.join("\n").chars().take(BACKTRACE_CHARACTERS).collect();
    Some(format!(
        "{}\n{text}\n",
        tidy(&error.root_cause().to_string(), WHY_CHARACTERS)
    ))
}

/// Makes text from a guest fit for one line of a message: no control characters, nothing that turns the direction of
/// writing, at most `most` characters.
pub fn tidy(text: &str, most: usize) -> String {
    let mut clean = text
        .chars()
        .map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c });
    let mut tidy: String = clean.by_ref().take(most).collect();
    if clean.next().is_some() {
        tidy.push('…');
    }
    tidy
}

/// Line and paragraph separators, marks and overrides of direction, zero-width characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn is_handle_limit(error: &wasmtime::Error) -> bool {
    if let Some(error) = error.downcast_ref::<ResourceTableError>() {
        return matches!(error, ResourceTableError::Full);
    }
    // Wasmtime has no type for this one (vm/component/handle_table.rs in 48); a test hits the limit for real.
    error.root_cause().to_string().ends_with("handle limit exceeded")
}

fn in_words(trap: Trap) -> String {
    match trap {
        Trap::StackOverflow => "its call stack is used up; does a function call itself without end?".into(),
        Trap::MemoryOutOfBounds => {
            "it touched memory that it does not have; a stack that is used up can look like this too".into()
        }
        Trap::UnreachableCodeReached => {
            "it gave up (wasm `unreachable`): a panic or an abort in most languages; its stderr may say why".into()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_a_guest_cannot_break_out_of_a_message() {
        assert_eq!(tidy("a\n\u{1b}[31m```\u{202e}b\0", 100), "a  [31m``` b ");
        assert_eq!(tidy("abcdef", 6), "abcdef");
        assert_eq!(tidy("abcdefg", 6), "abcdef…");
        assert_eq!(tidy(&"x".repeat(90_000), 80).chars().count(), 81);
    }

    #[test]
    fn an_exit_is_no_failure_of_the_host() {
        let none = MemoryLimit::new(0);
        let error = wasmtime::Error::new(I32Exit(3));
        assert_eq!(of_error(&error, &none, Phase::Running), Ending::Exited { code: 3 });
        assert_eq!(backtrace(&error), None);
    }

    #[test]
    fn an_error_without_a_type_is_told_from_its_root() {
        let none = MemoryLimit::new(0);
        let error = wasmtime::Error::msg("wrong\ntype").context("/secret/path");
        assert_eq!(
            of_error(&error, &none, Phase::Running),
            Ending::Trapped {
                why: "wrong type".into()
            }
        );
        assert_eq!(
            of_error(&error, &none, Phase::Instantiating),
            Ending::NotStarted {
                why: "the component does not fit this host: wrong type".into()
            }
        );
    }
}
