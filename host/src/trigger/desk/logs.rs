//! What a run wrote, for whoever asks in a conversation. It is more than a report tells, so in Slack it is for full members of
//! the workspace, of every namespace that they may give orders in; and where that is restricted, in a direct message.

use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::Context;
use innkeeper_core::command::{LogPart, LogStream, LogsWanted};
use innkeeper_core::message::{Address, Message, NewDelivery};
use innkeeper_core::report::{self, LOG_EXCERPT, LOG_FILE, Log, LogPiece};
use innkeeper_core::request::Origin;
use innkeeper_core::run::{RunId, log_folder};
use innkeeper_core::store::RunView;

use super::case::Case;
use super::{Decision, reply, reply_message};
use crate::files;
use crate::trigger::answers;

impl Case<'_> {
    /// What is answered to whoever wants to see a run's log.
    pub(super) async fn logs(&self, wanted: LogsWanted) -> anyhow::Result<Decision> {
        // Whatever the number: neither how much goes on nor where is for outsiders to know.
        if let Some(refusal) = self.refuse_outsiders("logs") {
            return Ok(refusal);
        }
        let run = RunId(wanted.run);
        let found = self.parts.store.run(run).await;
        let Some(view) = found.context("the run could not be looked up")? else {
            return Ok(self.refusal(answers::no_such_run(run)));
        };
        let namespace = self.namespace(&view.namespace);
        let refused = match (self.origin, namespace) {
            // The command line belongs to the host's owner.
            (Origin::Cli(_), _) => None,
            (Origin::Slack(_), Some(namespace)) => self.refuse(namespace),
            // Who might see it is not known: the namespace is gone, or nobody in Slack asks.
            _ => Some(self.refusal(answers::log_of_no_namespace(run))),
        };
        if let Some(refusal) = refused {
            return Ok(refusal);
        }
        let restricted = namespace.is_some_and(|namespace| namespace.restricted);
        Ok(match self.read(view, wanted).await {
            Ok(messages) => Decision::only_said(self.show(messages, restricted), false),
            Err(error) => {
                tracing::warn!(run.id = run.0, %error, "a run's log cannot be read");
                self.refusal(answers::log_gone(run))
            }
        })
    }

    /// The messages for whoever asks. Who reads along in a channel is not asked: what is restricted goes to the asker alone.
    pub(super) fn show(&self, messages: Vec<Message>, restricted: bool) -> Vec<NewDelivery> {
        let messages = messages.into_iter();
        match self.origin {
            Origin::Slack(slack) if restricted && !slack.direct => {
                let alone = Address::slack_channel(slack.user.clone());
                let told = reply(self.origin, answers::log_sent_alone(&slack.user));
                let log = messages.map(|message| NewDelivery::message(alone.clone(), message, None));
                log.chain(told).collect()
            }
            _ => messages
                .flat_map(|message| reply_message(self.origin, message))
                .collect(),
        }
    }

    /// What is asked for, as messages. Off the async threads: a log can be long.
    async fn read(&self, view: RunView, wanted: LogsWanted) -> io::Result<Vec<Message>> {
        let folder = log_folder(&view.namespace, &view.job, view.started, view.id);
        let folder = self.menu.config.data_dir.join("logs").join(folder);
        let reading = tokio::task::spawn_blocking(move || {
            // One that never began has no folder, nor has one that goes on and has printed nothing yet.
            let wrote = view
                .end
                .as_ref()
                .is_some_and(|end| end.stdout.kept + end.stderr.kept > 0);
            if wrote && !folder.exists() {
                return Err(io::Error::from(ErrorKind::NotFound));
            }
            let streams = [LogStream::Stdout, LogStream::Stderr].into_iter();
            let pieces = streams
                .filter(|stream| wanted.stream.is_none_or(|only| only == *stream))
                .map(|stream| piece(&folder, &view, stream, wanted.part));
            Ok(report::log(&Log {
                job: &format!("{}_{}", view.namespace, view.job),
                run: view.id,
                ended: view.end.as_ref().map(|end| (&end.ending, end.took())),
                part: wanted.part,
                streams: pieces.collect::<io::Result<_>>()?,
            }))
        });
        reading.await.map_err(io::Error::other)?
    }
}

/// A part of one stream of a run.
fn piece(folder: &Path, view: &RunView, stream: LogStream, part: LogPart) -> io::Result<LogPiece> {
    let lost = match (&view.end, stream) {
        (None, _) => 0,
        (Some(end), LogStream::Stdout) => end.stdout.lost,
        (Some(end), LogStream::Stderr) => end.stderr.lost,
    };
    let (content, kept) = read_part(&folder.join(stream.as_str()), part)?;
    Ok(LogPiece {
        stream,
        content,
        kept,
        lost,
    })
}

/// A part of a file, and how long all of it is. One that is not there was never written to.
fn read_part(file: &Path, part: LogPart) -> io::Result<(Vec<u8>, u64)> {
    let length = match file.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        file => file?.len(),
    };
    let (from, most) = match part {
        LogPart::Head => (0, LOG_EXCERPT),
        LogPart::Tail => (length.saturating_sub(LOG_EXCERPT), LOG_EXCERPT),
        LogPart::All => (length.saturating_sub(LOG_FILE), LOG_FILE),
    };
    Ok((files::read_part(file, from, most.min(length))?, length))
}
