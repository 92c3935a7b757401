//! A word in a channel calls for help: once, whatever Slack does.

use innkeeper_tests::slack::{Sent, USER_TOKEN};
use innkeeper_tests::{FakeSlack, Fault, Gate, Host, Post, not_within};

use crate::{bash, bash_with};

const SUPPORT: &str = "#tech-support";
const RULE: &str = "[[keyword]]\nwords = ['tech-support']\n";

async fn desk(slack: &FakeSlack, namespace: &str) -> Host {
    Host::setup().slack(slack).trusted("desk", namespace).start().await
}

/// The link to a message, as Slack gives it.
fn link_to(sent: &Sent) -> String {
    format!(
        "https://home.slack.com/archives/{}/p{}",
        sent.channel,
        sent.ts.replace('.', "")
    )
}

fn links_to(sent: &Sent) -> impl Fn(&Post) -> bool {
    let link = link_to(sent);
    move |post| post.channel_name == SUPPORT && post.text.contains(&link)
}

/// Waits until the channels were read for the first time: #general, #tech and #bot-logs, but not the support channel.
async fn first_pass(slack: &FakeSlack) {
    slack.await_calls("conversations.history", 3).await;
}

/// What the support channel was told until a last call, which is told after everything else.
async fn told_until_last(slack: &FakeSlack) -> Vec<Post> {
    let last = slack.user("U2").says("#tech", "tech-support, the last one").await;
    slack.await_post("the last call", links_to(&last)).await;
    slack.await_reaction(&last).await;
    let last = link_to(&last);
    let told = slack.posts_in(SUPPORT).into_iter();
    told.filter(|post| !post.text.contains(&last)).collect()
}

#[tokio::test]
async fn a_word_in_a_channel_is_reacted_to_and_linked_in_the_support_channel() {
    let slack = FakeSlack::start().await;
    let _inn = desk(&slack, RULE).await;
    let sent = slack
        .user("U1")
        .says("#general", "My screen is dark, Tech-Support!")
        .await;
    let told = slack.await_post("the link", links_to(&sent)).await;
    let channel = &sent.channel;
    assert_eq!(
        told.text,
        format!(":sos: <@U1> said “Tech-Support” in <#{channel}>: {}", link_to(&sent))
    );
    assert!(told.unfurls, "whoever reads the link sees what was said");
    assert_eq!(slack.await_reaction(&sent).await, "sos");
    assert!(slack.posts_in("#general").is_empty());
    assert!(
        slack.calls("chat.getPermalink").is_empty(),
        "nothing has to be asked for it"
    );
}

#[tokio::test]
async fn a_rule_says_what_is_called_and_how() {
    let slack = FakeSlack::start().await;
    let rule = "[[keyword]]\npattern = 'bennett?-admins?'\nchannels = ['#tech', 'C0LOGS']\nreaction = 'flamingo'\n\
                support_channel = '#general'\ntext = 'Help is wanted, <@U2> <!channel>:'\n";
    let _inn = desk(&slack, rule).await;
    let ada = slack.user("U1");
    ada.says("#tech-support", "bennett-admin?").await;
    ada.says("#tech", "Bennet-Admins, please").await;
    let told = slack
        .await_post("the call", |post| post.channel_name == "#general")
        .await;
    assert!(told.text.starts_with("Help is wanted, <@U2> "), "{}", told.text);
    assert!(!told.text.contains("<!channel>"), "that is not granted: {}", told.text);
    let by_id = ada.says("#bot-logs", "bennett-admin").await;
    assert_eq!(slack.await_reaction(&by_id).await, "flamingo");
    slack
        .await_posts("both calls", 2, |post| post.channel_name == "#general")
        .await;
    assert_eq!(slack.posts().len(), 2, "and not of the channel that is not named");
}

#[tokio::test]
async fn a_message_calls_once_whatever_slack_repeats() {
    let slack = FakeSlack::start().await;
    let mut inn = desk(&slack, RULE).await;
    let ada = slack.user("U1");
    // A mention of the bot is two events.
    let said = ada.says("#general", "@innkeeper help, tech-support").await;
    said.redeliver().await;
    slack.await_post("the link", links_to(&said)).await;
    ada.edits(&said, "tech-support, please, tech-support!").await;
    let topic = ada.says("#general", "A topic").await;
    let reply = slack.user("U2").in_thread_of(&topic);
    let broadcast = reply.broadcasts("#general", "tech-support!").await;
    let thread = slack.await_post("the other link", links_to(&broadcast)).await;
    assert!(
        thread
            .text
            .contains(&format!("?thread_ts={}&amp;cid=C0GENERAL", topic.ts)),
        "{}",
        thread.text
    );
    inn.sigterm();
    inn.ended().await;
    inn.serve().await;
    said.redeliver().await;
    broadcast.redeliver().await;
    assert_eq!(told_until_last(&slack).await.len(), 2);
    assert_eq!(
        slack.reactions_to(&said).iter().filter(|name| *name == "sos").count(),
        1
    );
}

#[tokio::test]
async fn an_edit_that_brings_the_word_calls() {
    let slack = FakeSlack::start().await;
    let _inn = desk(&slack, RULE).await;
    let ada = slack.user("U1");
    let said = ada.says("#general", "My screen is dark, tech support!").await;
    ada.edits(&said, "My screen is dark, tech-support!").await;
    slack.await_post("the link", links_to(&said)).await;
    ada.edits(&said, "My screen is bright.").await;
    ada.edits(&said, "My screen is dark again, tech-support!").await;
    assert_eq!(told_until_last(&slack).await.len(), 1);
}

#[tokio::test]
async fn what_only_looks_like_a_call_is_none() {
    let slack = FakeSlack::start().await;
    let _inn = desk(&slack, RULE).await;
    let ada = slack.user("U1");
    for text in [
        "See <https://example.com/tech-support>",
        "See <https://example.com/|tech-support>",
        "Ask in <#C0SUPPORT|tech-support>",
        "The my-tech-support-x is broken",
        "tech support",
    ] {
        ada.says("#general", text).await;
    }
    // What is said in the support channel is about calls; bots and reminders call nobody.
    ada.says(SUPPORT, "Is tech-support there?").await;
    slack.user("U8").says("#general", "tech-support, says a bot").await;
    slack.user("USLACKBOT").says("#general", "Reminder: tech-support").await;
    assert!(told_until_last(&slack).await.is_empty());
}

#[tokio::test]
async fn in_a_direct_message_nobody_can_be_called_and_commands_are_run() {
    let slack = FakeSlack::start().await;
    let namespace = format!("{RULE}{}", bash("tech-support rota", "echo Ada has duty"));
    let _inn = desk(&slack, &namespace).await;
    let ada = slack.user("U1");
    ada.direct_message("Tech-Support, my screen is dark").await;
    let answer = slack.await_post("an answer", |_| true).await;
    assert_eq!(
        (answer.channel_name.as_str(), answer.text.as_str()),
        (
            "@U1",
            "Sorry, “Tech-Support” cannot be called from a direct message. Say it in a channel that I am in."
        )
    );
    ada.direct_message("desk tech-support rota").await;
    slack
        .await_post("the report", |post| post.text.contains("Ada has duty"))
        .await;
    assert!(told_until_last(&slack).await.is_empty());
}

#[tokio::test]
async fn a_command_with_the_word_is_run_and_calls() {
    let slack = FakeSlack::start().await;
    let namespace = format!("{RULE}{}", bash("say [what]", "echo It is {what}"));
    let _inn = desk(&slack, &namespace).await;
    let sent = slack
        .user("U1")
        .says("#general", "@innkeeper desk say tech-support")
        .await;
    slack.await_post("the link", links_to(&sent)).await;
    slack
        .await_post("the report", |post| post.text.contains("It is tech-support"))
        .await;
}

#[tokio::test]
async fn while_nobody_is_there_who_calls_is_told_so_in_the_thread() {
    let slack = FakeSlack::start().await;
    let windows = "out_of_office = [\n  { from = '2020-12-24', until = '2021-01-02', text = 'That is over.' },\n  { days \
                   = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'], text = 'We are back on *Monday*.' },\n]\n";
    let _inn = desk(&slack, &format!("{RULE}{windows}")).await;
    let sent = slack.user("U1").says("#general", "tech-support?").await;
    slack.await_post("the link", links_to(&sent)).await;
    let told = slack.await_post("a word", |post| post.channel_name == "#general").await;
    assert_eq!(
        (told.text.as_str(), told.thread.as_deref()),
        ("We are back on *Monday*.", Some(sent.ts.as_str()))
    );
}

#[tokio::test]
async fn a_keyword_starts_a_job_with_parts_of_the_message() {
    let slack = FakeSlack::start().await;
    let rule = format!("{RULE}job_type = 'note'\nargs = {{ who = 'user', what = 'text' }}\n");
    let job = "[jobs.note]\nrun_args_template = 'echo {who} wants: {what}'\nreport_stdout = true\n";
    let _inn = desk(&slack, &format!("{job}{rule}")).await;
    let sent = slack
        .user("U1")
        .says("#general", "tech-support; rm -rf &amp; $(id)")
        .await;
    let report = slack
        .await_post("the report", |post| post.channel_name == "#general")
        .await;
    assert_eq!(report.text.trim(), "U1 wants: tech-support; rm -rf & $(id)");
    assert_eq!(report.thread.as_deref(), Some(sent.ts.as_str()));
    slack.await_post("the link", links_to(&sent)).await;
}

#[tokio::test]
async fn a_restricted_rule_is_for_members() {
    let slack = FakeSlack::start().await;
    let _inn = desk(&slack, &format!("restricted = true\n{RULE}")).await;
    for outsider in ["U9", "U7"] {
        let sent = slack.user(outsider).says("#general", "tech-support!").await;
        let refusal = slack
            .await_post("a refusal", |post| post.thread.as_deref() == Some(&sent.ts))
            .await;
        assert!(refusal.text.contains("only full members"), "{}", refusal.text);
    }
    assert!(told_until_last(&slack).await.is_empty());
}

#[tokio::test]
async fn a_namespace_without_the_grant_hears_nothing() {
    let inn = Host::setup().untrusted("lab", RULE).write();
    let refused = inn.cli(&["check"]).await;
    assert_ne!(refused.code, 0);
    assert!(
        refused.stderr.contains("need not granted: triggers `keyword`"),
        "{refused:?}"
    );
    assert!(
        refused.stderr.contains(r#"triggers = ["slack", "keyword"]"#),
        "{refused:?}"
    );
    let slack = FakeSlack::start().await;
    let setup = Host::setup().slack(&slack);
    let _inn = setup.namespace("lab", RULE, "triggers = ['keyword']").start().await;
    let sent = slack.user("U1").says("#general", "tech-support").await;
    slack.await_post("the link", links_to(&sent)).await;
}

#[tokio::test]
async fn what_slack_refuses_is_logged_and_the_rest_is_done() {
    let slack = FakeSlack::start().await;
    let inn = desk(&slack, &format!("{RULE}reaction = 'innkeepers-own'\n")).await;
    let sent = slack.user("U1").says("#general", "tech-support").await;
    slack.await_post("the link", links_to(&sent)).await;
    inn.await_log(&["no such emoji"]).await;
}

#[tokio::test]
async fn a_call_from_a_channel_that_is_archived_meanwhile_is_still_told() {
    let slack = FakeSlack::start().await;
    let inn = desk(&slack, RULE).await;
    slack.fail_next("reactions.add", Fault::Held);
    let sent = slack.user("U1").says("#general", "tech-support").await;
    slack.await_held().await;
    slack.archives("#general");
    slack.release();
    slack.await_post("the link", links_to(&sent)).await;
    inn.await_log(&["is_archived"]).await;
}

#[tokio::test]
async fn a_slack_that_is_away_loses_no_call() {
    let slack = FakeSlack::start().await;
    let mut inn = desk(&slack, RULE).await;
    for _ in 0..3 {
        slack.fail_next("chat.postMessage", Fault::Status(503));
        slack.fail_next("reactions.add", Fault::DropConnection);
    }
    let sent = slack.user("U1").says("#general", "tech-support").await;
    slack.await_calls("chat.postMessage", 1).await;
    inn.kill_9().await;
    inn.serve().await;
    slack.await_post("the link", links_to(&sent)).await;
    slack.await_reaction(&sent).await;
    assert!(slack.calls("chat.postMessage").len() > 1);
}

#[tokio::test]
async fn what_was_said_while_the_host_was_down_is_caught_up_once() {
    let slack = FakeSlack::start().await;
    let mut inn = desk(&slack, RULE).await;
    first_pass(&slack).await;
    let ada = slack.user("U1");
    let before = ada.says("#general", "A call: tech-support").await;
    let edited = ada.says("#tech", "Nothing yet").await;
    slack.await_post("the first link", links_to(&before)).await;
    inn.await_log(&["\"delivered\"", "\"slack:#tech-support\""]).await;
    inn.kill_9().await;
    // More than a page of it.
    for _ in 0..4 {
        ada.says_unheard("#general", "Is anybody there?").await;
    }
    let missed = ada.says_unheard("#general", "tech-support, is the bot down?").await;
    for _ in 0..4 {
        ada.says_unheard("#general", "Hello?").await;
    }
    ada.edits_unheard(&edited, "tech-support, now");
    let bot = slack
        .user("U8")
        .says_unheard("#general", "tech-support, says a bot")
        .await;
    ada.says_unheard(SUPPORT, "tech-support is asleep").await;
    inn.serve().await;
    slack.await_post("the missed link", links_to(&missed)).await;
    slack.await_post("that of the edit", links_to(&edited)).await;
    // What it has told it does not tell again.
    inn.sigterm();
    inn.ended().await;
    inn.serve().await;
    slack.await_connections(1).await;
    assert_eq!(told_until_last(&slack).await.len(), 3);
    assert!(slack.reactions_to(&bot).is_empty());
}

#[tokio::test]
async fn what_was_said_in_a_gap_of_socket_mode_is_caught_up() {
    let slack = FakeSlack::start().await;
    let _inn = desk(&slack, RULE).await;
    first_pass(&slack).await;
    slack.fail_next("conversations.history", Fault::RateLimited(1));
    let missed = slack.user("U1").says_unheard("#general", "tech-support").await;
    slack.refresh_connections();
    slack.await_post("the link", links_to(&missed)).await;
}

#[tokio::test]
async fn over_http_it_is_the_same() {
    let slack = FakeSlack::start().await;
    let mut inn = Host::setup()
        .slack(&slack)
        .by_http()
        .trusted("desk", RULE)
        .start()
        .await;
    first_pass(&slack).await;
    let ada = slack.user("U1");
    let heard = ada.says("#general", "tech-support").await;
    heard.redeliver().await;
    slack.await_post("the link", links_to(&heard)).await;
    inn.await_log(&["\"delivered\"", "\"slack:#tech-support\""]).await;
    inn.kill_9().await;
    let missed = ada.says_unheard("#general", "tech-support").await;
    inn.serve().await;
    slack.await_post("the missed link", links_to(&missed)).await;
    assert_eq!(told_until_last(&slack).await.len(), 2);
}

#[tokio::test]
async fn a_rule_that_is_added_while_the_host_runs_holds_at_once() {
    let slack = FakeSlack::start().await;
    let inn = desk(&slack, &bash("hello", "echo Hello")).await;
    slack.user("U1").says("#general", "tech-support, before").await;
    std::fs::write(inn.path("workspace/desk/namespace.toml"), RULE).unwrap();
    inn.await_log(&["the configuration is replaced"]).await;
    slack.await_calls("users.conversations", 1).await;
    let sent = slack.user("U1").says("#general", "tech-support").await;
    slack.await_post("the link", links_to(&sent)).await;
    assert!(told_until_last(&slack).await.iter().all(links_to(&sent)));
}

#[tokio::test]
async fn a_new_rule_and_a_new_channel_have_missed_nothing() {
    let slack = FakeSlack::start().await;
    let ada = slack.user("U1");
    ada.says_unheard("#general", "tech-support, before there was a rule")
        .await;
    let _inn = desk(&slack, RULE).await;
    first_pass(&slack).await;
    assert!(told_until_last(&slack).await.is_empty());
}

#[tokio::test]
async fn with_a_user_s_token_answers_in_threads_are_found() {
    let slack = FakeSlack::start().await;
    let setup = Host::setup().slack(&slack).env("SLACK_USER_TOKEN", USER_TOKEN);
    let mut inn = setup.trusted("desk", RULE).start().await;
    let topic = slack.user("U1").says("#general", "A topic").await;
    slack.await_calls("search.messages", 1).await;
    inn.kill_9().await;
    let answer = slack.user("U2").in_thread_of(&topic);
    let missed = answer.says_unheard("#general", "Ask tech-support").await;
    // What the user sees and the bot does not is none of its business; and bots, and the support channel.
    let elsewhere = slack.user("U2").says_unheard("#elsewhere", "tech-support").await;
    let bot = slack.user("U8").says_unheard("#general", "tech-support").await;
    slack.user("U2").says_unheard(SUPPORT, "tech-support").await;
    for _ in 0..3 {
        slack.user("U2").says_unheard("#elsewhere", "my-tech-support-x").await;
    }
    inn.serve().await;
    let told = slack.await_post("the link", links_to(&missed)).await;
    assert!(told.text.contains(&format!("thread_ts={}", topic.ts)), "{}", told.text);
    assert_eq!(told_until_last(&slack).await.len(), 1);
    for other in [elsewhere, bot] {
        assert!(slack.reactions_to(&other).is_empty());
    }
    assert!(slack.calls("search.messages").iter().all(|call| call.outcome == "ok"));
}

#[tokio::test]
async fn a_channel_that_the_bot_is_invited_to_is_known_by_name() {
    let slack = FakeSlack::start().await;
    let rule = "[[keyword]]\nwords = ['tech-support']\nchannels = ['#new', '#newer']\n";
    slack.makes_channel_unheard("#new", false);
    slack.makes_channel_unheard("#newer", false);
    let _inn = desk(&slack, rule).await;
    slack.await_connections(1).await;
    slack.invites_bot_to("#new").await;
    let sent = slack.user("U1").says("#new", "tech-support").await;
    slack.await_post("the link", links_to(&sent)).await;
    // Where the event was lost, the message itself has the channels listed again.
    slack.invites_bot_unheard("#newer");
    let sent = slack.user("U1").says("#newer", "tech-support").await;
    slack.await_post("the link of the other", links_to(&sent)).await;
}

#[tokio::test]
async fn a_private_channel_is_linked_without_a_preview() {
    let slack = FakeSlack::start().await;
    slack.makes_channel_unheard("#secret", false);
    slack.makes_private("#secret");
    slack.invites_bot_unheard("#secret");
    let lab = Host::setup().slack(&slack).trusted("desk", RULE);
    let rule = "[[keyword]]\nwords = ['lab-help']\n";
    let _inn = lab.namespace("lab", rule, "triggers = ['keyword']").start().await;
    let sent = slack.user("U1").says("#secret", "lab-help, tech-support").await;
    let told = slack.await_post("the link", links_to(&sent)).await;
    assert!(!told.unfurls, "what was said in private is for who was there");
    let told = told_until_last(&slack).await;
    assert_eq!(told.len(), 1, "a namespace that is not trusted does not hear it");
}

#[tokio::test]
async fn a_revoked_user_s_token_does_not_make_the_channels_be_read_again() {
    let slack = FakeSlack::start().await;
    let setup = Host::setup().slack(&slack).env("SLACK_USER_TOKEN", "xoxp-revoked");
    let inn = setup.trusted("desk", RULE).start().await;
    first_pass(&slack).await;
    // Before there was a connection, and after it.
    slack.await_calls("search.messages", 2).await;
    let more = format!("{RULE}[[keyword]]\nwords = ['more-support']\n");
    std::fs::write(inn.path("workspace/desk/namespace.toml"), more).unwrap();
    slack.await_calls("search.messages", 3).await;
    assert_eq!(slack.calls("conversations.history").len(), 3, "one round");
    inn.await_log(&["check SLACK_USER_TOKEN"]).await;
}

#[tokio::test]
async fn public_channels_are_joined_at_the_start_and_when_they_are_made() {
    let slack = FakeSlack::start().await;
    slack.makes_channel_unheard("#new", false);
    slack.makes_channel_unheard("#with-others", true);
    slack.fail_next("conversations.join", Fault::RateLimited(1));
    let setup = Host::setup().slack(&slack).trusted("desk", RULE);
    let _inn = setup.slack_setting("join_public_channels = true").start().await;
    slack.await_bot_in("#elsewhere").await;
    slack.await_bot_in("#new").await;
    slack.makes_channel("#shared-later", true).await;
    slack.makes_channel("#newer", false).await;
    slack.await_bot_in("#newer").await;
    let sent = slack.user("U1").says("#newer", "tech-support").await;
    slack.await_post("the link", links_to(&sent)).await;
    for shared in ["#with-others", "#shared-later"] {
        assert!(!slack.has_bot(shared), "{shared}");
    }
    let joins = slack.calls("conversations.join");
    assert_eq!(joins.iter().filter(|call| call.outcome == "ok").count(), 3, "{joins:?}");
}

#[tokio::test]
async fn channels_are_not_joined_unless_that_is_said() {
    let slack = FakeSlack::start().await;
    let _inn = desk(&slack, RULE).await;
    slack.makes_channel("#newer", false).await;
    assert!(told_until_last(&slack).await.is_empty());
    assert!(slack.calls("conversations.join").is_empty());
}

#[tokio::test]
async fn who_becomes_a_guest_loses_the_right_at_once() {
    let slack = FakeSlack::start().await;
    let gate = Gate::new().await;
    let job = bash_with("brew", &gate.knock("tea"), "report_success = false");
    let _inn = desk(&slack, &format!("restricted = true\n{job}")).await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper desk brew").await;
    gate.visitor().await.pass().await;
    assert_eq!(
        slack.calls("users.info").len(),
        1,
        "an unknown user is looked up before being refused"
    );
    slack.makes_guest("U1", true).await;
    ada.says("#general", "@innkeeper desk brew").await;
    let refusal = slack
        .await_post("a refusal", |post| post.text.contains("only full members"))
        .await;
    assert_eq!(refusal.channel_name, "#general");
    not_within("the job to run", std::time::Duration::from_millis(200), gate.next()).await;
    slack.makes_guest("U1", false).await;
    ada.says("#general", "@innkeeper desk brew").await;
    gate.visitor().await.pass().await;
    assert_eq!(slack.calls("users.info").len(), 1, "the events said all of it");
}
