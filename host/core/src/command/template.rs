//! `run_args_template`: where arguments go.

/// A bash script with places for arguments, each of which is quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptTemplate {}

impl ScriptTemplate {
    /// The names of its parameters, each once, in their order.
    pub fn parameters(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// The arguments of a component: a list of words with places for arguments. No shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentTemplate {}

impl ArgumentTemplate {
    /// The names of its parameters, each once, in their order.
    pub fn parameters(&self) -> Vec<&str> {
        Vec::new()
    }
}
