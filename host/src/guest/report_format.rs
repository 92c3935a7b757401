//! The world `report-format`: a function from a run that is over to a message. It sees nothing but its arguments.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::BoxFuture;
use innkeeper_core::config::ComponentSource;
use innkeeper_core::message::Message;
use innkeeper_core::report::{Finished, Formatter};

use super::cache::{Linked, Owner, Ready};
use super::context::Context;
use super::cpu::{self, OutOfCpu};
use super::ending::{self, Phase};
use super::{Guests, compile, convert, limits, named};

/// How long a format may take.
const TIME: Duration = Duration::from_secs(10);
/// How long it may take with its loading (it may have to be compiled first), and with waiting for memory: the run is not
/// over before.
const IN_ALL: Duration = Duration::from_secs(compile::WALL_TIME.as_secs() + 2 * TIME.as_secs());
/// What its memories and tables may take together, in bytes.
const MEMORY: u64 = 64 * 1024 * 1024;

/// Report formats that are guests.
pub struct GuestFormatter {
    guests: Arc<Guests>,
}

impl GuestFormatter {
    /// Report formats run by `guests`.
    pub fn new(guests: Arc<Guests>) -> Self {
        Self { guests }
    }
}

impl Formatter for GuestFormatter {
    fn format(&self, format: ComponentSource, trusted: bool, run: Finished) -> BoxFuture<'_, Result<Message, String>> {
        Box::pin(async move {
            let guests = Arc::clone(&self.guests);
            let source = format.clone();
            let task = self.guests.spawn(async move {
                let late = named(&source, &format!("was not ready after {} s", IN_ALL.as_secs()));
                let made = bounded(&guests, &source, trusted, run);
                tokio::time::timeout(IN_ALL, made).await.unwrap_or(Err(late))
            })?;
            task.await.unwrap_or_else(|error| {
                let why = match error.is_panic() {
                    true => "made the host's sandbox fail; the host's log has more",
                    false => "was not run: the host is stopping",
                };
                Err(named(&format, why))
            })
        })
    }
}

async fn bounded(guests: &Guests, source: &ComponentSource, trusted: bool, run: Finished) -> Result<Message, String> {
    // Why it cannot be loaded begins with its name already.
    let owner = Owner {
        name: run.namespace.clone(),
        trusted,
        async_commands: false,
    };
    let component = guests.load(source, &owner).await?;
    let made = make(guests, &component, &owner, run).await;
    made.map_err(|why| named(source, &why))
}

async fn make(guests: &Guests, component: &Ready, owner: &Owner, run: Finished) -> Result<Message, String> {
    let wing = &component.wing;
    let Linked::ReportFormat(component) = &component.program else {
        return Err("is no report format".to_owned());
    };
    let _room = guests.room(MEMORY, owner).await?;
    let house = guests.house()?;
    let mut store = wing.store(Context::shut(MEMORY));
    // A message may be as long as a file.
    store.set_hostcall_fuel(limits::REPORT_BYTES);
    let _ticking = wing.ticking();
    let namespace = run.namespace.clone();
    let work = async {
        let format = component
            .instantiate_async(&mut store)
            .await
            .map_err(|error| (error, Phase::Instantiating))?;
        let made = format.call_format(&mut store, &convert::finished(run)).await;
        made.map_err(|error| (error, Phase::Running))
    };
    let work = cpu::within(TIME, &house.turns, &namespace, work);
    let made = match tokio::time::timeout(TIME, work).await {
        Ok(Ok(made)) => made,
        Ok(Err(OutOfCpu)) | Err(_) => return Err(format!("took longer than {} s", TIME.as_secs())),
    };
    match made {
        Ok(Ok(message)) => convert::message(message),
        Ok(Err(failure)) => Err(match convert::why(&failure.message) {
            Some(why) => format!("says: {why}"),
            None => "failed, and did not say why".to_owned(),
        }),
        Err((error, phase)) => Err(ending::in_a_sentence(&ending::of_error(
            &error,
            &store.data().memory,
            phase,
        ))),
    }
}
