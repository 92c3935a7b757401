//! What every argument must keep to, wherever it comes from.

/// The most bytes that one argument may have: 32 KiB.
pub const MAX_ARGUMENT_BYTES: usize = 32 * 1024;

/// Why an argument is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// It holds a NUL, which ends a string for the operating system.
    #[error("the argument `{name}` holds a NUL character, which no program can take. Leave it out")]
    Nul {
        /// The parameter's name.
        name: String,
    },
    /// It is longer than [`MAX_ARGUMENT_BYTES`].
    #[error(
        "the argument `{name}` has {bytes} bytes; at most {MAX_ARGUMENT_BYTES} are taken. Send less, or a link to it"
    )]
    TooLong {
        /// The parameter's name.
        name: String,
        /// How long it is.
        bytes: usize,
    },
}

/// Checks one argument against what every program can take.
///
/// # Errors
/// It holds a NUL, or is too long.
pub fn check_argument(name: &str, value: &str) -> Result<(), ArgumentError> {
    let name = || name.to_owned();
    if value.contains('\0') {
        return Err(ArgumentError::Nul { name: name() });
    }
    match value.len() {
        bytes if bytes > MAX_ARGUMENT_BYTES => Err(ArgumentError::TooLong { name: name(), bytes }),
        _ => Ok(()),
    }
}
