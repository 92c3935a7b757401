//! Slack's JSON, as its reference and its own SDKs' fixtures show it, and what the bot makes of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::trigger::slack::testing::{BOT, TEAM, identity};

/// Wraps an event as the Events API does, over HTTP and in Socket Mode's `payload` alike.
fn callback(event: Value) -> Value {
    json!({
        "token": "verification-token",
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": null,
        "api_app_id": "A0INN",
        "event": event,
        "type": "event_callback",
        "event_id": "Ev06ABCDEF01",
        "event_time": 1_700_000_000,
        "authorizations": [{
            "enterprise_id": null, "team_id": TEAM, "user_id": BOT, "is_bot": true, "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": false,
        "event_context": "4-eyJldCI6Im1lc3NhZ2UifQ",
    })
}

/// What somebody types in #tech, as the `message` event of it.
fn message(text: &str) -> Value {
    json!({
        "user": "U0ANN",
        "type": "message",
        "ts": "1700000000.000100",
        "client_msg_id": "d5e3c3a4-6f5c-4d0a-8a52-1f0b3c9d7e11",
        "text": text,
        "team": TEAM,
        "blocks": [{"type": "rich_text", "block_id": "x1", "elements": []}],
        "channel": "C0TECH",
        "event_ts": "1700000000.000100",
        "channel_type": "channel",
    })
}

/// The same as its `app_mention` event.
fn mention(text: &str) -> Value {
    let mut event = message(text);
    event["type"] = "app_mention".into();
    event.as_object_mut().unwrap().remove("channel_type");
    event
}

fn direct(text: &str) -> Value {
    with(message(text), json!({"channel": "D0ANN", "channel_type": "im"}))
}

/// An edit from `before` to `after`, as the `message` event of it.
fn changed(before: &str, after: &str) -> Value {
    let mut now = message(after);
    now.as_object_mut()
        .unwrap()
        .retain(|key, _| !key.starts_with("channel") && key != "event_ts");
    let was = with(now.clone(), json!({"text": before}));
    now["edited"] = json!({"user": "U0ANN", "ts": "1700000060.000000"});
    now["source_team"] = TEAM.into();
    now["user_team"] = TEAM.into();
    json!({
        "type": "message", "subtype": "message_changed", "hidden": true, "channel": "C0TECH",
        "ts": "1700000060.000900", "event_ts": "1700000060.000900", "channel_type": "channel",
        "message": now, "previous_message": was,
    })
}

fn with(mut event: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

fn hear(event: Value) -> Option<Said> {
    hear_event(&callback(event), &identity()).unwrap()
}

fn text_of(event: Value) -> Option<String> {
    hear(event).map(|said| said.text)
}

fn origin_of(event: Value) -> SlackOrigin {
    match hear(event).unwrap().origin {
        Origin::Slack(origin) => origin,
        other => unreachable!("not from Slack: {other:?}"),
    }
}

#[test]
fn a_mention_is_heard_with_who_said_it_and_where() {
    let said = hear(mention("<@U0BOT> demo say hello to Bob")).unwrap();

    assert_eq!(
        said,
        Said {
            key: Some("slack:T0INN:C0TECH:1700000000.000100".into()),
            text: "demo say hello to Bob".into(),
            edit: false,
            origin: Origin::Slack(SlackOrigin {
                team: "T0INN".into(),
                channel: "C0TECH".into(),
                user: "U0ANN".into(),
                user_team: None,
                message: Some("1700000000.000100".into()),
                thread: None,
                direct: false,
            }),
        }
    );
}

#[test]
fn the_two_events_of_a_mention_are_one() {
    assert_eq!(hear(mention("<@U0BOT> status")), hear(message("<@U0BOT> status")));
}

#[test]
fn the_command_is_what_follows_the_last_mention() {
    let cases = [
        ("<@U0BOT> help", "help"),
        ("<@U0BOT|innkeeper> help", "help"),
        ("Hey bot<@U0BOT>demo help", "demo help"),
        ("Reminder: <@U0BOT> demo rota.", "demo rota."),
        ("<@U0BOT> is our bot: <@U0BOT> status", "status"),
        ("<@U0BOT>", ""),
        ("thanks <@U0BOT>  \n", ""),
        ("<@U0BOT> say <@U0ANN> to <@U0BOTH>", "say <@U0ANN> to <@U0BOTH>"),
        ("<@U0BOT> say <@U0BOT|unclosed", "say <@U0BOT|unclosed"),
        ("<@U0BOT> a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
    ];
    for (text, command) in cases {
        assert_eq!(text_of(mention(text)).as_deref(), Some(command), "{text}");
    }
}

#[test]
fn a_mention_may_stand_on_any_line_and_its_command_go_over_several() {
    let text = "Good morning\nplease <@U0BOT> demo say\nhello  to\n\nBob\n";
    assert_eq!(text_of(mention(text)).as_deref(), Some("demo say\nhello  to\n\nBob"));
}

#[test]
fn talk_that_does_not_mention_the_bot_is_not_heard() {
    for text in [
        "lunch?",
        "<@U0ANN> help",
        "<@U0BOTH> help",
        "@innkeeper help",
        "<@U0BOT help",
        "",
    ] {
        assert_eq!(hear(message(text)), None, "{text}");
    }
}

#[test]
fn a_direct_message_needs_no_mention() {
    assert_eq!(text_of(direct("demo say hello")).as_deref(), Some("demo say hello"));
    assert_eq!(
        text_of(direct("<@U0BOT> demo say hello")).as_deref(),
        Some("demo say hello")
    );
    assert_eq!(text_of(direct("")).as_deref(), Some(""));
    let origin = origin_of(direct("help"));
    assert!(origin.direct);
    assert_eq!(origin.channel, "D0ANN");
}

#[test]
fn a_group_s_direct_messages_need_one() {
    let group = |text| with(message(text), json!({"channel": "G0GROUP", "channel_type": "mpim"}));
    assert_eq!(hear(group("status")), None);
    assert!(!origin_of(group("<@U0BOT> status")).direct);
}

#[test]
fn the_thread_is_where_it_was_asked_and_its_first_message_is_not_in_it() {
    let inside = json!({"thread_ts": "1699999999.000001", "parent_user_id": "U0BEN"});
    let origin = origin_of(with(mention("<@U0BOT> help"), inside));
    assert_eq!(origin.thread.as_deref(), Some("1699999999.000001"));
    assert_eq!(origin.message.as_deref(), Some("1700000000.000100"));

    let first = json!({"thread_ts": "1700000000.000100", "reply_count": 2});
    assert_eq!(origin_of(with(mention("<@U0BOT> help"), first)).thread, None);
}

#[test]
fn whoever_comes_from_another_workspace_is_marked() {
    let shared = json!({"user_team": "T9ELSE", "source_team": "T9ELSE", "user_profile": {"team": "T9ELSE"}});
    let mut elsewhere = callback(with(mention("<@U0BOT> help"), shared));
    elsewhere["team_id"] = "T9ELSE".into();
    elsewhere["is_ext_shared_channel"] = true.into();

    let said = hear_event(&elsewhere, &identity()).unwrap().unwrap();

    assert_eq!(said.key.as_deref(), Some("slack:T0INN:C0TECH:1700000000.000100"));
    let Origin::Slack(origin) = said.origin else {
        unreachable!("not from Slack");
    };
    assert_eq!(origin.user_team.as_deref(), Some("T9ELSE"));

    let source_only = with(mention("<@U0BOT> help"), json!({"source_team": "T9ELSE"}));
    assert_eq!(origin_of(source_only).user_team.as_deref(), Some("T9ELSE"));
}

#[test]
fn bots_are_not_heard_and_the_bot_does_not_hear_itself() {
    let by_itself = json!({"user": BOT, "bot_id": "B0BOT", "app_id": "A0INN", "bot_profile": {"id": "B0BOT"}});
    assert_eq!(hear(with(direct("help"), by_itself)), None);
    assert_eq!(hear(with(direct("help"), json!({"user": BOT}))), None);
    let by_another = json!({"user": "U0OTHER", "bot_id": "B0OTHER"});
    assert_eq!(hear(with(mention("<@U0BOT> help"), by_another)), None);
    let old_style = json!({"user": null, "subtype": "bot_message", "bot_id": "B1", "username": "ci"});
    assert_eq!(hear(with(message("<@U0BOT> help"), old_style)), None);
}

#[test]
fn a_reminder_that_slack_posts_for_somebody_is_heard_as_slack_s() {
    let reminder = with(
        mention("Reminder: <@U0BOT> demo rota."),
        json!({"user": "USLACKBOT", "bot_id": "B01"}),
    );
    assert_eq!(origin_of(reminder.clone()).user, "USLACKBOT");
    assert_eq!(text_of(reminder).as_deref(), Some("demo rota."));
}

#[test]
fn of_the_subtypes_only_those_that_say_something_are_heard() {
    let with_subtype = |subtype: &str| hear(with(message("<@U0BOT> help"), json!({"subtype": subtype})));
    for saying in ["file_share", "thread_broadcast"] {
        assert!(with_subtype(saying).is_some(), "{saying}");
    }
    for other in [
        "channel_join",
        "message_deleted",
        "channel_topic",
        "me_message",
        "a_new_one",
    ] {
        assert_eq!(with_subtype(other), None, "{other}");
    }
}

#[test]
fn an_edit_has_the_key_of_the_message_that_it_edits() {
    let edit = hear(changed("<@U0BOT> hlep", "<@U0BOT> help")).unwrap();
    assert!(edit.edit);
    assert_eq!(edit.text, "help");
    assert_eq!(edit.key.as_deref(), Some("slack:T0INN:C0TECH:1700000000.000100"));

    let edited = json!({"edited": {"user": "U0ANN", "ts": "1700000060.000000"}});
    let twin = hear(with(mention("<@U0BOT> help"), edited)).unwrap();
    assert!(twin.edit);
    assert_eq!((twin.key, twin.text), (edit.key, edit.text));
}

#[test]
fn a_direct_message_can_be_edited_too() {
    let edit = with(
        changed("hlep", "help"),
        json!({"channel": "D0ANN", "channel_type": "im"}),
    );
    let said = hear(edit).unwrap();
    assert_eq!(said.key.as_deref(), Some("slack:T0INN:D0ANN:1700000000.000100"));
    assert!(said.edit);
}

#[test]
fn a_preview_or_an_answer_that_slack_adds_is_no_edit() {
    let text = "<@U0BOT> look at <https://example.org>";
    assert_eq!(hear(changed(text, text)), None);

    let mut never_edited = changed("<@U0BOT> a", "<@U0BOT> b");
    never_edited["message"].as_object_mut().unwrap().remove("edited");
    assert_eq!(hear(never_edited), None);

    let mut tombstone = changed("<@U0BOT> help", "This message was deleted. <@U0BOT>");
    tombstone["message"]["subtype"] = "tombstone".into();
    assert_eq!(hear(tombstone), None);

    let mut by_a_bot = changed("<@U0BOT> a", "<@U0BOT> b");
    by_a_bot["message"]["bot_id"] = "B0BOT".into();
    assert_eq!(hear(by_a_bot), None);
}

#[test]
fn events_of_other_kinds_are_not_heard_whatever_their_form() {
    let joined = json!({"type": "channel_created", "channel": {"id": "C1", "name": "new"}});
    let renamed = json!({"type": "user_change", "user": {"id": "U0ANN"}});
    assert_eq!(hear(joined), None);
    assert_eq!(hear(renamed), None);
}

#[test]
fn a_message_that_cannot_be_read_is_said_to_be() {
    let hear = |event| hear_event(&callback(event), &identity());
    let mut nowhere = mention("<@U0BOT> help");
    nowhere.as_object_mut().unwrap().remove("channel");
    let mut never = mention("<@U0BOT> help");
    never.as_object_mut().unwrap().remove("ts");
    let odd = with(mention("<@U0BOT> help"), json!({"text": ["<@U0BOT>"]}));
    for event in [nowhere, never, odd, json!({"kind": "?"}), json!(null)] {
        assert!(hear(event.clone()).is_err(), "{event}");
    }
}

#[test]
fn a_slash_command_is_heard_as_it_was_typed() {
    let fields = json!({
        "token": "verification-token", "team_id": TEAM, "team_domain": "inn", "channel_id": "C0TECH",
        "channel_name": "tech", "user_id": "U0ANN", "user_name": "ann", "command": "/inn",
        "text": "demo say  hello to Bob", "api_app_id": "A0INN", "is_enterprise_install": "false",
        "response_url": "https://hooks.slack.com/commands/T0INN/1/x", "trigger_id": "13345224609.738474920.8088930838",
    });
    let said = hear_command(SlashCommand::read(fields).unwrap(), &identity());

    assert_eq!(
        said,
        Said {
            key: Some("slack-command:13345224609.738474920.8088930838".into()),
            text: "demo say  hello to Bob".into(),
            edit: false,
            origin: Origin::Slack(SlackOrigin {
                team: "T0INN".into(),
                channel: "C0TECH".into(),
                user: "U0ANN".into(),
                user_team: Some("T0INN".into()),
                message: None,
                thread: None,
                direct: false,
            }),
        }
    );
    assert!(SlashCommand::read(json!({"text": "help", "user_id": "U0ANN"})).is_err());
}

proptest! {
    #[test]
    fn whatever_comes_before_and_after_the_last_mention_is_kept_apart(before in "[^<]*", command in "[^<>|]*") {
        let text = format!("{before}<@U0BOT> first <@U0BOT|inn>{command}");
        prop_assert_eq!(text_of(mention(&text)), Some(command.trim().to_owned()));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*<@U0BOT.*") {
        hear(mention(&text));
    }
}

fn overheard(event: Value) -> Option<Overheard> {
    overhear_event(&callback(event), &identity()).unwrap()
}

#[test]
fn what_people_say_to_each_other_is_overheard() {
    let heard = overheard(message("My screen is dark, tech-support!")).unwrap();
    assert_eq!(
        heard,
        Overheard {
            channel: "C0TECH".into(),
            user: "U0ANN".into(),
            user_team: None,
            text: "My screen is dark, tech-support!".into(),
            before: None,
            ts: "1700000000.000100".into(),
            thread: None,
        }
    );
    assert_eq!(
        overheard(mention("tech-support")).unwrap().ts,
        heard.ts,
        "its second event"
    );
    assert_eq!(
        overheard(changed("tech", "tech-support")).unwrap().ts,
        heard.ts,
        "its edit"
    );
    let again = with(message("x"), json!({"subtype": "thread_broadcast", "thread_ts": "1.1"}));
    assert_eq!(overheard(again).unwrap().thread.as_deref(), Some("1.1"));
}

#[test]
fn an_edit_is_overheard_with_what_it_changed_unless_the_message_is_old() {
    let edit = |ts: &str| {
        let mut event = changed("tech", "tech-support");
        event["message"]["edited"] = json!({"user": "U0ANN", "ts": ts});
        overheard(event)
    };
    assert_eq!(
        edit("1700172800.000000").unwrap().before.as_deref(),
        Some("tech"),
        "within two days"
    );
    assert_eq!(edit("1700172801.000000"), None);
    let mention = with(
        mention("tech-support"),
        json!({"edited": {"user": "U0ANN", "ts": "1700000001.000000"}}),
    );
    assert_eq!(overheard(mention), None, "its message_changed says more");
    assert_eq!(overheard(message("tech-support")).unwrap().before, None);
}

#[test]
fn bots_reminders_previews_and_private_talk_are_not_overheard() {
    for more in [
        json!({"bot_id": "B0OTHER"}),
        json!({"user": BOT}),
        json!({"user": "USLACKBOT", "bot_id": "B0SLACK"}),
        json!({"user": "USLACKBOT"}),
        json!({"user": null}),
        json!({"subtype": "channel_topic"}),
        json!({"channel": "D0ANN", "channel_type": "im"}),
        json!({"channel": "G0FEW", "channel_type": "mpim"}),
    ] {
        assert_eq!(overheard(with(message("tech-support"), more.clone())), None, "{more}");
    }
    assert_eq!(overheard(changed("tech-support", "tech-support")), None);
    assert_eq!(overheard(json!({"type": "reaction_added", "user": "U0ANN"})), None);
}

#[test]
fn a_message_that_is_nowhere_or_never_cannot_be_overheard() {
    for missing in ["channel", "ts"] {
        let mut event = message("tech-support");
        event.as_object_mut().unwrap().remove(missing);
        assert!(overhear_event(&callback(event), &identity()).is_err(), "{missing}");
    }
}

#[test]
fn a_listed_message_is_read_like_its_event() {
    let mut listed = message("tech-support");
    for name in ["channel", "channel_type", "event_ts"] {
        listed.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(
        overhear_message(&listed, "C0TECH", &identity()),
        overheard(message("tech-support"))
    );
    for more in [
        json!({"subtype": "channel_join"}),
        json!({"bot_id": "B1"}),
        json!({"ts": 3}),
    ] {
        let listed = with(listed.clone(), more);
        assert_eq!(overhear_message(&listed, "C0TECH", &identity()), None, "{listed}");
    }
}
