//! What people say to each other in channels, and the rules that it calls. Pure.
//!
//! A message, its redeliveries, its edits, its second event and its finding by the catch-up pass have one key for each
//! rule; so a rule is called once. An edit that brings the keyword calls, since nothing was kept of the message before.

use innkeeper_core::clock::Timestamp;
use innkeeper_core::keyword::{Book, Heard, Known, Place};
use innkeeper_core::request::{KeywordOrigin, Origin};

use crate::slack::Identity;
use crate::slack::conversations::Conversation;
use crate::trigger::Said;

/// Something that a person said in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Overheard {
    /// The channel's id.
    pub(super) channel: String,
    /// Who said it.
    pub(super) user: String,
    /// The workspace that they belong to, where Slack says so.
    pub(super) user_team: Option<String>,
    /// As Slack sends it.
    pub(super) text: String,
    /// Of an edit: the text before it.
    pub(super) before: Option<String>,
    /// The message's `ts`.
    pub(super) ts: String,
    /// The `ts` of the thread that it is in.
    pub(super) thread: Option<String>,
}

/// What comes of something that was overheard.
#[derive(Debug)]
pub(super) struct Calls {
    /// An asking for each rule that it calls.
    pub(super) askings: Vec<Said>,
    /// Whether it may call others, once more is known of the channel.
    pub(super) unsure: bool,
}

/// A channel, as rules see it.
pub(super) fn place<'a>(id: &'a str, channel: Option<&'a Conversation>) -> Place<'a> {
    let known = channel.map(|channel| Known {
        name: &channel.name,
        private: channel.is_private,
    });
    Place { id, known }
}

impl Overheard {
    /// When it was said. None: its `ts` is no moment.
    pub(super) fn at(&self) -> Option<Timestamp> {
        moment(&self.ts)
    }

    /// The rules that it calls. `channel`: what is known of where it was said.
    pub(super) fn calls(&self, book: &Book, channel: Option<&Conversation>, identity: &Identity) -> Calls {
        let place = place(&self.channel, channel);
        let hearing = book.overhear(&self.text, self.before.as_deref(), place);
        let public = place.is_public();
        let heard = hearing.heard.into_iter();
        Calls {
            askings: heard.map(|heard| self.call(heard, public, identity)).collect(),
            unsure: hearing.unsure,
        }
    }

    fn call(&self, heard: Heard<'_>, public: bool, identity: &Identity) -> Said {
        let Heard {
            namespace,
            rule,
            keyword,
        } = heard;
        let (team, channel, ts) = (&identity.team, &self.channel, &self.ts);
        let key = rule.key.as_str();
        Said {
            key: Some(format!("slack-keyword:{namespace}:{key}:{team}:{channel}:{ts}")),
            text: self.text.clone(),
            // What has called does not call again, whatever it is changed to.
            edit: false,
            origin: Origin::Keyword(KeywordOrigin {
                namespace: namespace.to_owned(),
                rule: rule.key.clone(),
                keyword,
                team: team.clone(),
                channel: channel.clone(),
                public,
                user: self.user.clone(),
                user_team: self.user_team.clone(),
                message: ts.clone(),
                thread: self.thread.clone(),
                link: identity.link_to(channel, ts, self.thread.as_deref()),
                support_channel: rule.support_channel.clone(),
            }),
        }
    }
}

/// The moment of a `ts`: `1700000000.000100`.
pub(super) fn moment(ts: &str) -> Option<Timestamp> {
    let (seconds, micros) = ts.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(micros) || micros.len() != 6 {
        return None;
    }
    let whole = seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?;
    Some(Timestamp::from_micros(whole.checked_add(micros.parse().ok()?)?))
}

/// The `ts` of a moment.
pub(super) fn ts_of(moment: Timestamp) -> String {
    let micros = moment.as_micros();
    format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ts_is_a_moment_to_the_microsecond() {
        let at = Timestamp::from_micros(1_700_000_000_000_100);
        assert_eq!(moment("1700000000.000100"), Some(at));
        assert_eq!(ts_of(at), "1700000000.000100");
        for bad in [
            "",
            "1",
            "1.1",
            "x.000100",
            "1.00010x",
            "-1.000100",
            "99999999999999999999.000100",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }
}
