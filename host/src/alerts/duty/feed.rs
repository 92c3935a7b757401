//! The calendar of who is on duty: where it comes from, and the last good copy.
//!
//! The copy and what is known of it are kept in a folder of the data folder. A calendar that is no calendar replaces nothing.
//! What cannot be had is told once, and so is that it can be had again.

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use innkeeper_core::alert::rota::{self, Calendar, Duty};
use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::CalendarSource;
use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::report::notice;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::CalendarDuty;
use crate::fetch::{Fetched, HttpFetch, Validators, Wanted};
use crate::files::{digest, off_thread, read, read_named, replace};
use crate::notices::Notices;

/// What is asked for.
const WANTED: Wanted = Wanted {
    mib: 4,
    no_web_page: "it is a web page, not a calendar: take the address of the iCalendar feed (`.ics`)",
};
/// The longest calendar, in bytes.
const LONGEST: usize = WANTED.mib << 20;
/// How long a fetch may take in all.
const FETCH_TIME: Duration = Duration::from_secs(20);

/// The kept copy.
const FILE: &str = "calendar.ics";
/// What is known of it.
const STATE: &str = "state.json";

/// How far ahead is looked for who is next.
const AHEAD: Duration = Duration::from_secs(36 * 24 * 60 * 60);
/// How long shifts that were counted out are used.
const COUNTED: Duration = Duration::from_secs(24 * 60 * 60);

/// The calendar.
pub(super) struct Feed {
    secrets: Arc<Secrets>,
    notices: Option<Arc<dyn Notices>>,
    folder: PathBuf,
    http: HttpFetch,
    held: Mutex<Held>,
    /// Held while the disk is asked, never while a server is.
    reading: tokio::sync::Mutex<()>,
}

/// What is here.
#[derive(Clone, Default)]
struct Held {
    /// Where it is from. None: nothing was looked for yet.
    source: Option<CalendarSource>,
    copy: Option<Arc<Copy>>,
    state: State,
    /// Why there is nothing newer.
    trouble: Option<String>,
    /// Of the file, as it was when it was read.
    stamp: Option<Stamp>,
}

/// A calendar that was read.
struct Copy {
    calendar: Calendar,
    counted: Mutex<Option<Arc<Counted>>>,
}

/// The shifts of some time.
struct Counted {
    zone: TimeZone,
    from: Timestamp,
    feed: rota::Feed,
}

/// What is remembered of a calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// Which source it is from, as a digest: an address may hold a token.
    source: String,
    /// At which address it was, as a digest, and by what the server recognises it.
    #[serde(default)]
    address: String,
    #[serde(flatten)]
    validators: Validators,
    /// Of the copy. Whoever changed it since has changed another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Whether it was told that it cannot be had, and not yet that it can.
    #[serde(default)]
    failing: bool,
}

/// By what a file that changed is known.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Feed {
    pub(super) fn new(secrets: Arc<Secrets>, notices: Option<Arc<dyn Notices>>, folder: PathBuf) -> Self {
        Self {
            secrets,
            notices,
            folder,
            http: HttpFetch::default(),
            held: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Gets the newest. Whether it could be had.
    pub(super) async fn refresh(&self, source: &CalendarSource) -> bool {
        self.know(source).await;
        if !matches!(source, CalendarSource::File(_)) {
            let fetched = self.fetch(source).await;
            let _reading = self.reading.lock().await;
            // Another configuration may have come meanwhile.
            if self.held().source.as_ref() == Some(source) {
                self.take(fetched).await;
            }
        }
        self.held().trouble.is_none()
    }

    /// Who is on duty at `at`, by what is here.
    pub(super) async fn duty(&self, source: &CalendarSource, zone: &TimeZone, at: Timestamp) -> CalendarDuty {
        self.know(source).await;
        let held = self.held().clone();
        let Some(copy) = held.copy else {
            return CalendarDuty {
                trouble: held.trouble,
                missing: true,
                ..CalendarDuty::default()
            };
        };
        match copy.counted(zone, at).await {
            Ok(counted) => CalendarDuty {
                duty: Duty::at(at, counted.feed.shifts.iter().cloned()),
                faults: counted.feed.faults.clone(),
                trouble: held.trouble,
                missing: false,
            },
            Err(error) => {
                tracing::error!(%error, "the shifts of a calendar could not be counted out");
                CalendarDuty {
                    trouble: Some(error.to_string()),
                    ..CalendarDuty::default()
                }
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what the disk has of this source: the kept copy, once; a file of the owner's, whenever it changed.
    async fn know(&self, source: &CalendarSource) {
        let _reading = self.reading.lock().await;
        if self.held().source.as_ref() != Some(source) {
            let held = self.kept(source).await;
            *self.held() = held;
        }
        let CalendarSource::File(file) = source else {
            return;
        };
        let (stamp, path) = (self.held().stamp, file.clone());
        let looked = off_thread(move || {
            let now = Stamp::of(&std::fs::metadata(&path)?);
            match stamp == Some(now) {
                true => Ok(None),
                false => Ok(Some((now, read_named(&path, LONGEST)?))),
            }
        });
        let content = match looked.await {
            Ok(None) => return,
            Ok(Some((stamp, content))) => {
                self.held().stamp = Some(stamp);
                Ok(Some((content, Validators::default(), String::new())))
            }
            Err(error) => {
                self.held().stamp = None;
                Err(format!("{} cannot be read ({error})", file.display()))
            }
        };
        self.take(content).await;
    }

    /// What an earlier process, or an earlier configuration, kept of this source.
    async fn kept(&self, source: &CalendarSource) -> Held {
        let (folder, digest_of) = (self.folder.clone(), digest(format!("{source:?}").as_bytes()));
        let of_source = digest_of.clone();
        let looked = off_thread(move || {
            let state = read_state(&folder).filter(|state| state.source == of_source);
            let copy = state.as_ref().and_then(|state| {
                let text = read(&folder.join(FILE), LONGEST).ok()?;
                (Some(digest(&text)) == state.sha256).then_some(text)
            });
            let copy = copy.and_then(|text| parse(&text).ok());
            Ok((state, copy))
        });
        let (state, copy) = looked.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the kept calendar cannot be read; it is fetched anew");
            (None, None)
        });
        Held {
            source: Some(source.clone()),
            trouble: match (source, &copy) {
                (CalendarSource::File(_), _) | (_, Some(_)) => None,
                _ => Some("it was not fetched yet".to_owned()),
            },
            copy: copy.map(Copy::new),
            state: state.unwrap_or_else(|| State {
                source: digest_of,
                ..State::default()
            }),
            stamp: None,
        }
    }

    /// Asks the server. None: the copy that is here is the newest.
    async fn fetch(&self, source: &CalendarSource) -> Result<Option<(Vec<u8>, Validators, String)>, String> {
        let url = self.address(source)?;
        let address = digest(url.as_bytes());
        let have = {
            let held = self.held();
            let fits = held.copy.is_some() && held.state.address == address;
            fits.then(|| held.state.validators.clone())
        };
        let have = have.filter(|have| *have != Validators::default());
        match timeout(FETCH_TIME, self.http.get(&url, have.as_ref(), WANTED)).await {
            Err(_) => Err(format!("there was no whole answer within {FETCH_TIME:?}")),
            Ok(Err(why)) => Err(why),
            Ok(Ok(Fetched::New { content, validators })) => Ok(Some((content, validators, address))),
            Ok(Ok(Fetched::Unchanged)) if have.is_some() => Ok(None),
            Ok(Ok(Fetched::Unchanged)) => {
                Err("the server says that it has not changed, and was not asked that".to_owned())
            }
        }
    }

    fn address(&self, source: &CalendarSource) -> Result<String, String> {
        match source {
            CalendarSource::Url(url) => Ok(url.clone()),
            CalendarSource::Secret(name) => {
                let secret = self.secrets.get(name).map_err(|error| error.to_string())?;
                let secret = secret.ok_or_else(|| format!("the secret `{name}` with its address is not set"))?;
                let url = secret.expose().trim();
                match ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
                    true => Ok(url.to_owned()),
                    false => Err(format!(
                        "the secret `{name}` is no address: it does not begin with `https://`"
                    )),
                }
            }
            CalendarSource::File(_) => Err("it is a file".to_owned()),
        }
    }

    /// Keeps what was had, or notes why nothing was.
    async fn take(&self, had: Result<Option<(Vec<u8>, Validators, String)>, String>) {
        let taken = match had {
            Ok(None) => Ok(()),
            Ok(Some((content, validators, address))) => self.keep(content, validators, address).await,
            Err(why) => Err(why),
        };
        match taken {
            Ok(()) => {
                self.held().trouble = None;
                self.tell_if(false, notice::calendar_works_again()).await;
            }
            Err(why) => {
                let (has_copy, before) = {
                    let mut held = self.held();
                    (held.copy.is_some(), held.trouble.replace(why.clone()))
                };
                if before.as_ref() != Some(&why) {
                    tracing::warn!(why, copy = has_copy, "the calendar of who is on duty cannot be read");
                }
                self.tell_if(true, notice::calendar_fails(&why, has_copy)).await;
            }
        }
    }

    async fn keep(&self, content: Vec<u8>, validators: Validators, address: String) -> Result<(), String> {
        let parsed = off_thread(move || Ok(parse(&content).map(|calendar| (calendar, content))));
        let (calendar, content) = parsed.await.map_err(|error| error.to_string())??;
        let state = State {
            address,
            validators,
            sha256: Some(digest(&content)),
            ..self.held().state.clone()
        };
        {
            let mut held = self.held();
            held.copy = Some(Copy::new(calendar));
            held.state = state.clone();
        }
        self.write_down(state, Some(content)).await;
        Ok(())
    }

    /// Tells it where the last that was told is something else. It is written down only when it was told: better twice than
    /// never.
    async fn tell_if(&self, failing: bool, text: String) {
        let (Some(notices), true) = (&self.notices, self.held().state.failing != failing) else {
            return;
        };
        if let Err(error) = notices.tell(text).await {
            tracing::error!(
                error = format!("{error:#}"),
                "the logs channel could not be told of the calendar"
            );
            return;
        }
        let state = {
            let mut held = self.held();
            held.state.failing = failing;
            held.state.clone()
        };
        self.write_down(state, None).await;
    }

    /// Where this fails, the calendar is fetched, and a failure told, once more than needed.
    async fn write_down(&self, state: State, copy: Option<Vec<u8>>) {
        if self.notices.is_none() {
            return;
        }
        let folder = self.folder.clone();
        let written = off_thread(move || {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            // The copy first: where the host dies in between, it is none that is remembered.
            if let Some(copy) = copy {
                replace(&folder.join(FILE), &copy).map_err(io::Error::other)?;
            }
            replace(&folder.join(STATE), &serde_json::to_vec(&state)?).map_err(io::Error::other)
        });
        if let Err(error) = written.await {
            tracing::warn!(folder = %self.folder.display(), %error, "the calendar of who is on duty cannot be kept");
        }
    }
}

impl Copy {
    fn new(calendar: Calendar) -> Arc<Self> {
        Arc::new(Self {
            calendar,
            counted: Mutex::default(),
        })
    }

    /// The shifts from `at` on. Counting them out takes its time, so that it is done once a day.
    async fn counted(self: &Arc<Self>, zone: &TimeZone, at: Timestamp) -> io::Result<Arc<Counted>> {
        let last = self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fits =
            |counted: &Arc<Counted>| counted.zone == *zone && counted.from <= at && at.since(counted.from) < COUNTED;
        if let Some(counted) = last.filter(fits) {
            return Ok(counted);
        }
        let (copy, zone) = (self.clone(), zone.clone());
        let counting = off_thread(move || {
            let feed = copy.calendar.shifts(&zone, at, at.plus(AHEAD));
            Ok(Arc::new(Counted { zone, from: at, feed }))
        });
        let counted = counting.await?;
        if !counted.feed.faults.is_empty() {
            tracing::warn!(faults = ?counted.feed.faults, "not all of the calendar of who is on duty can be read");
        }
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some(counted.clone());
        Ok(counted)
    }
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self {
            file: (file.dev(), file.ino()),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

fn parse(content: &[u8]) -> Result<Calendar, String> {
    let text = std::str::from_utf8(content).map_err(|_| "it is not UTF-8, so it is no iCalendar feed".to_owned())?;
    Calendar::parse(text)
}

/// What is remembered; nothing where that cannot be read.
fn read_state(folder: &Path) -> Option<State> {
    let text = read(&folder.join(STATE), LONGEST).ok()?;
    serde_json::from_slice(&text)
        .inspect_err(|error| tracing::warn!(folder = %folder.display(), %error, "what was known of a calendar is not understood; it is fetched anew"))
        .ok()
}
