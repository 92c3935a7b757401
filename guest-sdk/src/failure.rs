//! Why a guest did not do what it was asked: a message for people, and details for the log.

use std::fmt;

/// What jobs and report formats return.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a guest did not do what it was asked. [`Error`](crate::Error) is the same.
///
/// `?` makes one of every error: its message is posted, what caused it goes to the log.
///
/// ```
/// use innkeeper_guest::{Context as _, Error, Result, bail};
///
/// fn port(text: &str) -> Result<u16> {
///     if text.is_empty() {
///         bail!("which port? Give it a number");
///     }
///     text.parse().with_context(|| format!("`{text}` is not a port"))
/// }
///
/// let error: Error = port("x").unwrap_err();
/// assert_eq!(error.message, "`x` is not a port");
/// assert_eq!(error.details.as_deref(), Some("caused by: invalid digit found in string"));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// For the people who asked: what went wrong and what to do, in a sentence or two.
    pub message: String,
    /// For the log: as much as helps to find the cause. It is not posted.
    pub details: Option<String>,
}

impl Failure {
    /// A failure with a message for people.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            details: None,
        }
    }

    /// Adds details for the log, after those that are there.
    #[must_use]
    pub fn details(mut self, details: impl fmt::Display) -> Self {
        self.details = Some(match self.details.take() {
            Some(before) => format!("{before}\n{details}"),
            None => details.to_string(),
        });
        self
    }

    /// Says it in other words; the message so far goes to the log.
    fn because(self, message: impl fmt::Display) -> Self {
        let caused = Self::new(message.to_string()).details(format_args!("caused by: {}", self.message));
        match self.details {
            Some(details) => caused.details(details),
            None => caused,
        }
    }
}

/// Of any error; its sources are the details.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let sources = std::iter::successors(error.source(), |error| error.source());
        sources.fold(Self::new(error.to_string()), |failure, source| {
            failure.details(format_args!("caused by: {source}"))
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What a failing test shows: the message, and the details below it.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.details.iter().try_for_each(|details| write!(f, "\n{details}"))
    }
}

/// Says what was being done when an error came; the error goes to the log.
pub trait Context<T> {
    /// With a message for people.
    ///
    /// # Errors
    /// The message, and as details what the error was.
    fn context(self, message: impl fmt::Display) -> Result<T>;

    /// With a message that is made only where there is an error.
    ///
    /// # Errors
    /// The message, and as details what the error was.
    fn with_context<M: fmt::Display>(self, message: impl FnOnce() -> M) -> Result<T>;
}

impl<T, E: Into<Failure>> Context<T> for std::result::Result<T, E> {
    fn context(self, message: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().because(message))
    }

    fn with_context<M: fmt::Display>(self, message: impl FnOnce() -> M) -> Result<T> {
        self.map_err(|error| error.into().because(message()))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, message: impl fmt::Display) -> Result<T> {
        self.ok_or_else(|| Failure::new(message.to_string()))
    }

    fn with_context<M: fmt::Display>(self, message: impl FnOnce() -> M) -> Result<T> {
        self.ok_or_else(|| Failure::new(message().to_string()))
    }
}

/// Ends the function with a failure: `bail!("no such environment: {name}")`.
#[macro_export]
macro_rules! bail {
    ($($message:tt)+) => {
        return ::core::result::Result::Err(::core::convert::From::from($crate::Failure::new(::std::format!(
            $($message)+
        ))))
    };
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot count the guests")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    fn outer() -> Outer {
        Outer("many".parse::<u8>().unwrap_err())
    }

    #[test]
    fn people_read_the_message_and_the_log_has_the_causes() {
        let failure = (|| -> Result<()> { Err(outer())? })().unwrap_err();
        assert_eq!(failure.to_string(), "cannot count the guests");
        assert_eq!(
            failure.details.as_deref(),
            Some("caused by: invalid digit found in string")
        );
    }

    #[test]
    fn context_moves_what_was_said_to_the_log() {
        let failure = Err::<(), _>(outer()).context("no rota today").unwrap_err();
        assert_eq!(
            format!("{failure:?}"),
            "no rota today\ncaused by: cannot count the guests\ncaused by: invalid digit found in string"
        );
        let failure = None::<()>.with_context(|| "nobody is there").unwrap_err();
        assert_eq!(failure, Failure::new("nobody is there"));
    }
}
