//! What people type becomes a job and its arguments. Pure.
//!
//! ```text
//!   slack's text --decode--> text --words--> words --matching--> the command of a namespace, with its arguments
//!                                                  \--nearest--> or what was probably meant
//! ```
//!
//! * [`pattern`]: the grammar of `say hello to [name]`; `specificity` says which of two patterns wins.
//! * [`interpret()`]: the whole way from a text to what it asks for; [`help`] has the texts of the answers.
//! * [`template`]: the other end, where arguments become a script or a list of words.
//!
//! Who may ask for what is decided by the triggers; what is done about it by the queue.

mod argument;
mod catalogue;
mod decode;
mod expression;
pub mod help;
mod interpret;
mod logs;
mod matching;
mod nearest;
pub mod pattern;
mod services;
mod specificity;
pub mod template;
mod words;

pub use argument::{ArgumentError, MAX_ARGUMENT_BYTES, check_argument};
pub use catalogue::{Catalogue, CatalogueCommand, CatalogueNamespace};
pub use decode::decode;
pub(crate) use expression::compile;
pub use interpret::{MAX_TEXT_CHARS, Understood, interpret, interpret_plain};
pub use logs::{LogPart, LogStream, LogsWanted};
pub use nearest::corrected;
pub use pattern::{Pattern, PatternError};
pub use services::ServiceOrder;
pub use specificity::MOST_STEPS_IN_ALL;

/// The words of the built-in commands, of those too that come later. No namespace may be called so: `help demo` and
/// `help` must stay apart.
pub const RESERVED_WORDS: &[&str] = &[
    "help",
    "status",
    "logs",
    "showlogs",
    "cancel",
    "remove",
    "say",
    "chat",
    "run",
    "suppress",
    "alert",
    "services",
    "service",
    "ack",
    "unack",
    "silence",
    "unsilence",
    "on",
    "on-call",
    "me",
    "preferences",
    "user",
    "users",
];
