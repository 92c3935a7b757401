//! The world `command`: a program with a `main`.

use innkeeper_core::run::Ending;
use wasmtime::Store;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::context::Context;
use super::ending::Phase;

/// Instantiates the program and calls its `main`.
///
/// # Errors
/// Wasmtime's, and whether the program had begun.
pub async fn live(
    program: &CommandPre<Context>,
    store: &mut Store<Context>,
) -> Result<Ending, (wasmtime::Error, Phase)> {
    let program = program
        .instantiate_async(&mut *store)
        .await
        .map_err(|error| (error, Phase::Instantiating))?;
    let result = program.wasi_cli_run().call_run(store).await;
    Ok(match result.map_err(|error| (error, Phase::Running))? {
        Ok(()) => Ending::Exited { code: 0 },
        Err(()) => Ending::Exited { code: 1 },
    })
}
