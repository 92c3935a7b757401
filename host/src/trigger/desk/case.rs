//! One asking: what it says, whether whoever says it may, and what is answered. By one configuration from its beginning to
//! its end.

use anyhow::Context;
use innkeeper_core::command::{Catalogue, Understood, corrected, help, interpret, interpret_plain};
use innkeeper_core::config::Namespace;
use innkeeper_core::report::{self, Button};
use innkeeper_core::request::{Origin, RequestId, Trigger};
use innkeeper_core::store::StatusView;

use super::ration::Ration;
use super::{Decision, Menu};
use crate::trigger::intake::IntakeParts;
use crate::trigger::{Standing, answers};

/// One asking, as it is decided about.
pub(super) struct Case<'a> {
    pub(super) parts: &'a IntakeParts,
    pub(super) menu: &'a Menu,
    pub(super) ration: &'a Ration,
    pub(super) origin: &'a Origin,
    /// Who asks, as far as is known.
    pub(super) standing: Option<Standing>,
}

impl Case<'_> {
    /// Reads what was said, and decides.
    pub(super) async fn decide(&self, said: &str) -> anyhow::Result<Decision> {
        let understood = match self.origin {
            Origin::Keyword(call) => return Ok(self.call(call, said)),
            Origin::Slack(_) => interpret(said, &self.menu.catalogue),
            Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Cli(_) => {
                interpret_plain(said, &self.menu.catalogue)
            }
        };
        let tells = matches!(
            understood,
            Understood::Help | Understood::HelpFor(_) | Understood::Status | Understood::NotUnderstood { .. }
        );
        let visible = match self.visible() {
            Some(visible) => visible,
            None if tells => return Ok(Decision::AskDirectory),
            // What is run or cancelled is decided by the namespace that it is of.
            None => &self.menu.catalogue,
        };
        Ok(match understood {
            Understood::Run {
                namespace,
                command,
                arguments,
            } => match self.namespace(&namespace) {
                Some(namespace) => self.command(namespace, command, arguments).await?,
                None => self.answer(format!("There is no namespace `{namespace}`.")),
            },
            Understood::Help => self.answer(help::general_help(visible, self.prefix())),
            Understood::HelpFor(namespace) => self.help_for(&namespace).await?,
            Understood::Status => self.status(visible).await?,
            Understood::CancelRequest(number) => self.cancel(RequestId(number)).await?,
            Understood::Logs(wanted) => self.logs(wanted).await?,
            Understood::Services => self.services().await?,
            Understood::Service(name) => self.service(&name).await?,
            Understood::Tell { service, order } => self.tell(&service, order).await?,
            Understood::OnCall => self.on_call().await?,
            Understood::Preferences => self.preferences(),
            Understood::Users => self.users().await?,
            Understood::User(name) => self.user(&name).await?,
            Understood::NotUnderstood { .. } if let Some(name) = self.left_out(said) => {
                self.refusal(answers::left_out(name))
            }
            Understood::NotUnderstood { .. } if let Some(keyword) = self.called_alone(said) => {
                self.refusal(answers::cannot_call_here(&keyword))
            }
            Understood::NotUnderstood { nearest } => self.not_understood(visible, said, nearest),
            Understood::Refused(why) => self.refusal(report::escape(&why)),
        })
    }

    pub(super) fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.menu.config.namespaces.get(name).map(|found| &**found)
    }

    pub(super) fn prefix(&self) -> &'static str {
        answers::prefix(self.origin)
    }

    pub(super) fn answer(&self, text: impl Into<String>) -> Decision {
        Decision::answer(self.origin, text)
    }

    pub(super) fn refusal(&self, text: impl Into<String>) -> Decision {
        Decision::refusal(self.origin, text)
    }

    /// What there is to see for whoever asks: restricted namespaces are nothing to people who are no members. None: the
    /// directory has to be asked.
    fn visible(&self) -> Option<&Catalogue> {
        let restricted = self.menu.catalogue.namespaces().any(|namespace| namespace.restricted);
        match (self.origin, self.standing) {
            (Origin::Slack(_), None) if restricted => None,
            (Origin::Slack(_), Some(Standing::Outsider)) => Some(&self.menu.for_everybody),
            _ => Some(&self.menu.catalogue),
        }
    }

    /// The namespace that a text is about, where its configuration has errors.
    fn left_out(&self, said: &str) -> Option<&str> {
        let word = said.split_whitespace().next()?;
        let mut names = self.menu.config.left_out.iter();
        names.find(|name| *name == word).map(String::as_str)
    }

    /// What a namespace can do, and what of it does not start for a while.
    async fn help_for(&self, name: &str) -> anyhow::Result<Decision> {
        if let Some(refusal) = self.namespace(name).and_then(|asked| self.refuse_if_restricted(asked)) {
            return Ok(refusal);
        }
        let now = self.parts.clock.now();
        let suppressed = self.parts.store.suppressions(name, now).await;
        let suppressed = suppressed.context("the suppressions could not be read")?;
        let suppressed = answers::suppressions(&suppressed, now, &self.menu.config.timezone);
        Ok(self.answer(self.namespace_help(name) + &suppressed))
    }

    pub(super) fn namespace_help(&self, namespace: &str) -> String {
        match self.menu.catalogue.namespace(namespace) {
            Some(namespace) => help::namespace_help(namespace, self.prefix()),
            None => help::general_help(&self.menu.catalogue, self.prefix()),
        }
    }

    async fn status(&self, visible: &Catalogue) -> anyhow::Result<Decision> {
        let status = self.parts.store.status(self.parts.clock.now()).await;
        let mut status = status.context("the status could not be read")?;
        if self.standing == Some(Standing::Outsider) {
            keep_visible(&mut status, visible);
        }
        Ok(self.answer(answers::status(&status, &self.menu.config.timezone)))
    }

    fn not_understood(&self, visible: &Catalogue, said: &str, nearest: Vec<String>) -> Decision {
        let nearest = match self.standing {
            Some(Standing::Outsider) => nearest_in(visible, said),
            _ => nearest,
        };
        let text = help::not_understood(visible, &nearest, self.prefix());
        // A button says what was typed with the slip corrected: nothing that nobody typed.
        let meant = match self.origin {
            Origin::Slack(_) => corrected(said, visible),
            Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Keyword(_) | Origin::Cli(_) => None,
        };
        let buttons: Vec<Button> = meant.iter().map(|meant| Button::say(meant)).collect();
        Decision::refusal_with(self.origin, report::with_buttons(text, &buttons))
    }

    /// Whether this origin may not order anything in this namespace, or whether that has to be found out first.
    pub(super) fn refuse(&self, namespace: &Namespace) -> Option<Decision> {
        // The command line belongs to the host's owner.
        let Origin::Slack(_) = self.origin else {
            return None;
        };
        if !namespace.grants.triggers.contains(&Trigger::Slack) {
            return Some(self.refusal(answers::not_from_slack(&namespace.name)));
        }
        self.refuse_if_restricted(namespace)
    }

    pub(super) fn refuse_if_restricted(&self, namespace: &Namespace) -> Option<Decision> {
        let restricted = namespace.restricted.then(|| self.refuse_outsiders(&namespace.name));
        restricted.flatten()
    }

    /// Refuses whoever asks from Slack and is no member of the workspace, or has that found out first.
    pub(super) fn refuse_outsiders(&self, namespace: &str) -> Option<Decision> {
        let slack = self.origin.in_slack()?;
        match self.standing {
            Some(Standing::Member) => None,
            Some(Standing::Outsider) => {
                tracing::info!(user = slack.user, namespace, "refused: only members may");
                Some(self.refusal(answers::restricted(namespace)))
            }
            None => Some(Decision::AskDirectory),
        }
    }
}

/// What was probably meant, as far as whoever asks may know of it.
fn nearest_in(visible: &Catalogue, said: &str) -> Vec<String> {
    match interpret(said, visible) {
        Understood::NotUnderstood { nearest } => nearest,
        _ => Vec::new(),
    }
}

/// Takes away what is of restricted namespaces.
fn keep_visible(status: &mut StatusView, visible: &Catalogue) {
    let seen = |namespace: &str| visible.namespace(namespace).is_some();
    let before = status.pending.len();
    status.running.retain(|run| seen(&run.namespace));
    status.pending.retain(|request| seen(&request.namespace));
    status.suppressions.retain(|span| seen(&span.namespace));
    status.pending_count = status
        .pending_count
        .saturating_sub((before - status.pending.len()) as u64);
}
