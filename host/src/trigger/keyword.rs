//! What is done about a message that calls: a reaction, a link in the support channel, a word from an office that nobody
//! is in, and a job where the rule has one. One commit for each rule and message, like every other decision.

use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::Namespace;
use innkeeper_core::keyword::{Rule, RuleJob};
use innkeeper_core::message::{Address, Message, NewDelivery, Post};
use innkeeper_core::report::Voice;
use innkeeper_core::request::{KeywordOrigin, NewRequest, Origin};
use innkeeper_core::store::Cause;

use super::desk::{Decision, Desk, refuse_if_restricted, reply, silence};
use super::{Standing, answers};

impl Desk {
    /// Decides about a message with this text that calls.
    pub(super) fn decide_call(&self, call: &KeywordOrigin, text: &str, standing: Option<Standing>) -> Decision {
        let origin = Origin::Keyword(call.clone());
        let Some((namespace, rule)) = self.keywords.find(&call.namespace, &call.rule) else {
            tracing::info!(
                namespace = call.namespace,
                "a keyword was heard, and its rule is gone meanwhile"
            );
            return Decision::Do {
                cause: Cause::Answer,
                answer: silence(),
                refused: false,
            };
        };
        if let Some(refusal) = refuse_if_restricted(&origin, namespace, standing) {
            return refusal;
        }
        let now = self.parts.clock.now();
        let said = deliveries(&origin, call, namespace, rule, now);
        Decision::Do {
            cause: match &rule.job {
                Some(job) => Cause::Requests(vec![request(call, job, text, now)]),
                None => Cause::Answer,
            },
            answer: Box::new(move |_| said),
            refused: false,
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
        // Whoever reads it sees what was said.
        unfurl: true,
        ..Post::text(answers::called(call, own_words))
    });
    let link = NewDelivery::message(Address::slack_channel(&rule.support_channel), link, None);
    let away = rule.away_at(now).map(|text| reply(origin, voice.say(text)));
    let away = away.into_iter().flatten();
    reaction.into_iter().chain([link]).chain(away).collect()
}
