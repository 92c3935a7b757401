//! One message per incident in a Slack channel, which is edited as the status changes; details are in its thread. It has buttons.
//!
//! ```toml
//! [plugins.slack]
//! component = "alert-slack.wasm"
//! settings = { channel = "#ops" }
//! ```
//!
//! Who is on duty is mentioned where it got worse. Who wants that is written to directly, too.

use innkeeper_guest::alert::{
    Alert, Check, Deliveries, Delivery, Field, Kind, Metadata, Plugin, Status, User, UserFields,
};
use innkeeper_guest::{Blocks, Result, alert_plugin, bail, escape};

/// What is shown of the output of a check, in characters: Slack takes 3000 in a section, and escaping makes it longer.
const OUTPUT: usize = 500;
/// How many checks are shown.
const CHECKS: usize = 10;

struct Slack;

#[alert_plugin]
impl Plugin for Slack {
    fn describe() -> Metadata {
        Metadata::new(
            "Slack",
            "Keeps a message per incident in a channel, and its details in the thread",
        )
        .wants_updates()
        .setting(Field::text("channel", "The channel, #name or an id"))
        .setting(Field::boolean("mention", "Mention who is on duty").default(true))
    }

    fn user_fields() -> Option<UserFields> {
        let direct = Field::boolean("direct", "Write to me directly, too").default(false);
        Some(UserFields::new("Slack").field(direct))
    }

    fn send_alert(alert: Alert) -> Result<Deliveries> {
        let channel = alert.settings.require("channel")?;
        if alert.test {
            return test(&alert);
        }
        let mut deliveries = Deliveries::one(Delivery::slack(channel, message(&alert))?.incident().buttons());
        deliveries.push(Delivery::slack(channel, details(&alert))?.thread());
        if alert.kind != Kind::Update {
            let text = format!("{} {}", emoji(alert.service.now), escape(&alert.summary()));
            let wanted = alert.users.iter().filter(|user| user.fields.is_true("direct"));
            for id in wanted.filter_map(|user| user.slack.as_deref()) {
                deliveries.push(Delivery::slack(id, text.as_str())?);
            }
        }
        Ok(deliveries)
    }
}

/// The same, to the users alone: a channel that hears of a test looks for what is down.
fn test(alert: &Alert) -> Result<Deliveries> {
    let mut deliveries = Deliveries::none();
    for id in alert.users.iter().filter_map(|user| user.slack.as_deref()) {
        deliveries.push(Delivery::slack(id, message(alert))?);
        deliveries.push(Delivery::slack(id, details(alert))?);
    }
    if deliveries.is_empty() {
        bail!("a test is told to its user alone, who has no Slack id: `innkeeper user change NAME --slack U…`");
    }
    Ok(deliveries)
}

const fn emoji(status: Status) -> &'static str {
    match status {
        Status::Passing => ":white_check_mark:",
        Status::Warning => ":warning:",
        Status::Error => ":x:",
        Status::Critical => ":rotating_light:",
        Status::Acknowledged => ":eyes:",
    }
}

/// What there is to know at a glance.
fn message(alert: &Alert) -> Blocks {
    let service = &alert.service;
    let title = match &service.url {
        Some(url) => format!("<{}|{}>", escape(url), escape(&service.title)),
        None => escape(&service.title),
    };
    let test = if alert.test { "Test: " } else { "" };
    let mut lines = vec![format!("{} {test}*{title}* is *{}*", emoji(service.now), service.now)];
    for check in service.failing().into_iter().take(CHECKS) {
        lines.push(format!("• {} ({})", escape(&check.name), check.importance));
    }
    if let Some(acknowledgement) = &service.acknowledgement {
        lines.push(format!("{} is on it", escape(&acknowledgement.by)));
    }
    let mentioned = mentioned(alert);
    if !mentioned.is_empty() {
        lines.push(mentioned);
    }
    let blocks = Blocks::new().section(lines.join("\n"));
    match &service.runbook {
        Some(runbook) => blocks.context([format!("<{}|What to do>", escape(runbook))]),
        None => blocks,
    }
}

/// Who is on duty, as mentions. They stay in the message, and notify when it is posted.
fn mentioned(alert: &Alert) -> String {
    let is_wanted = alert.settings.is_true("mention") && alert.service.now != Status::Passing;
    let officers = alert.duty_officers.iter().filter(|_| is_wanted);
    let ids = officers.filter_map(|user: &User| user.slack.as_deref());
    ids.map(|id| format!("<@{id}>")).collect::<Vec<_>>().join(" ")
}

/// What happened just now, and what the checks that fail wrote.
fn details(alert: &Alert) -> Blocks {
    let mut said = format!("{} {}", emoji(alert.service.now), escape(&alert.headline()));
    // An edit notifies nobody; a message in the thread does.
    if alert.kind == Kind::Worse {
        said = format!("{said} {}", mentioned(alert)).trim_end().to_owned();
    }
    let blocks = Blocks::new().section(said);
    let failing = alert.service.failing().into_iter().take(CHECKS);
    failing.filter_map(output).fold(blocks, Blocks::section)
}

fn output(check: &Check) -> Option<String> {
    let text = check.output.trim();
    let skipped = text.chars().count().saturating_sub(OUTPUT);
    let end: String = text.chars().skip(skipped).collect();
    // Three ticks would end it.
    let end = escape(&end.replace("```", "'''"));
    let run = check.run.map(|run| format!(", `logs {run}`")).unwrap_or_default();
    (!end.is_empty()).then(|| format!("*{}*{run}\n```{end}```", escape(&check.name)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use innkeeper_guest::alert::{Acknowledgement, SlackPlace};

    use super::*;

    fn alert() -> Alert {
        Alert::for_test().setting("channel", "#ops").setting("mention", true)
    }

    fn sent(alert: Alert) -> Vec<(String, SlackPlace, String)> {
        let deliveries = Slack::send_alert(alert).unwrap();
        let messages = deliveries.iter().map(|delivery| delivery.as_slack().unwrap());
        let all = messages.map(|sent| (sent.to.clone(), sent.place, format!("{:?}", sent.message)));
        all.collect()
    }

    #[test]
    fn the_incident_has_one_message_and_its_details_are_in_the_thread() {
        let deliveries = Slack::send_alert(alert()).unwrap();
        let [message, details] = &deliveries[..] else {
            unreachable!("{deliveries:?}")
        };
        let (message, details) = (message.as_slack().unwrap(), details.as_slack().unwrap());
        assert_eq!((message.place, message.buttons), (SlackPlace::Incident, true));
        assert_eq!((details.place, details.buttons), (SlackPlace::Thread, false));
        let shown = format!("{:?}", message.message);
        for part in [
            "*<https://www.example.com|The web site>* is *critical*",
            "• http (critical)",
            "<@UANN>",
            "|What to do>",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        let shown = format!("{:?}", details.message);
        assert!(
            shown.contains("503 Service Unavailable```") && shown.contains("`logs 12`"),
            "{shown}"
        );
    }

    #[test]
    fn who_is_on_duty_is_notified_where_it_gets_worse_and_not_where_it_ends() {
        use Status::{Acknowledged, Critical, Error, Passing};
        let mentions = |kind, before, now| {
            let sent = sent(alert().kind(kind).status(before, now));
            [&sent[0].2, &sent[1].2].map(|shown| shown.contains("<@UANN>"))
        };
        assert_eq!(mentions(Kind::Failing, Passing, Error), [true, false]);
        assert_eq!(mentions(Kind::Worse, Error, Critical), [true, true]);
        assert_eq!(mentions(Kind::Update, Critical, Acknowledged), [true, false]);
        assert_eq!(mentions(Kind::Recovered, Critical, Passing), [false, false]);
        let quiet = sent(alert().setting("mention", false));
        assert!(!quiet[0].2.contains("<@"), "{quiet:?}");
    }

    #[test]
    fn who_wants_it_is_written_to_directly_but_not_of_updates() {
        let direct = |kind| {
            let sent = sent(alert().kind(kind).officer_field("direct", "true"));
            sent.into_iter()
                .skip(2)
                .map(|(to, place, _)| (to, place))
                .collect::<Vec<_>>()
        };
        assert_eq!(direct(Kind::Failing), [("UANN".to_owned(), SlackPlace::Alone)]);
        assert_eq!(direct(Kind::Update), []);
    }

    #[test]
    fn a_test_is_told_to_its_user_and_no_channel() {
        let mut it = alert();
        it.test = true;
        it.users.truncate(1);
        let to: Vec<_> = sent(it.clone()).into_iter().map(|(to, place, _)| (to, place)).collect();
        assert_eq!(
            to,
            [
                ("UANN".to_owned(), SlackPlace::Alone),
                ("UANN".to_owned(), SlackPlace::Alone)
            ]
        );
        it.users[0].slack = None;
        let refused = Slack::send_alert(it).unwrap_err();
        assert!(refused.message.contains("who has no Slack id"), "{}", refused.message);
    }

    #[test]
    fn nothing_that_a_check_or_a_person_writes_is_markup() {
        let mut alert = alert();
        alert.service.title = "<!channel>".into();
        alert.service.checks[0].output = format!("{}<!here>```&", "x".repeat(4000));
        alert.service.acknowledgement = Some(Acknowledgement::for_test("<@U2>"));
        let shown: String = sent(alert).into_iter().map(|(_, _, shown)| shown).collect();
        for markup in ["<!channel>", "<!here>", "<@U2>", "````"] {
            assert!(!shown.contains(markup), "{markup} in {shown}");
        }
    }
}
