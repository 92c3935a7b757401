//! What the attributes call: the checks of a function's type, and the way from the host's types and back.

use crate::{Failure, Finished, IntoMessage, IntoReport, Request, Result};

/// Compiles where a job's function has the right type.
pub const fn is_job<T: IntoReport, E: Into<Failure>>(_: fn(Request) -> Result<T, E>) {}

/// Compiles where a report format's function has the right type.
pub const fn is_report_format<T: IntoMessage, E: Into<Failure>>(_: fn(Finished) -> Result<T, E>) {}

/// Compiles where a type is an alert plugin.
pub const fn is_alert_plugin<T: crate::alert::Plugin>() {}

#[cfg(target_family = "wasm")]
pub use component::{alert, format, run};

#[cfg(target_family = "wasm")]
mod component {
    use super::*;
    use crate::bindings::{progress, types};
    use crate::said::{self, Said};

    /// Runs a job.
    pub fn run<T: IntoReport, E: Into<Failure>>(
        job: fn(Request) -> Result<T, E>,
        request: types::Request,
    ) -> Result<types::Report, types::Failure> {
        said::listen(Some(Box::new(tell)));
        let report = job(request.into()).map_err(Into::into).and_then(T::into_report);
        report.map(Into::into).map_err(Into::into)
    }

    /// Tells the host what the job says.
    fn tell(said: Said) {
        match said {
            Said::Progress { fraction, line } => progress::update(fraction, &line),
            Said::Log { level, line } => progress::log(level.into(), &line),
        }
    }

    /// Runs a report format.
    pub fn format<T: IntoMessage, E: Into<Failure>>(
        format: fn(Finished) -> Result<T, E>,
        run: types::Finished,
    ) -> Result<types::Message, types::Failure> {
        let message = format(run.into()).map_err(Into::into).and_then(T::into_message);
        message.map(Into::into).map_err(Into::into)
    }

    /// The exports of an alert plugin.
    pub mod alert {
        use super::{said, tell};
        use crate::alert::Plugin;
        use crate::bindings::{alerting, types};

        /// What it is. What it does not say itself, its `Cargo.toml` does.
        pub fn describe<T: Plugin>(author: &str, version: &str) -> alerting::Metadata {
            let mut metadata = T::describe();
            for (said, written) in [(&mut metadata.author, author), (&mut metadata.version, version)] {
                if said.is_empty() {
                    written.clone_into(said);
                }
            }
            metadata.into()
        }

        /// What it wants to know of each person.
        pub fn user_fields<T: Plugin>() -> Option<alerting::UserFields> {
            T::user_fields().map(Into::into)
        }

        /// What is to be sent.
        pub fn send_alert<T: Plugin>(alert: alerting::Alert) -> Result<Vec<alerting::Delivery>, types::Failure> {
            said::listen(Some(Box::new(tell)));
            T::send_alert(alert.into()).map(Into::into).map_err(Into::into)
        }
    }
}
