//! What is said at once about a request that has to wait, where its asker would otherwise wonder. Built inside the commit
//! that accepts the request, since only then it is known what it waits for.

use std::sync::Arc;

use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::Config;
use innkeeper_core::message::NewDelivery;
use innkeeper_core::report::status::About;
use innkeeper_core::report::{self, Button};
use innkeeper_core::request::{Arguments, NewRequest, Origin};
use innkeeper_core::store::{Caused, Queued};
use innkeeper_core::suppression::moment_in_words;

use super::answers;
use super::desk::{Answer, reply_with, silence};

/// What the requests that come of `orders` wait for, told where `origin` reads answers. A terminal is told in its own way.
pub(super) fn notices(config: &Arc<Config>, origin: &Origin, orders: &[NewRequest], now: Timestamp) -> Answer {
    if matches!(origin, Origin::Cli(_)) {
        return silence();
    }
    let what = |order: &NewRequest| (order.namespace.clone(), order.job.clone(), order.arguments.clone());
    let jobs: Vec<(String, String, Arguments)> = orders.iter().map(what).collect();
    let (config, origin) = (config.clone(), origin.clone());
    Box::new(move |caused: &Caused| {
        let waiting = jobs.iter().zip(&caused.requests);
        waiting
            .flat_map(|((namespace, job, arguments), queued)| {
                let about = About {
                    namespace,
                    job,
                    arguments,
                };
                let notice = notice(&config, &origin, (namespace, job), queued, now).unwrap_or_default();
                notice.into_iter().chain(status(&config, &origin, about, queued, now))
            })
            .collect()
    })
}

/// What a commit shows from now on, where its status says how it goes.
fn status(config: &Config, origin: &Origin, about: About<'_>, queued: &Queued, now: Timestamp) -> Option<NewDelivery> {
    let until = queued
        .suppressed
        .map(|until| moment_in_words(until, now, &config.timezone));
    let why = until.map(|until| format!("suppressed until {until}"));
    report::status::accepted(origin, about, queued.id, why.as_deref())
}

fn notice(
    config: &Config,
    origin: &Origin,
    (namespace, job): (&str, &str),
    queued: &Queued,
    now: Timestamp,
) -> Option<Vec<NewDelivery>> {
    // Who sends webhooks may send them by the thousand: the channel was told of the request that they joined.
    if queued.joined && !origin.is_said() {
        return None;
    }
    let cancel = Button::cancel(queued.id);
    let (text, buttons) = match (queued.suppressed, queued.busy) {
        (Some(until), _) => {
            let known = config.namespaces.get(namespace);
            let lift = known.and_then(|known| answers::lifting_command(known, job, answers::prefix(origin)));
            let job = (namespace, job);
            let text = answers::waits_for_release(job, queued.id, until, lift.as_deref(), now, &config.timezone);
            (text, vec![cancel])
        }
        // What is due later may find the job free. Nobody waits for what a webhook starts.
        (None, Some(run)) if queued.due <= now && origin.is_said() => {
            let text = answers::waits_for_run((namespace, job), queued.id, run);
            (text, vec![cancel, Button::log(run)])
        }
        _ => return None,
    };
    Some(reply_with(origin, report::with_buttons(text, &buttons)))
}
