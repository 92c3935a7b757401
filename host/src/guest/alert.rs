//! The world `alert`: a plugin that turns a change of a service's status into deliveries.
//!
//! ```text
//!   about     what it says of itself, read and validated; asked without any grant
//!   telling   what it is told: the core's types, and nothing in them that looks like a secret and is none
//!   secrets   which placeholders it was given
//!   sending   what it wants sent, validated to the last header
//! ```
//!
//! Each call has an instance of its own, within the plugin's limits; what goes wrong in it is a sentence for whoever runs the
//! host. A plugin's `about` is remembered for as long as its component is the same file, and that it failed for a minute.

mod about;
mod secrets;
mod sending;
mod telling;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use innkeeper_core::BoxFuture;
use innkeeper_core::alert::plugin::{About, Plugins, Sending, Telling, check_settings};
use innkeeper_core::config::{HttpGrants, Plugin};
use tokio::sync::OnceCell;
use wasmtime::Store;

use super::bindings::alert::Alert;
use super::cache::{Linked, Owner, Ready};
use super::context::Context;
use super::cpu::{self, OutOfCpu};
use super::ending::{self, Phase};
use super::refusals::Refusals;
use super::{Guests, compile, convert, http, limits, named};

/// How long a plugin may take to say what it is.
const INTRODUCTION: Duration = Duration::from_secs(10);
/// How long it may wait for memory that other guests hold.
const WAITING: Duration = Duration::from_secs(20);
/// How long it stands that a plugin could not say what it is, where its file does not change.
const REFUSAL_STANDS: Duration = Duration::from_secs(60);

/// Alert plugins that are guests.
pub struct GuestPlugins(Arc<Desk>);

/// What the calls of plugins share.
struct Desk {
    guests: Arc<Guests>,
    known: Mutex<HashMap<String, Known>>,
}

/// What a plugin said of itself, by which component, under which configuration.
struct Known {
    component: Weak<Ready>,
    plugin: Arc<Plugin>,
    slot: Arc<OnceCell<Said>>,
}

struct Said {
    about: Result<Arc<About>, String>,
    at: Instant,
}

impl GuestPlugins {
    /// Plugins run by `guests`.
    pub fn new(guests: Arc<Guests>) -> Self {
        let known = Mutex::default();
        Self(Arc::new(Desk { guests, known }))
    }

    /// Runs `work` on the guests' runtime, for so long at most, its loading included. Why it failed begins with the
    /// component's name.
    async fn guarded<T: Send + 'static>(
        &self,
        plugin: &Plugin,
        most: Duration,
        work: impl Future<Output = Result<T, String>> + Send + 'static,
    ) -> Result<T, String> {
        let source = plugin.component.clone();
        // It may have to be compiled first, and to wait for room.
        let most = compile::WALL_TIME + WAITING + INTRODUCTION + most;
        let late = named(&source, &format!("was not ready after {} s", most.as_secs()));
        let task = self.0.guests.spawn(tokio::time::timeout(most, work))?;
        match task.await {
            Ok(done) => done.unwrap_or(Err(late)),
            Err(error) => Err(named(
                &source,
                match error.is_panic() {
                    true => "made the host's sandbox fail; the host's log has more",
                    false => "was not run: the host is stopping",
                },
            )),
        }
    }
}

impl Plugins for GuestPlugins {
    fn about(&self, plugin: Arc<Plugin>) -> BoxFuture<'_, Result<Arc<About>, String>> {
        Box::pin(async move {
            let desk = Arc::clone(&self.0);
            let asked = Arc::clone(&plugin);
            let work = async move { desk.about(&asked).await.map(|(_, about)| about) };
            self.guarded(&plugin, INTRODUCTION, work).await
        })
    }

    fn send_alert(&self, plugin: Arc<Plugin>, telling: Telling) -> BoxFuture<'_, Result<Vec<Sending>, String>> {
        Box::pin(async move {
            let desk = Arc::clone(&self.0);
            let asked = Arc::clone(&plugin);
            let work = async move { desk.send_alert(&asked, telling).await };
            self.guarded(&plugin, plugin.limits.wall_time, work).await
        })
    }
}

impl Desk {
    /// What the plugin says of itself, and the component that says it.
    async fn about(&self, plugin: &Arc<Plugin>) -> Result<(Arc<Ready>, Arc<About>), String> {
        // Why it cannot be loaded begins with its name already.
        let component = self.guests.load(&plugin.component, &Owner::from(&**plugin)).await?;
        let slot = self.slot(plugin, &component);
        let said = slot
            .get_or_init(|| async {
                let about = self.introduce(plugin, &component).await;
                Said {
                    about: about.map(Arc::new).map_err(|why| named(&plugin.component, &why)),
                    at: Instant::now(),
                }
            })
            .await;
        said.about.clone().map(|about| (component, about))
    }

    fn slot(&self, plugin: &Arc<Plugin>, component: &Arc<Ready>) -> Arc<OnceCell<Said>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&plugin.name)
            && std::ptr::eq(known.component.as_ptr(), Arc::as_ptr(component))
            && known.plugin == *plugin
            && !known.slot.get().is_some_and(is_stale)
        {
            return Arc::clone(&known.slot);
        }
        let slot = Arc::new(OnceCell::new());
        let new = Known {
            component: Arc::downgrade(component),
            plugin: Arc::clone(plugin),
            slot: Arc::clone(&slot),
        };
        known.insert(plugin.name.clone(), new);
        slot
    }

    /// Asks the plugin what it is.
    async fn introduce(&self, plugin: &Plugin, component: &Ready) -> Result<About, String> {
        let mut call = Call::begin(self, plugin, component, &HttpGrants::default()).await?;
        let asked = call
            .within(INTRODUCTION, INTRODUCTION, async |alert, store| {
                let metadata = alert.call_describe(&mut *store).await?;
                Ok((metadata, alert.call_user_fields(store).await?))
            })
            .await?;
        let about = about::read(asked).map_err(|why| format!("says what makes no sense of itself: {why}"))?;
        for wrong in check_settings(plugin, &about) {
            tracing::warn!(plugin = plugin.name, "the plugin cannot be called: {wrong}");
        }
        Ok(about)
    }

    async fn send_alert(&self, plugin: &Arc<Plugin>, telling: Telling) -> Result<Vec<Sending>, String> {
        let (component, about) = self.about(plugin).await?;
        let sent = self.tell(plugin, &component, &about, telling).await;
        sent.map_err(|why| named(&plugin.component, &why))
    }

    async fn tell(
        &self,
        plugin: &Plugin,
        component: &Ready,
        about: &About,
        telling: Telling,
    ) -> Result<Vec<Sending>, String> {
        let wrong = check_settings(plugin, about);
        if !wrong.is_empty() {
            return Err(format!("was not called: {}", wrong.join("; ")));
        }
        let secrets = secrets::Given::to(plugin, about, &telling);
        let told = telling::alert(telling, &secrets);
        let mut call = Call::begin(self, plugin, component, &plugin.http).await?;
        let (wall_time, cpu_time) = (plugin.limits.wall_time, plugin.limits.cpu_time);
        let refused = call.refusals.clone();
        let said = call
            .within(wall_time, cpu_time, async |alert, store| {
                alert.call_send_alert(store, &told).await
            })
            .await?;
        match said {
            Ok(deliveries) => sending::read(deliveries, &plugin.http, &secrets),
            Err(failure) => {
                if let Some(details) = &failure.details {
                    tracing::info!(
                        plugin = plugin.name,
                        "the plugin says: {}",
                        ending::tidy(details, limits::DETAILS)
                    );
                }
                let why = match convert::why(&failure.message) {
                    Some(why) => format!("says: {why}"),
                    None => "failed, and did not say why".to_owned(),
                };
                // What was refused is mostly the reason.
                Err(match refused.first() {
                    Some(refused) => format!("{why} (refused: {refused})"),
                    None => why,
                })
            }
        }
    }
}

fn is_stale(said: &Said) -> bool {
    said.about.is_err() && said.at.elapsed() >= REFUSAL_STANDS
}

/// A call of a plugin: a store with what it may see and take.
struct Call<'a> {
    desk: &'a Desk,
    owner: Owner,
    component: &'a Ready,
    store: Store<Context>,
    refusals: Refusals,
    _room: super::shares::Held,
}

impl<'a> Call<'a> {
    async fn begin(desk: &'a Desk, plugin: &Plugin, component: &'a Ready, grants: &HttpGrants) -> Result<Self, String> {
        // That its file may be a link gives it no more than its share of what guests hold together.
        let owner = Owner {
            trusted: false,
            ..Owner::from(plugin)
        };
        let memory = plugin.limits.memory;
        let room = desk.guests.room(memory, &owner);
        let room = match tokio::time::timeout(WAITING, room).await {
            Ok(room) => room?,
            Err(_) => return Err("found no room among the guests that run now".to_owned()),
        };
        let refusals = Refusals::default();
        let door = http::door(grants, &desk.guests.network, &refusals);
        let mut store = component.wing.store(Context::plugin(memory, door));
        // Its deliveries may be as long as a file.
        store.set_hostcall_fuel(limits::REPORT_BYTES);
        Ok(Self {
            desk,
            owner,
            component,
            store,
            refusals,
            _room: room,
        })
    }

    /// Instantiates the plugin and calls it, for so long at most.
    async fn within<T>(
        &mut self,
        wall_time: Duration,
        cpu_time: Duration,
        call: impl AsyncFnOnce(&Alert, &mut Store<Context>) -> wasmtime::Result<T>,
    ) -> Result<T, String> {
        let Linked::Alert(plugin) = &self.component.program else {
            return Err("is no alert plugin: it exports no `send-alert`".to_owned());
        };
        let _ticking = self.component.wing.ticking();
        let store = &mut self.store;
        let work = async {
            let alert = plugin
                .instantiate_async(&mut *store)
                .await
                .map_err(|error| (error, Phase::Instantiating))?;
            call(&alert, store).await.map_err(|error| (error, Phase::Running))
        };
        let turns = &self.desk.guests.house()?.turns;
        let work = cpu::within(cpu_time, turns, &self.owner.name, work);
        match tokio::time::timeout(wall_time, work).await {
            Ok(Ok(Ok(said))) => Ok(said),
            Ok(Ok(Err((error, phase)))) => {
                let ending = ending::of_error(&error, &self.store.data().memory, phase);
                Err(ending::in_a_sentence(&ending))
            }
            Ok(Err(OutOfCpu)) => Err(format!(
                "used {} s of CPU time, all it may have",
                cpu_time.as_secs_f32()
            )),
            Err(_) => Err(format!("took longer than {} s", wall_time.as_secs_f32())),
        }
    }
}
