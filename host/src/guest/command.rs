//! The world `command`: a program with a `main`.

use innkeeper_core::run::Ending;
use wasmtime::Store;
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p3::bindings::CommandPre as AsyncCommandPre;

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
    result.map(exited).map_err(|error| (error, Phase::Running))
}

/// The same for a program of WASI 0.3, whose `main` is asynchronous.
///
/// # Errors
/// As [`live`].
pub async fn live_async(
    program: &AsyncCommandPre<Context>,
    store: &mut Store<Context>,
) -> Result<Ending, (wasmtime::Error, Phase)> {
    let program = program
        .instantiate_async(&mut *store)
        .await
        .map_err(|error| (error, Phase::Instantiating))?;
    let main = async |store: &_| program.wasi_cli_run().call_run(store).await;
    let result = store.run_concurrent(main).await.flatten();
    result.map(exited).map_err(|error| (error, Phase::Running))
}

const fn exited(result: Result<(), ()>) -> Ending {
    match result {
        Ok(()) => Ending::Exited { code: 0 },
        Err(()) => Ending::Exited { code: 1 },
    }
}
