//! `innkeeper build`: every guest of the workspace whose source is there, with its language's ordinary tool.
//!
//! ```text
//!   source      workspace/<namespace>/src/<name>/ -> its language, what it is made of, what it is to become
//!   push        what was built, into a registry
//!   shop        the folders for tools and scratch, one build at a time; how programs are run and outputs put in place
//!   rust python javascript c      one tool each
//! ```
//!
//! A build runs with the rights of whoever calls it, not in the sandbox: a build script can do anything. So what an
//! untrusted namespace brings is built only where it is named.

mod c;
mod javascript;
mod pip;
mod push;
mod python;
mod rust;
mod shop;
mod source;

use std::path::Path;
use std::time::{Duration, Instant};

use innkeeper_core::config::{Home, Places};

pub(super) use self::push::Destination;
pub(super) use self::shop::{Failed, Shop, program};
pub(super) use self::source::{Language, SOURCES, Source, fingerprint};
use super::{Ended, Misuse, print, print_problems};
use crate::guest::describe::describe;

/// What came of one guest.
pub(super) enum Built {
    /// There is a new component, after so long.
    Anew(Duration),
    /// The component is what the sources make already.
    Unchanged,
}

pub(super) fn run(
    config: &Path,
    namespace: Option<&str>,
    job: Option<&str>,
    push: Option<&Destination>,
) -> anyhow::Result<Ended> {
    let places = places(config)?;
    let sources = chosen(&places, namespace, job)?;
    if sources.is_empty() {
        eprintln!("nothing was built; `innkeeper new job NAME --lang rust` begins a job");
        return Ok(Ended::Done);
    }
    // Before anything is built: a name that no registry takes is wrong use.
    let names = match push {
        Some(to) => sources
            .iter()
            .map(|source| to.of(source))
            .collect::<anyhow::Result<_>>()?,
        None => Vec::new(),
    };
    let mut built = Vec::new();
    {
        let shop = Shop::open(&places.data_dir)?;
        for source in &sources {
            if tell(source, &build(&shop, source))? {
                built.push(source);
            }
        }
    }
    let all_built = built.len() == sources.len();
    let guests: Vec<_> = sources
        .iter()
        .zip(names)
        .filter(|(source, _)| built.contains(source))
        .collect();
    let pushed = match guests.is_empty() {
        true => Ended::Done,
        false => push::run(&places, &guests)?,
    };
    Ok(if all_built { pushed } else { Ended::Failed })
}

/// Where things are, by a configuration that may name components which are not built yet.
pub(super) fn places(config: &Path) -> anyhow::Result<Places> {
    Places::read(config).map_err(|problems| {
        print_problems(&problems);
        Misuse(format!("the configuration has {}", problems.summary())).into()
    })
}

/// The guests to build.
fn chosen(places: &Places, namespace: Option<&str>, job: Option<&str>) -> anyhow::Result<Vec<Source>> {
    let Some(name) = namespace else {
        let mut sources = Vec::new();
        for home in &places.namespaces {
            let found = Source::all(home)?;
            if home.trusted {
                sources.extend(found);
            } else if !found.is_empty() {
                eprintln!("{}", not_ours(home));
            }
        }
        return Ok(sources);
    };
    let home = home(places, name)?;
    match job {
        None => Source::all(home),
        // Of one job it is an error that it has no source.
        Some(job) => Ok(vec![Source::of_job(home, job)?]),
    }
}

/// The namespace of this name.
pub(super) fn home<'a>(places: &'a Places, name: &str) -> anyhow::Result<&'a Home> {
    places.namespace(name).ok_or_else(|| {
        let known: Vec<&str> = places.namespaces.iter().map(|home| home.name.as_str()).collect();
        let known = match known.is_empty() {
            true => "there is none yet".to_owned(),
            false => format!("there are: {}", known.join(", ")),
        };
        Misuse(format!("there is no namespace {name}; {known}")).into()
    })
}

fn not_ours(home: &Home) -> String {
    let name = &home.name;
    format!(
        "{name}: not built, because it is not trusted: a build runs its code with your rights. `innkeeper build {name}` \
         builds it all the same"
    )
}

/// Builds one guest, where something changed.
pub(super) fn build(shop: &Shop, source: &Source) -> Result<Built, Failed> {
    let began = Instant::now();
    let recipe = source.language.recipe();
    // Cargo knows better than a hash of one folder what a crate is made of.
    let stamp = match recipe.version {
        None => None,
        Some(version) => Some(fingerprint(&source.folder, &version(shop)?)?),
    };
    if let Some(stamp) = &stamp
        && shop.is_current(source, stamp)
    {
        return Ok(Built::Unchanged);
    }
    let made = (recipe.make)(shop, source)?;
    let changed = shop.put(source, &made)?;
    if let Some(stamp) = stamp {
        shop.remember(source, &stamp)?;
    }
    Ok(match changed {
        true => Built::Anew(began.elapsed()),
        false => Built::Unchanged,
    })
}

/// Prints the line about a guest, and what its tool said where it failed. Whether all is well.
pub(super) fn tell(source: &Source, built: &Result<Built, Failed>) -> anyhow::Result<bool> {
    let name = source.full_name();
    match built {
        Ok(Built::Unchanged) => print(format!("{name}: unchanged"))?,
        Ok(Built::Anew(time)) => {
            print(format!("{name}: built in {:.1} s", time.as_secs_f64()))?;
            if let Some(why) = describe(&source.output).map_or_else(Some, |description| description.refused) {
                eprintln!("{name}: it would not start: it {why}");
            }
        }
        Err(failed) => {
            if !failed.said.is_empty() {
                eprintln!("{}", failed.said.trim_end());
            }
            print(format!("{name}: failed: {}", failed.why))?;
        }
    }
    Ok(built.is_ok())
}
