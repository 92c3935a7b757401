//! What was asked for: a request with its askings, as the job gets it.

use std::time::SystemTime;

use serde::de::DeserializeOwned;

use crate::{Arguments, Result, Trigger};

/// Something that was asked for, and what its trigger knows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The number of the run, as people type it (`logs 12`).
    pub run: i64,
    /// The namespace, for example `demo`.
    pub namespace: String,
    /// The job's short name, for example `deploy`.
    pub job: String,
    /// Names and values, in the order of the command's parameters. [`Request::arguments`] makes a struct of them.
    pub arguments: Arguments,
    /// Everybody who asked for this run, oldest first: at least one.
    pub askings: Vec<Asking>,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// One order: who asked, where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asking {
    /// Its number.
    pub id: i64,
    /// When it came in.
    pub at: SystemTime,
    /// What was said, where something was said, for example `deploy web`.
    pub text: Option<String>,
    /// Where it came from, and who asked.
    pub trigger: Trigger,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

impl Request {
    /// The arguments as a struct of the job's own: see [`Arguments::parse`].
    ///
    /// # Errors
    /// A sentence for the person who asked: which argument is wrong, and what it has to be.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T> {
        self.arguments.parse()
    }

    /// Where the first asking came from. Several may have joined this run: `askings` has them all.
    pub fn trigger(&self) -> Option<&Trigger> {
        self.askings.first().map(|asking| &asking.trigger)
    }

    /// A request for a unit test: run 1 of the job `test`, asked for on the command line. Change what matters to the
    /// test.
    ///
    /// ```
    /// use innkeeper_guest::Request;
    ///
    /// let mut request = Request::for_test([("name", "Bob")]);
    /// request.namespace = "demo".to_owned();
    /// assert_eq!(request.arguments.get("name"), Some("Bob"));
    /// ```
    pub fn for_test<N: Into<String>, V: Into<String>>(arguments: impl IntoIterator<Item = (N, V)>) -> Self {
        Self {
            run: 1,
            namespace: "test".to_owned(),
            job: "test".to_owned(),
            arguments: arguments.into_iter().collect(),
            askings: vec![Asking::for_test(Trigger::cli("somebody"))],
            extra: Vec::new(),
        }
    }

    /// The same request, asked for by this trigger only. For unit tests.
    #[must_use]
    pub fn asked_by(mut self, trigger: Trigger) -> Self {
        self.askings = vec![Asking::for_test(trigger)];
        self
    }
}

impl Asking {
    /// An asking for a unit test: number 1, at the beginning of 1970.
    pub fn for_test(trigger: Trigger) -> Self {
        Self {
            id: 1,
            at: SystemTime::UNIX_EPOCH,
            text: None,
            trigger,
            extra: Vec::new(),
        }
    }
}
