//! End-to-end tests: the real binary, talked to as Slack, GitHub and people at a terminal talk to it.
//!
//! A file for each promise of the design that is shown here, named for it, and one for each thing that people do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod alert_plugins;
mod alerts;
mod alerts_that_ship;
mod authoring;
mod bad_input;
mod buttons;
mod checks;
mod cli;
mod components;
mod conversation;
mod distribution;
mod doctor;
mod fabric;
mod fake_slack;
mod gate;
mod github;
mod hooks;
mod hostile;
mod http_grant;
mod import;
mod init;
mod keywords;
mod mail;
mod manifest;
mod p1_durable_before_ack;
mod p2_one_asking;
mod p3_one_pending;
mod p4_end_and_report;
mod p5_looked_up;
mod p5_outbox;
mod p6_interrupted;
mod p8_arguments_are_data;
mod p9_fair_shares;
mod people;
mod plugin_requests;
mod preferences;
mod progress;
mod reload;
mod schedules;
mod services;
mod shutdown;
mod slack_sdk;
mod suppression;
mod wasi_03;
mod watched;
mod worlds;

/// What a `namespace.toml` says of a bash job that reports its output, and of the command that starts it. The job is
/// called like the command's first word.
fn bash(command: &str, script: &str) -> String {
    job(command, &format!("run_args_template = '''{script}'''"), "")
}

/// The same, with more lines about the job.
fn bash_with(command: &str, script: &str, more: &str) -> String {
    job(command, &format!("run_args_template = '''{script}'''"), more)
}

/// The same for a component, which gets the command's parameters as its arguments.
fn guest(command: &str, file: &str, more: &str) -> String {
    let parameters: Vec<String> = command
        .split(' ')
        .filter_map(|word| Some(format!("{{{}}}", word.strip_prefix('[')?.strip_suffix(']')?)))
        .collect();
    let arguments = match parameters.join(" ") {
        none if none.is_empty() => none,
        some => format!("run_args_template = '{some}'"),
    };
    job(command, &format!("component = '{file}'\n{arguments}"), more)
}

/// Puts a delivery of an alert plugin into the outbox of a host that does not run. Returns its id.
fn decide(
    inn: &innkeeper_tests::Host,
    lane: &str,
    address: &serde_json::Value,
    content: &serde_json::Value,
) -> uuid::Uuid {
    let id = uuid::Uuid::now_v7();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let row = (
        id.as_bytes(),
        lane,
        i64::try_from(now.as_micros()).unwrap(),
        address.to_string(),
        content.to_string(),
    );
    let insert =
        "INSERT INTO delivery (id, lane, state, created_at, address, content) VALUES (?1, ?2, 'pending', ?3, ?4, ?5)";
    inn.database().execute(insert, row).unwrap();
    id
}

fn job(command: &str, program: &str, more: &str) -> String {
    let name = command.split(' ').next().unwrap_or_default();
    format!(
        "[jobs.{name}]\n{program}\nreport_stdout = true\n{more}\n\n[[slack]]\ncommand = \"{command}\"\nhelp = \"Runs \
         {name}\"\naction = \"schedule_job\"\njob_type = \"{name}\"\n\n"
    )
}

/// The same command, later by this many seconds.
fn delayed(job: &str, seconds: u32) -> String {
    format!("{}\ndelay_seconds = {seconds}\n\n", job.trim_end())
}
