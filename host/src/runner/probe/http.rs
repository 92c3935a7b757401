//! An HTTP request, and whether it is answered as expected.

use std::time::Duration;

use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::HttpProbe;

use tokio::sync::Semaphore;

use super::web::{Answer, Ask};
use super::words::{count, without_query};
use super::{Room, Verdict};

const DAY: u64 = 24 * 60 * 60;

/// How much of a body is looked at, in bytes. What is expected is to stand in it.
pub(super) const BODY: usize = 256 << 10;

/// How many bodies are looked through at once, whose `text` is a trusted namespace's, and a stranger's: an expression can be
/// made to take long, and nothing stops it. Strangers wait for each other only.
static OF_TRUSTED: Semaphore = Semaphore::const_new(4);
static OF_STRANGERS: Semaphore = Semaphore::const_new(2);

/// Asks, and judges the answer: its status, its body, its certificate.
///
/// Redirects are followed, since who writes an address means what a browser shows there. Who expects a redirect's own status
/// means the redirect.
pub(super) async fn look(room: &Room<'_>, probe: &HttpProbe) -> Verdict {
    let url = probe
        .url
        .parse()
        .map_err(|_| format!("`{}` is no address", without_query(&probe.url)))?;
    let ask = Ask {
        url,
        login: room.login(probe.login.as_ref())?,
        accept: "*/*",
        verify: probe.verify,
        follow: !(300..400).contains(&probe.status),
        most: BODY,
        body: probe.text.is_some(),
    };
    let answer = room.web().get(room.grants(), &ask).await?;
    judge_status(probe, &answer)?;
    if let Some(valid_for) = probe.valid_for {
        judge_certificates(&answer, valid_for, room.clock().now())?;
    }
    let turns = match room.grants() {
        None => &OF_TRUSTED,
        Some(_) => &OF_STRANGERS,
    };
    judge_body(probe, answer, turns).await
}

fn judge_status(probe: &HttpProbe, answer: &Answer) -> Verdict {
    if answer.status == probe.status {
        return Ok(());
    }
    Err(format!(
        "{} answered {}, not {}",
        without_query(answer.url.as_str()),
        answer.status,
        probe.status
    ))
}

fn judge_certificates(answer: &Answer, valid_for: Duration, now: Timestamp) -> Verdict {
    let mut certificates = answer.certificates.iter();
    let Some((host, until)) = certificates.find(|(_, until)| until.since(now) < valid_for) else {
        return Ok(());
    };
    Err(format!(
        "the certificate of {host} expires in {}, on {}; {} wanted",
        count(until.since(now).as_secs() / DAY, "day"),
        until.to_jiff().strftime("%Y-%m-%d"),
        count(valid_for.as_secs() / DAY, "day")
    ))
}

async fn judge_body(probe: &HttpProbe, answer: Answer, turns: &'static Semaphore) -> Verdict {
    let Some(text) = probe.text.clone() else {
        return Ok(());
    };
    let shown = without_query(answer.url.as_str());
    let (whole, probe) = (answer.whole, probe.clone());
    let turn = turns
        .acquire()
        .await
        .map_err(|_| "`text` could not be looked for".to_owned())?;
    // An expression may take its time, which no other run is to wait for; its thread lives on where the check gives up.
    let matching = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        probe.matches(&answer.text())
    });
    match matching.await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => {
            let within = match whole {
                true => String::new(),
                false => format!(" within its first {} KiB", BODY >> 10),
            };
            Err(format!("the body of {shown} does not match `{text}`{within}"))
        }
        Ok(Err(error)) => Err(format!("`text` is no regular expression: {error}")),
        Err(_) => Err("`text` could not be looked for".into()),
    }
}
