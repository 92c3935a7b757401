//! The catch-up pass: looks for messages that call and of which no event came, and hands them through the same door,
//! with the same keys, so that nothing is done twice.
//!
//! Channels that the bot is in are read (`conversations.history`) when it begins to listen, after a gap in Socket Mode,
//! when a message came from a channel that is not known by name yet, and once an hour. That finds messages, not what is said in threads. With a user's token, words are searched for
//! (`search.messages`) every few minutes; that finds answers in threads, too. Up to where was looked is kept, and
//! nobody looks back further than two days.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::keyword::Book;
use innkeeper_core::request::Origin;
use innkeeper_core::store::Looked;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::event::{SLACKBOT, overhear_message};
use super::keyword::{Overheard, place, ts_of};
use super::{SlackDirectory, SlackTrigger};
use crate::current::Current;
use crate::slack::conversations::{Conversation, Metadata, patiently};
use crate::slack::{ApiError, SlackApi};
use crate::trigger::Intake;

/// How often words are searched for.
const SEARCH_EVERY: Duration = Duration::from_secs(5 * 60);
/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_secs(30);
/// How often channels are read, where nothing says that events were missed.
const READ_EVERY: Duration = Duration::from_secs(60 * 60);
/// Nobody looks back further than this.
pub(super) const FURTHEST: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// What was looked through last is looked through again: clocks differ, and events are on their way.
const OVERLAP: Duration = Duration::from_secs(60);
/// Slack's search finds a message some time after it was posted.
const SEARCH_OVERLAP: Duration = Duration::from_secs(30 * 60);
/// The most pages of one channel, of 200 messages each.
const MOST_PAGES: usize = 10;
const PAGE: &str = "200";
/// The most pages of one word, of 100 finds each.
const MOST_FOUND_PAGES: u32 = 5;
const FOUND_PAGE: &str = "100";

/// Looks for messages that events missed.
pub struct CatchUp {
    /// Where they go.
    pub trigger: Arc<SlackTrigger>,
    /// Keeps up to where was looked.
    pub intake: Arc<Intake>,
    /// Who is a bot.
    pub directory: Arc<SlackDirectory>,
    /// The bot's way to Slack.
    pub api: Arc<SlackApi>,
    /// The way of the user whose token searches; none without one.
    pub search: Option<SlackApi>,
    /// What the rules are of: new ones begin at once.
    pub current: Current,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// What a pass holds messages against.
struct Rules {
    book: Arc<Book>,
    /// From when on each rule holds, by its namespace and key: what is older than a rule did not call it.
    since: HashMap<(String, String), Timestamp>,
}

/// What is looked through when.
struct Plan {
    read: Instant,
    search: Instant,
    /// Whether it was said that searches are refused.
    said_so: bool,
}

impl Plan {
    fn new(by_socket: bool) -> Self {
        let now = Instant::now();
        Self {
            read: if by_socket { now + READ_EVERY } else { now },
            search: now,
            said_so: false,
        }
    }

    /// Events may have been missed anywhere.
    fn everything(&mut self) {
        self.read = Instant::now();
        self.search = self.read;
    }

    fn has_read(&mut self) {
        self.read = Instant::now() + READ_EVERY;
    }

    /// Only what was due is put off: others ask for a pass in between.
    fn has_searched(&mut self) {
        if self.search <= Instant::now() {
            self.search = Instant::now() + SEARCH_EVERY;
        }
    }

    /// A token that was revoked ends the searches, and nothing else. That is said once, until they go well again.
    fn search_ended(&mut self, searched: anyhow::Result<()>) -> anyhow::Result<()> {
        match searched {
            Ok(()) => self.said_so = false,
            Err(error) => match error.downcast_ref::<ApiError>() {
                Some(error @ ApiError::Refused { .. }) => {
                    if !self.said_so {
                        tracing::warn!(%error, "Slack refuses to search for keywords: check SLACK_USER_TOKEN. Channels are read all the same");
                    }
                    self.said_so = true;
                }
                _ => return Err(error),
            },
        }
        Ok(())
    }
}

impl CatchUp {
    /// Looks until `stop`. By Socket Mode it begins when a connection is open, since what is said before is missed.
    pub async fn run(mut self, by_socket: bool, stop: CancellationToken) {
        let mut gaps = self.trigger.gaps();
        let mut moves = self.trigger.moves();
        let mut left = self.trigger.left();
        let mut plan = Plan::new(by_socket);
        loop {
            let done = tokio::select! {
                () = stop.cancelled() => return,
                done = self.pass(&mut plan) => done,
            };
            let well = done.is_ok();
            let rest = match done {
                Ok(()) => plan.search,
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(error, "what events missed could not be looked for; trying again");
                    Instant::now() + RETRY
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep_until(rest) => {}
                () = self.current.changed() => plan.search = Instant::now(),
                // Its sender lives in the trigger, which is ours; so do the next two. What has just failed is not
                // done again for every message.
                _ = gaps.changed() => plan.everything(),
                _ = moves.changed(), if well => {}
                _ = left.changed(), if well => plan.read = Instant::now(),
            }
        }
    }

    /// Does what the plan says is due. Without rules there is nothing to look for.
    async fn pass(&self, plan: &mut Plan) -> anyhow::Result<()> {
        if self.trigger.keywords().is_empty() {
            plan.has_read();
            plan.has_searched();
            return Ok(());
        }
        let rules = self.rules().await?;
        patiently(|| self.trigger.channels.refresh()).await?;
        // A channel that is new has missed nothing, and from now on nothing is missed in it.
        let marks = self.channel_marks(&rules).await?;
        if plan.read <= Instant::now() {
            self.warn_of_strange_channels(&rules);
            self.read_channels(marks, &rules).await?;
            plan.has_read();
        }
        if let Some(search) = &self.search
            && plan.search <= Instant::now()
        {
            let searched = self.search_words(search, &rules).await;
            plan.search_ended(searched)?;
        }
        plan.has_searched();
        Ok(())
    }

    /// A support channel that the bot is not in is told of nothing; who looks at the log can invite it.
    fn warn_of_strange_channels(&self, rules: &Rules) {
        let known = self.trigger.channels.all();
        for (namespace, rule) in rules.book.rules() {
            for written in rule.channels.iter().chain([&rule.support_channel]) {
                let is_it = |channel: &Conversation| place(&channel.id, Some(channel)).is(written) == Some(true);
                if !known.iter().any(is_it) {
                    tracing::warn!(
                        namespace,
                        channel = written,
                        "a keyword rule names a channel that the bot is not in: invite it"
                    );
                }
            }
        }
    }

    async fn rules(&self) -> anyhow::Result<Rules> {
        let book = self.trigger.keywords();
        let keys: Vec<(String, String)> = book
            .rules()
            .map(|(namespace, rule)| (namespace.to_owned(), rule.key.as_str().to_owned()))
            .collect();
        let places = keys.iter().map(|(namespace, key)| format!("{namespace}/{key}"));
        let since = self.intake.resume_looking(Looked::Rule, places.collect()).await?;
        Ok(Rules {
            since: keys.into_iter().zip(since).collect(),
            book,
        })
    }

    /// The channels in which some rule listens, and up to where each was looked through.
    async fn channel_marks(&self, rules: &Rules) -> anyhow::Result<Vec<(String, Timestamp)>> {
        let mut channels = self.trigger.channels.all();
        channels.retain(|channel| rules.book.listens_in(place(&channel.id, Some(channel))));
        let ids: Vec<String> = channels.into_iter().map(|channel| channel.id).collect();
        let marks = self.intake.resume_looking(Looked::Channel, ids.clone()).await?;
        Ok(ids.into_iter().zip(marks).collect())
    }

    async fn read_channels(&self, marks: Vec<(String, Timestamp)>, rules: &Rules) -> anyhow::Result<()> {
        for (id, mark) in marks {
            let now = self.clock.now();
            match self.read_channel(&id, from(mark, OVERLAP, now), rules).await {
                Ok(()) => self.intake.looked_through(Looked::Channel, id, now).await?,
                Err(error) => match error.downcast_ref::<ApiError>() {
                    // It was left or archived meanwhile, or the app lacks a scope: others may be read all the same.
                    Some(error @ ApiError::Refused { .. }) => {
                        tracing::warn!(%error, channel = id, "a channel cannot be read for what events missed");
                    }
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }

    async fn read_channel(&self, id: &str, oldest: Timestamp, rules: &Rules) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Page {
            messages: Vec<Value>,
            #[serde(default)]
            response_metadata: Metadata,
        }
        let oldest = ts_of(oldest);
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let arguments = [
                ("channel", id),
                ("oldest", &oldest),
                ("limit", PAGE),
                ("cursor", &cursor),
            ];
            let page: Page = patiently(|| self.api.get("conversations.history", &arguments)).await?;
            for message in &page.messages {
                if let Some(overheard) = overhear_message(message, id, &self.trigger.identity) {
                    self.hear(overheard, rules).await?;
                }
            }
            cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                return Ok(());
            }
        }
        tracing::warn!(
            channel = id,
            pages = MOST_PAGES,
            "more was said than is read for what events missed; what is older is left out"
        );
        Ok(())
    }

    /// Searches for every word of every rule. Patterns cannot be searched for.
    async fn search_words(&self, search: &SlackApi, rules: &Rules) -> anyhow::Result<()> {
        let words: BTreeSet<String> = rules
            .book
            .rules()
            .flat_map(|(_, rule)| rule.keyword.as_words())
            .map(|word| word.to_lowercase())
            .collect();
        let words: Vec<String> = words.into_iter().collect();
        let marks = self.intake.resume_looking(Looked::Search, words.clone()).await?;
        for (word, mark) in words.into_iter().zip(marks) {
            let now = self.clock.now();
            let searched = self.search_word(search, &word, from(mark, SEARCH_OVERLAP, now), rules);
            match searched.await {
                Ok(()) => self.intake.looked_through(Looked::Search, word, now).await?,
                Err(error) => match error.downcast_ref::<ApiError>() {
                    // It was this word's bad luck; it is searched for again with the others.
                    Some(error @ (ApiError::Status { .. } | ApiError::Unreadable { .. })) => {
                        tracing::warn!(%error, word, "a word cannot be searched for");
                    }
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }

    async fn search_word(&self, search: &SlackApi, word: &str, oldest: Timestamp, rules: &Rules) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Answer {
            messages: Page,
        }
        #[derive(Deserialize)]
        struct Page {
            matches: Vec<Found>,
        }
        // Days are the searching user's, and the one that is named is not in it.
        let day = oldest.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
        let day = day.saturating_sub(jiff::ToSpan::days(2));
        let query = format!("\"{word}\" after:{day}");
        for page in 1..=MOST_FOUND_PAGES {
            let page = page.to_string();
            let arguments = [
                ("query", query.as_str()),
                ("sort", "timestamp"),
                ("sort_dir", "desc"),
                ("count", FOUND_PAGE),
                ("page", &page),
            ];
            let answer: Answer = patiently(|| search.get("search.messages", &arguments)).await?;
            let found = answer.messages.matches;
            if found.is_empty() {
                return Ok(());
            }
            for found in found {
                let overheard = Overheard::from(found);
                if overheard.at().is_none_or(|at| at < oldest) {
                    return Ok(());
                }
                if self.counts(&overheard).await? {
                    self.hear(overheard, rules).await?;
                }
            }
        }
        tracing::warn!(word, "more was found than is looked at; what is older is left out");
        Ok(())
    }

    /// Whether what was found is a person's, in a channel that the bot is in: the user whose token searches sees more.
    async fn counts(&self, found: &Overheard) -> Result<bool, ApiError> {
        let its_own = found.user.is_empty() || found.user == SLACKBOT || found.user == self.trigger.identity.user;
        if its_own || self.trigger.channels.get(&found.channel).is_none() {
            return Ok(false);
        }
        let is_a_bot = patiently(|| self.directory.is_a_bot(&found.user)).await?;
        Ok(!is_a_bot)
    }

    async fn hear(&self, overheard: Overheard, rules: &Rules) -> anyhow::Result<()> {
        let at = overheard.at();
        let calls = self.trigger.calls(overheard, Arc::clone(&rules.book)).await?;
        for said in calls.askings {
            if rules.hold_for(&said.origin, at) {
                self.intake.hear(said).await?;
            }
        }
        Ok(())
    }
}

impl Rules {
    /// Whether the rule that is called was there when it was.
    fn hold_for(&self, called: &Origin, at: Option<Timestamp>) -> bool {
        let (Origin::Keyword(call), Some(at)) = (called, at) else {
            return false;
        };
        let rule = (call.namespace.clone(), call.rule.as_str().to_owned());
        self.since.get(&rule).is_some_and(|since| at >= *since)
    }
}

/// From when on is looked, where it was looked up to `mark`.
fn from(mark: Timestamp, overlap: Duration, now: Timestamp) -> Timestamp {
    before(mark, overlap).max(before(now, FURTHEST))
}

fn before(moment: Timestamp, span: Duration) -> Timestamp {
    let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(moment.as_micros().saturating_sub(span))
}

/// What `search.messages` finds.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Found {
    channel: FoundIn,
    user: Option<String>,
    text: String,
    ts: String,
    permalink: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FoundIn {
    id: String,
}

impl From<Found> for Overheard {
    fn from(found: Found) -> Self {
        Self {
            channel: found.channel.id,
            user: found.user.unwrap_or_default(),
            user_team: None,
            text: found.text,
            before: None,
            // Which thread it is in, only the link says.
            thread: thread_in(&found.permalink).filter(|thread| *thread != found.ts),
            ts: found.ts,
        }
    }
}

fn thread_in(link: &str) -> Option<String> {
    let link = url::Url::parse(link).ok()?;
    let thread = link.query_pairs().find(|(name, _)| name == "thread_ts");
    thread.map(|(_, ts)| ts.into_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(code: &str) -> anyhow::Error {
        let refused = ApiError::Refused {
            method: "search.messages",
            code: code.to_owned(),
            detail: String::new(),
        };
        refused.into()
    }

    #[test]
    fn a_search_that_is_refused_ends_nothing_but_the_search() {
        let mut plan = Plan::new(false);
        plan.has_read();
        assert!(plan.search_ended(Err(refused("token_revoked"))).is_ok());
        plan.has_searched();
        assert!(plan.said_so && plan.read > Instant::now() && plan.search > Instant::now());
        assert!(plan.search_ended(Err(anyhow::anyhow!("the disk is full"))).is_err());
        assert!(plan.search_ended(Ok(())).is_ok());
        assert!(!plan.said_so, "when it is refused again, that is news");
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn nobody_looks_back_further_than_two_days() {
        let day = 24 * 60 * 60;
        assert_eq!(from(at(1000), OVERLAP, at(2000)), at(940));
        assert_eq!(from(at(0), OVERLAP, at(7 * day)), at(5 * day));
        let ahead = from(at(day), OVERLAP, at(0));
        assert_eq!(ahead, at(day - 60), "a clock that was put back looks at nothing twice");
    }

    #[test]
    fn what_is_found_is_read_with_its_thread() {
        let found = |more: Value| {
            let mut found = json!({
                "iid": "x", "team": "T0INN", "type": "message", "username": "ann", "user": "U0ANN",
                "channel": {"id": "C0TECH", "name": "tech", "is_private": false}, "text": "tech-support",
                "ts": "1700000000.000100", "permalink": "https://inn.slack.com/archives/C0TECH/p1700000000000100",
            });
            for (name, value) in more.as_object().unwrap() {
                found[name] = value.clone();
            }
            Overheard::from(Found::deserialize(found).unwrap())
        };
        let plain = found(json!({}));
        assert_eq!((plain.channel.as_str(), plain.user.as_str()), ("C0TECH", "U0ANN"));
        assert_eq!((plain.thread, plain.user_team), (None, None));
        let link = "https://inn.slack.com/archives/C0TECH/p1700000000000100?thread_ts=1699999999.000200&cid=C0TECH";
        let answer = found(json!({ "permalink": link }));
        assert_eq!(answer.thread.as_deref(), Some("1699999999.000200"));
        let first = "https://inn.slack.com/archives/C0TECH/p1700000000000100?thread_ts=1700000000.000100";
        assert_eq!(
            found(json!({ "permalink": first })).thread,
            None,
            "it begins the thread"
        );
        assert_eq!(found(json!({ "user": null })).user, "", "an old integration");
        assert_eq!(found(json!({ "permalink": "" })).thread, None);
    }
}
