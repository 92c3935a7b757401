//! The words about services: how they are, who is on them, who is not to be disturbed, who is on duty. They tell and do more
//! than a report, so in Slack they are for full members of the workspace, for every namespace that they may give orders in; what
//! is of a restricted one is shown to the asker alone.

use std::sync::Arc;

use anyhow::Context;
use innkeeper_core::alert::{Event, Service};
use innkeeper_core::command::ServiceOrder;
use innkeeper_core::config::nearest_name;
use innkeeper_core::message::{Message, Post};
use innkeeper_core::report::{self, Button};
use innkeeper_core::request::{Origin, Trigger};
use innkeeper_core::store::{Cause, Noted};
use innkeeper_core::suppression::Suppression;

use super::case::Case;
use super::{Decision, reply_with};
use crate::alerts;
use crate::trigger::answers::services::{self as answers, Setting};

impl Case<'_> {
    /// How all services are that whoever asks may give orders to.
    pub(super) async fn services(&self) -> anyhow::Result<Decision> {
        if let Some(refusal) = self.refuse_about_services() {
            return Ok(refusal);
        }
        let book = self.parts.services.book();
        let seen: Vec<Arc<Service>> = book.all().filter(|service| self.sees(service)).cloned().collect();
        let (shown, hidden): (Vec<_>, Vec<_>) = seen.into_iter().partition(|service| !self.only_alone(service));
        let setting = self.setting();
        let lines = alerts::list(&self.parts.store, shown, setting.now).await;
        let lines = lines.context("the services could not be read")?;
        Ok(self.answer(answers::services(&lines, hidden.len(), setting)))
    }

    /// All that is known of a service.
    pub(super) async fn service(&self, name: &str) -> anyhow::Result<Decision> {
        let service = match self.find(name) {
            Ok(service) => service,
            Err(refusal) => return Ok(refusal),
        };
        let setting = self.setting();
        let on_call = self.parts.duty.now_and_next(setting.now).await;
        let detail = alerts::detail(&self.parts.store, &service, &on_call, setting.now).await;
        let detail = detail.context("the service could not be read")?;
        let text = answers::detail(&detail, setting);
        let post = with_buttons(self.origin, text, &Button::for_service(name, &detail.line.state()));
        let said = self.show(vec![Message::Post(post)], self.only_alone(&service));
        Ok(Decision::only_said(said, false))
    }

    /// What is done about something for a service.
    pub(super) async fn tell(&self, name: &str, order: ServiceOrder) -> anyhow::Result<Decision> {
        let service = match self.find(name) {
            Ok(service) => service,
            Err(refusal) => return Ok(refusal),
        };
        let setting = self.setting();
        let by = self.who_asks().await?;
        let event = match &order {
            ServiceOrder::Acknowledge => Event::Acknowledge { by },
            ServiceOrder::Withdraw => Event::Withdraw { by },
            ServiceOrder::Silence(until) => match Suppression::read(until, setting.now, setting.zone) {
                Ok(span) => Event::Silence { by, until: span.end },
                Err(why) => return Ok(self.refusal(report::escape(&why))),
            },
            ServiceOrder::Unsilence => Event::Unsilence,
        };
        let (name, origin) = (service.name.clone(), self.origin.clone());
        let (now, zone, prefix) = (setting.now, setting.zone.clone(), self.prefix());
        Ok(Decision::done(Cause::Service { service, event }, move |caused| {
            let setting = Setting {
                now,
                zone: &zone,
                prefix,
            };
            match caused.service.as_deref() {
                Some(Ok(noted)) => {
                    let text = done(&name, &order, noted, setting);
                    let buttons = Button::for_service(&name, &noted.state);
                    reply_with(&origin, with_buttons(&origin, text, &buttons))
                }
                Some(Err(why)) => reply_with(&origin, Post::text(answers::refused(&name, why, setting))),
                None => Vec::new(),
            }
        }))
    }

    /// Who is on duty, and who is next.
    pub(super) async fn on_call(&self) -> anyhow::Result<Decision> {
        if let Some(refusal) = self.refuse_about_services() {
            return Ok(refusal);
        }
        let setting = self.setting();
        let on_call = self.parts.duty.now_and_next(setting.now).await;
        let people = self.parts.store.people().await.context("the users could not be read")?;
        Ok(self.answer(answers::on_call(&on_call, &people, setting)))
    }

    /// The service of this name, where whoever asks may give orders in its namespace.
    fn find(&self, name: &str) -> Result<Arc<Service>, Decision> {
        // Whatever the name: which services there are is not for outsiders to know.
        if let Some(refusal) = self.refuse_about_services() {
            return Err(refusal);
        }
        let book = self.parts.services.book();
        let Some(service) = book.named(name) else {
            let seen = book
                .all()
                .filter(|service| self.sees(service) && !self.only_alone(service));
            let nearest = nearest_name(name, seen.map(|service| service.name.as_str()));
            return Err(self.refusal(answers::unknown(name, nearest)));
        };
        let refused = self
            .namespace(&service.namespace)
            .and_then(|namespace| self.refuse(namespace));
        match refused {
            Some(refusal) => Err(refusal),
            None => Ok(service.clone()),
        }
    }

    /// Refuses whoever asks from elsewhere than Slack and the command line, and from Slack who is no member.
    fn refuse_about_services(&self) -> Option<Decision> {
        match self.origin {
            // The command line belongs to the host's owner.
            Origin::Cli(_) => None,
            Origin::Slack(_) => self.refuse_outsiders("services"),
            Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Keyword(_) => {
                Some(self.refusal(answers::not_from_here()))
            }
        }
    }

    /// Whether orders can be given in its namespace from here.
    pub(super) fn sees(&self, service: &Service) -> bool {
        let namespace = self.namespace(&service.namespace);
        match self.origin {
            Origin::Slack(_) => namespace.is_some_and(|namespace| namespace.grants.triggers.contains(&Trigger::Slack)),
            _ => true,
        }
    }

    /// Whether it is shown to the asker alone: who reads along in a channel is not asked.
    pub(super) fn only_alone(&self, service: &Service) -> bool {
        let restricted = self
            .namespace(&service.namespace)
            .is_some_and(|namespace| namespace.restricted);
        match self.origin {
            Origin::Slack(slack) => restricted && !slack.direct,
            _ => false,
        }
    }

    /// Whoever asks, as people are told: by their name here, or else by their id in Slack.
    async fn who_asks(&self) -> anyhow::Result<String> {
        Ok(match self.origin {
            Origin::Slack(slack) => {
                let person = self.parts.store.person_in_slack(&slack.user).await;
                let person = person.context("the users could not be read")?;
                person.map_or_else(|| slack.user.clone(), |person| person.name)
            }
            Origin::Cli(cli) => cli.user.clone(),
            other => other.trigger().as_str().to_owned(),
        })
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            now: self.parts.clock.now(),
            zone: &self.menu.config.timezone,
            prefix: self.prefix(),
        }
    }
}

fn done(name: &str, order: &ServiceOrder, noted: &Noted, setting: Setting<'_>) -> String {
    match order {
        ServiceOrder::Acknowledge => answers::acknowledged(name, &noted.state, setting),
        ServiceOrder::Withdraw => answers::withdrawn(name),
        ServiceOrder::Silence(_) => answers::silenced(name, &noted.state, setting),
        ServiceOrder::Unsilence => answers::unsilenced(name),
    }
}

/// With buttons where they can be pressed.
fn with_buttons(origin: &Origin, text: String, buttons: &[Button]) -> Post {
    match origin {
        Origin::Slack(_) => report::with_buttons(text, buttons),
        _ => Post::text(text),
    }
}
