//! The pattern of a command: `say hello to [name]`.

/// Words and parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {}
