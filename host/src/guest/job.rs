//! The world `job`: a function from a request to a report.

use innkeeper_core::run::Ending;
use wasmtime::Store;

use super::bindings::job::JobPre;
use super::bindings::types::{Failure, Request};
use super::context::Context;
use super::convert;
use super::ending::Phase;
use super::limits;
use super::output::GuestOutput;
use super::run::Lived;

/// Instantiates the job and calls its `run`. Its text may have `most` bytes.
///
/// # Errors
/// Wasmtime's, and whether the job had begun.
pub async fn live(
    job: &JobPre<Context>,
    store: &mut Store<Context>,
    request: &Request,
    most: u64,
    stderr: &GuestOutput,
) -> Result<Lived, (wasmtime::Error, Phase)> {
    // A report may be as long as a file.
    store.set_hostcall_fuel(limits::REPORT_BYTES);
    let job = job
        .instantiate_async(&mut *store)
        .await
        .map_err(|error| (error, Phase::Instantiating))?;
    let said = job
        .call_run(store, request)
        .await
        .map_err(|error| (error, Phase::Running))?;
    Ok(match said {
        Ok(report) => match convert::report(report, most) {
            Ok(report) => Lived {
                ending: Ending::Exited { code: 0 },
                report: Some(report),
            },
            Err(why) => Lived::ended(Ending::Failed {
                message: format!("its report cannot be posted: {why}"),
            }),
        },
        Err(failure) => Lived::ended(failed(failure, stderr)),
    })
}

/// What it said to people is its end; what it said for the log goes there.
fn failed(failure: Failure, stderr: &GuestOutput) -> Ending {
    let Failure {
        message,
        details,
        extra: _,
    } = failure;
    if let Some(details) = details {
        stderr.append(details.as_bytes());
        stderr.append(b"\n");
    }
    let message = convert::why(&message).unwrap_or_else(|| "it failed, and did not say why".to_owned());
    Ending::Failed { message }
}
