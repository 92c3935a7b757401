//! Messages that call by a keyword: a reaction, a link in the support channel, a word from an office that nobody is in,
//! and a job where the rule has one. One commit for each rule and message, like every other decision.

use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::Namespace;
use innkeeper_core::keyword::{Rule, RuleJob};
use innkeeper_core::message::{Address, Message, NewDelivery, Post};
use innkeeper_core::report::Voice;
use innkeeper_core::request::{KeywordOrigin, NewRequest, Origin};
use innkeeper_core::store::Cause;

use super::case::Case;
use super::ration::MOST_CALLS;
use super::{Decision, reply};
use crate::trigger::{Standing, answers};

impl Case<'_> {
    /// What is done about a message with this text that calls.
    pub(super) fn call(&self, call: &KeywordOrigin, text: &str) -> Decision {
        let Some((namespace, rule)) = self.menu.keywords.find(&call.namespace, &call.rule) else {
            tracing::info!(
                namespace = call.namespace,
                "a keyword was heard, and its rule is gone meanwhile"
            );
            return Decision::only_said(Vec::new(), false);
        };
        if let Some(refusal) = self.refuse_if_restricted(namespace) {
            return refusal;
        }
        let now = self.parts.clock.now();
        if !namespace.grants.trusted && !self.ration.allows(call, now) {
            tracing::warn!(
                namespace = call.namespace,
                keyword = call.keyword,
                most = MOST_CALLS,
                "a keyword rule has called as often as it may in an hour; this call is left out"
            );
            return Decision::only_said(Vec::new(), false);
        }
        let said = deliveries(self.origin, call, namespace, rule, now);
        let cause = match &rule.job {
            Some(job) => Cause::Requests(vec![request(call, job, text, now)]),
            None => Cause::Answer,
        };
        Decision::done(cause, |_| said)
    }

    /// The keyword in what was said to the bot alone.
    pub(super) fn called_alone(&self, said: &str) -> Option<String> {
        let is_member = self.standing != Some(Standing::Outsider);
        match self.origin {
            Origin::Slack(slack) if slack.direct => self.menu.keywords.keyword_in(said, is_member),
            _ => None,
        }
    }
}

fn request(call: &KeywordOrigin, job: &RuleJob, text: &str, now: Timestamp) -> NewRequest {
    NewRequest {
        namespace: call.namespace.clone(),
        job: job.name.clone(),
        arguments: job.arguments_of(call, text),
        due: now,
        payload: None,
    }
}

fn deliveries(
    origin: &Origin,
    call: &KeywordOrigin,
    namespace: &Namespace,
    rule: &Rule,
    now: Timestamp,
) -> Vec<NewDelivery> {
    let voice = Voice::from(&namespace.grants);
    let reaction = origin.asking_message();
    let reaction = reaction.map(|message| NewDelivery::reaction(message, &rule.reaction, None));
    let own_words = rule.text.as_deref().map(|text| voice.say(text));
    let link = Message::Post(Post {
        // Whoever reads it sees what was said, and what was said in private is for who was there.
        unfurl: call.public,
        ..Post::text(answers::called(call, own_words))
    });
    let link = NewDelivery::message(Address::slack_channel(&rule.support_channel), link, None);
    let away = rule.away_at(now).map(|text| reply(origin, voice.say(text)));
    let away = away.into_iter().flatten();
    reaction.into_iter().chain([link]).chain(away).collect()
}
